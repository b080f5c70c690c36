"""Every test there is, as lanes that run side by side: ``python -m tests.lanes [LANE…]``."""
