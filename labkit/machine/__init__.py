"""Where a notebook's kernel runs: natively, or in a Linux machine of its own (a microVM).

Knows nothing about checks, courses, and what a cell does. See ``docs/architecture.md``.
"""
