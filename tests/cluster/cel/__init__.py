"""Rules in CEL: the language, and where Kubernetes asks it."""
