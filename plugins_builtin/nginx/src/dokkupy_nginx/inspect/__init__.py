"""What the host already has: configuration, addresses, ports, files."""
