"""Topics: found, built, run, laid out."""
