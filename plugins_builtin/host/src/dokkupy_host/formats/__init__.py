"""What `--json` and `--format yaml|csv|table` print: one envelope, whose data has the type that the command's plugin declares."""
