"""What the host has already: configuration, addresses, ports, files."""
