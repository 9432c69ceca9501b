"""Builds: which builder runs, when it runs, what it gets, and the record of each build."""
