"""Named entries: they are created, changed and destroyed, and a command can run in one."""
