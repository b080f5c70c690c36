"""QEMU: finding it, its command line, talking to it, keeping it confined.

Knows nothing about what runs in the machine.
"""
