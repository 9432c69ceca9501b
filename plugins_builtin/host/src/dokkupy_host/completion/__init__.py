"""Completion: scripts for shells, and the answers to what they ask."""
