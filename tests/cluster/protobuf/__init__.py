"""Tests of request bodies in protobuf."""
