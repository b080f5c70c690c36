"""Whoever may make no groups is told why, and what would help: nothing is left out in silence."""

from __future__ import annotations

import json

import pytest

from tests.support.as_user import OrdinaryUser

CODE = """
import json
from labkit.core.errors import Blocked
from labkit.sandbox import Cgroup, Sandbox, group_tree
from labkit.sandbox.cgconfig import apply, parse
from labkit.sandbox.limits import NAMES
VALUES = {"cpu.max": "50%", "cpu.weight": 50, "cpuset.cpus": "0", "io.weight": 50,
          "io.max": "/dev/null rbps=1M", "pids.max": 9}
said = {}
for name in NAMES:
    try:
        Sandbox(limits={name: VALUES.get(name, "64M")}).run(["true"])
    except Blocked as error:
        said[name] = str(error)
for name, call in {
    "create": lambda: Cgroup.create("mine"),
    "apply": lambda: apply(parse("group a { memory { } }")),
    "set": lambda: Cgroup.at("/").__setitem__("memory.max", "1G"),
}.items():
    try:
        call()
    except Blocked as error:
        said[name] = str(error)
with Sandbox() as box:
    said["limits"] = len(box.limits)
    try:
        box.set_limit("memory.max", "64M")
    except Blocked as error:
        said["set_limit"] = str(error)
    said["still"] = box.exec(["echo", "runs"]).stdout
said["tree"] = len(group_tree().groups)
print(json.dumps([list(NAMES), said]))
"""


@pytest.mark.requires("root", "sandbox", "cgroup-v1", "program:setpriv")
def test_an_ordinary_user_on_v1_is_told_for_each_limit(user: OrdinaryUser) -> None:
    done = user.python(CODE)
    assert done.returncode == 0, done.stderr
    names, said = json.loads(done.stdout)
    for name in names:
        assert f"{name} cannot be set on this machine" in said[name]
        assert "may not make groups below" in said[name]
        assert "cgroup v1 cannot be handed to a user" in said[name]
    assert "may not make groups below" in said["create"]
    assert "may not make groups below" in said["apply"]
    assert "root group" in said["set"]
    assert "memory.max cannot be set" in said["set_limit"]
    assert said["limits"] == 0
    assert said["still"] == "runs\n"
    assert said["tree"] >= 1  # who may change nothing may look
