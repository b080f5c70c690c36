"""Jupyter's own kernel test package, asked about a kernel behind a relay."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

import jupyter_kernel_test
import pytest
from jupyter_client.manager import KernelManager

from tests.machine.relay.kernels import remove, write_kernelspec

pytestmark = pytest.mark.requires("program:socat")


class TestProtocol(jupyter_kernel_test.KernelTests):
    kernel_name = "relayed"
    language_name = "python"
    file_extension = ".py"
    code_hello_world = "print('hello, world')"
    code_stderr = "import sys; print('test', file=sys.stderr)"
    completion_samples: ClassVar = [{"text": "zi", "matches": {"zip"}}]
    complete_code_samples: ClassVar = ["1", "print('hi')", "def f(x):\n  return x\n\n\n"]
    incomplete_code_samples: ClassVar = ["print('''hello", "def f(x):\n  x*2"]
    invalid_code_samples: ClassVar = ["import = 7q"]
    code_page_something = "zip?"
    code_generate_error = "raise ValueError"
    code_execute_result: ClassVar = [{"code": "1+2+3", "result": "6"}]
    code_display_data: ClassVar = [
        {"code": "from IPython.display import HTML, display; display(HTML('<b>'))",
         "mime": "text/html"}
    ]  # fmt: skip
    code_history_pattern = "1?2*"
    supported_history_operations: ClassVar = ("tail", "range", "search")
    code_inspect_sample = "zip"
    code_clear_output = "from IPython.display import clear_output; clear_output()"

    def history_helper(self, *arguments: Any, **asked: Any) -> dict[str, Any]:
        reply: dict[str, Any] = super().history_helper(*arguments, **asked)
        if asked["hist_access_type"] == "range":  # IPython calls the session at hand 0
            rows = reply["content"]["history"]
            reply["content"]["history"] = [(asked["session"], *row[1:]) for row in rows]
        return reply

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(tempfile.mkdtemp(prefix="k"))
        cls.environ = mock.patch.dict(os.environ, write_kernelspec(cls.folder))
        cls.environ.start()
        cls.km = KernelManager(
            kernel_name=cls.kernel_name, transport="ipc", ip=str(cls.folder / "c")
        )
        cls.km.start_kernel()
        cls.kc = cls.km.client()
        cls.kc.start_channels()
        cls.kc.wait_for_ready(timeout=60)

    @classmethod
    def tearDownClass(cls) -> None:
        super().tearDownClass()
        cls.km.context.destroy(linger=0)
        cls.environ.stop()
        remove(cls.folder)
