"""Tests of labkit.machine."""
