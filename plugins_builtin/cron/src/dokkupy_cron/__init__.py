"""Scheduled tasks: what is due is started once, watched to its end, and its result is kept."""
