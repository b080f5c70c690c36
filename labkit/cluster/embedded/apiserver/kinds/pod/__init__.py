"""Pods, from their containers up: what every workload has in its template."""
