"""Schedules: stored, changed, and due."""
