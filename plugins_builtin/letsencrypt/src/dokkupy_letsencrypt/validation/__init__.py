"""Validation: shows the authority that a name belongs to this host."""
