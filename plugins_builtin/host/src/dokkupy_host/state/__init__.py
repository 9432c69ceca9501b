"""The state's files: which are missing or broken, and how they are restored."""
