"""The tests of labkit. `make test` runs all of them; `pytest tests/sandbox` runs one part's."""
