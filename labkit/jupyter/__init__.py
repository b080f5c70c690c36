"""The notebook's side: plain functions and magics."""
