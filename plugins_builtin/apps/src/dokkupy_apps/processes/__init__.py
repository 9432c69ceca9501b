"""Restart, scale, stop, start, roll back and reconcile the processes of an app."""
