"""Tests of the cluster that labkit serves."""
