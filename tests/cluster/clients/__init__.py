"""The official clients, and others that people use, against the embedded cluster."""
