"""Tests of labkit.sandbox: real processes, and the kernel and other programs as oracles."""
