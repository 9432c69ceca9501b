"""restic: its process, its repository, the checksums of its streams."""
