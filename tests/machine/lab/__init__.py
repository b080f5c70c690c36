"""JupyterLab in a real browser, with notebooks in machines of their own."""
