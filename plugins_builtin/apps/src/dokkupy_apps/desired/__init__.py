"""What was asked for an app: its variables, domains, formation, ports and properties."""
