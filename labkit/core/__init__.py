"""The floor: errors, paths, sessions and journals, system calls."""
