"""Networks: what needs a machine of its own to be tried, here a network namespace."""
