"""Where backups go: addresses, credentials, keys."""
