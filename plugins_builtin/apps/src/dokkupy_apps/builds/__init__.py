"""Builds: which builder, when, what it is given, and the record of each."""
