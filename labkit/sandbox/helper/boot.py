"""Starts the helper: ``python -I -S boot.py SOCKET_FD LOCK_FD SESSION_FOLDER OWNER_PID PLACE``.

Run by path, so that no site-packages are searched and nothing of the notebook is imported.
"""

import os.path
import sys

# Not pathlib: it imports thirty modules, and the memory of this process is copied at each fork.
sys.path.insert(0, os.path.abspath(f"{__file__}/../../../.."))

from labkit.sandbox.helper import apart

if sys.argv[5] == apart.WANTED:
    apart.execute_there(os.path.abspath(__file__), sys.argv[1:5])

from labkit.sandbox.helper.loop import main

main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), sys.argv[5])
