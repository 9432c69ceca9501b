"""Access over SSH: keys, sshd's settings, and what a caller types."""
