"""What this machine can do, and what is left over on it."""
