"""Access over SSH: keys, sshd's settings, and the command line of a caller."""
