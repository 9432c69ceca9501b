"""Creates, starts, exposes and destroys services."""
