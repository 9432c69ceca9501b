"""What can be backed up: the host's state, an app's volumes, what other plugins offer."""
