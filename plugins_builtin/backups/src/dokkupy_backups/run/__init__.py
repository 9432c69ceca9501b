"""The work on a target: create, verify, restore, apply retention, one at a time."""
