"""The host's records of backups and attempts."""
