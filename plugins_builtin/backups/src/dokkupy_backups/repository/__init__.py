"""restic: its process, its repository, and the checksums of its streams."""
