"""The layers that a running sandbox stands on stay, whatever happens to the image's name."""

from __future__ import annotations

import fcntl
import os

import pytest

from labkit.core.errors import SystemFault
from labkit.image.store import default_store
from labkit.sandbox import Sandbox

pytestmark = pytest.mark.requires("sandbox")


def test_an_image_that_is_removed_while_a_sandbox_runs_is_collected_afterwards() -> None:
    store = default_store()
    image = store.build("hello", files={"/etc/motd": "hi\n", "/large": "x" * 100_000})
    with Sandbox("hello") as box:
        store.remove("hello")
        store.collect_garbage()
        assert box.exec(["cat", "/etc/motd"]).stdout == "hi\n"
        assert image.layers[0].is_dir()
    store.collect_garbage()
    assert not image.layers[0].exists()


def test_a_layer_that_is_being_removed_is_said() -> None:
    image = default_store().build("hello", files={"/etc/motd": "hi\n"})
    fd = os.open(image.layers[0], os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    try:
        with pytest.raises(SystemFault, match="being removed"):
            Sandbox(image).run(["true"])
    finally:
        os.close(fd)
    assert Sandbox(image).run(["true"]).exit_code == 0
