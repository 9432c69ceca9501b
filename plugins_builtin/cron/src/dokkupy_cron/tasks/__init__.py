"""Tasks: which there are, how they change, and when each is due next."""
