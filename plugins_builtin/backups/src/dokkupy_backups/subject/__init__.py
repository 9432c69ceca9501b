"""Subjects of backups: the host's state, apps' volumes, and what other plugins offer."""
