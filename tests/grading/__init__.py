"""Tests of what a task asks, judged."""
