"""Sets up the host, as root, and removes it again."""
