"""OCI images: a store, layers, the base image."""
