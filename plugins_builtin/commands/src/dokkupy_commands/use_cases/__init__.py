"""Use cases that only these commands have."""
