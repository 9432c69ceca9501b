"""The audit's reader: who ran which command, and whether the record is complete."""
