"""Completion: scripts for shells, and the candidates that they request."""
