"""Between Jupyter and a machine: for Jupyter this process is the kernel.

It owns the kernel's sockets and the machine. What passes is not changed, only looked at: so it can
answer for a machine that is gone. Knows nothing about QEMU and about what a cell does.
"""
