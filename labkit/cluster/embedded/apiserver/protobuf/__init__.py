"""See docs/embedded-cluster.md."""
