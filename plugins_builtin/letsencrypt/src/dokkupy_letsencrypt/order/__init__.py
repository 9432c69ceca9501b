"""Decides which certificates are due, and gets them."""
