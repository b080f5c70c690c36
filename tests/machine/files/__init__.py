"""The file service: through real mounts, and over the wire."""
