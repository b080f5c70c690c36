"""A cluster: an existing one, or the embedded one. See docs/embedded-cluster.md."""
