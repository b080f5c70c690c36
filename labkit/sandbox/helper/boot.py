"""Starts the helper: ``python -I -S boot.py SOCKET_FD SESSION_FOLDER OWNER_PID``.

Run by path, so that no site-packages are searched and nothing of the notebook is imported.
"""

import sys
from pathlib import PurePath

sys.path.insert(0, str(PurePath(__file__).parents[3]))

from labkit.sandbox.helper.loop import main

main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
