"""Limits and reservations of what an app may use."""
