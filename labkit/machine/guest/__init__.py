"""Inside the microVM: PID 1, and the kernel that waits for its notebook.

Runs on the machine's own Python, with the standard library alone (``kernel.py`` has ipykernel).
Knows nothing about QEMU: its host is at the other end of the ports called ``labkit.*``.
"""
