"""Tests of what the objects of a kind look like."""
