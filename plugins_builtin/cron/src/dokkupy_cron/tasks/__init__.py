"""Tasks: their definitions, changes to them, and when each is due next."""
