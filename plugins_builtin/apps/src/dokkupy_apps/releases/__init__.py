"""Releases and images: the records of what was deployed."""
