"""Backups by restic, which are scheduled, read back, and verified by a restore."""
