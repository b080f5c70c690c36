"""Tests of clusters as processes."""
