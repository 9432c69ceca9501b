"""The command line: declarations, two front ends that read them, and the only code that prints."""
