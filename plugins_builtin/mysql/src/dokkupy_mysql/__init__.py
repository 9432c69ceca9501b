"""MySQL databases."""
