"""A real JupyterLab in a real browser: fixtures in conftest.py, what one can do in desk.py."""
