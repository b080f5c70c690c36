"""Pictures: snapshot to SVG, live widget and text."""
