"""Backups by restic that are read back, proven by a restore, and kept by a schedule."""
