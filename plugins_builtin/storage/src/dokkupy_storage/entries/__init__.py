"""Named entries: created, changed, destroyed, entered by a command."""
