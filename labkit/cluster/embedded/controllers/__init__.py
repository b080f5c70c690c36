"""Loops that make what is what is wanted. Each is told what changed, and asks the API, never the
store.

Part one has those without which the API itself would not be whole: namespaces, the default service
account, garbage collection, aggregated cluster roles. See docs/embedded-cluster.md.
"""
