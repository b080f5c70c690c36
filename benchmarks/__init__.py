"""Figures that the project promises, measured side by side on the machine at hand.

``python -m benchmarks`` runs all and prints one table for each question; ``python -m benchmarks
sandbox`` runs one. Ratios count: every contender of a ratio is measured in turn in one run.
"""
