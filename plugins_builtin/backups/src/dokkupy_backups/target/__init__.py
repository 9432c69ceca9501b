"""Targets of backups: addresses, credentials, keys."""
