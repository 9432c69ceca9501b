"""Writes a commit's tree with its submodules to a directory."""
