"""The audit's reader: what was typed, by whom, and whether the record of it is whole."""
