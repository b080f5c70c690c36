"""Checks, verdicts, hints, variants, predictions, progress."""
