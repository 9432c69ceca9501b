"""The desired state of an app: its variables, domains, formation, ports and properties."""
