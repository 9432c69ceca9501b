"""MongoDB databases."""
