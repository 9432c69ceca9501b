"""What the host knows of each backup and of each attempt."""
