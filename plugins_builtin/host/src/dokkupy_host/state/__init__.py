"""The state's files: which are lost or broken, and how they are restored."""
