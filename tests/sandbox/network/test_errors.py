"""What a machine or a user may not do is said, with what would help."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from labkit.core.errors import BadInput
from labkit.sandbox import Network, Sandbox
from labkit.sandbox.client import Refusal
from labkit.sandbox.network.refusal import explain, of_a_start
from labkit.sandbox.network.subnet import parse_subnet
from tests.sandbox.network.machine import in_a_machine

NO_RIGHT = """
from labkit.core.errors import Blocked
from labkit.sandbox import Network
try:
    Network("lab").start()
except Blocked as error:
    assert error.capability == "network"
    assert "no CAP_NET_ADMIN, and may not make a user namespace" in str(error), error
    print("said")
"""


def test_a_network_that_was_not_started_cannot_be_used() -> None:
    net = Network("lab")
    with pytest.raises(BadInput, match="network 'lab' is not open"):
        Sandbox(network=net).run(["true"])
    net.close()


def test_only_a_network_is_one() -> None:
    with pytest.raises(BadInput, match="network cannot be 'lab'"):
        Sandbox(network="lab")  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="without a network namespace"):
        Sandbox(network=Network(), namespaces=["pid", "mnt"])


@pytest.mark.requires("root", "network", "program:unshare", "program:capsh")
@pytest.mark.usefixtures("shared_home")
def test_who_may_neither_make_links_nor_user_namespaces_hears_both() -> None:
    script = "echo 0 > /proc/sys/user/max_user_namespaces; exec capsh --drop=cap_net_admin -- -c "
    script += f"'exec {sys.executable} -c \"$CODE\"'"
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--net", "sh", "-c", script],
        env=os.environ | {"CODE": NO_RIGHT}, capture_output=True, text=True, check=False,
        cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert done.stdout == "said\n", done


@pytest.mark.requires("root", "network", "program:unshare", "program:capsh")
@pytest.mark.usefixtures("shared_home")
def test_root_without_net_admin_gets_a_network_apart() -> None:
    in_a_machine("""
code = "from labkit.sandbox import Network, Sandbox\\n"
code += "with Network() as net, Sandbox(network=net) as one, Sandbox(network=net) as two:\\n"
code += "    print(net.is_apart, one.exec(['ping', '-c1', '-W3', two.name]).exit_code)"
argv = ["capsh", "--drop=cap_net_admin", "--", "-c", f"exec {sys.executable} -c \\"$CODE\\""]
done = subprocess.run(argv, env=os.environ | {"CODE": code}, capture_output=True, text=True)
assert done.stdout == "True 0\\n", done
assert links() == {"lo"}
""")


@pytest.mark.parametrize(
    ("step", "number", "words"),
    [
        ("make the bridge", 95, "this kernel has no bridge"),
        ("make the bridge", 1, "needs CAP_NET_ADMIN"),
        ("make the rule for NAT", 2, "this kernel has no nft_masq"),
        ("make the rule for NAT", 30, "/proc/sys is read-only"),
        ("take the name", 17, "a network named 'lab' is there already"),
        ("find the network", 2, "is not open"),
        ("write the journal", 28, "No space left on device"),
    ],
)
def test_each_refusal_has_words_of_its_own(step: str, number: int, words: str) -> None:
    assert words in str(explain(Refusal(step, number), "lab", None))


def test_a_kernel_without_veth_is_said_when_a_sandbox_is_plugged_in() -> None:
    (subnet,) = parse_subnet("10.7.0.0/24")
    error = of_a_start(Refusal("make the veth pair", 95), "web", "lab", subnet)
    assert "this kernel has no veth" in str(error)
    assert of_a_start(Refusal("mount /proc", 1), "web", "lab", subnet) is None
