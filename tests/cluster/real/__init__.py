"""A real, older Kubernetes to hold the suite against: `python -m tests.cluster.real`."""
