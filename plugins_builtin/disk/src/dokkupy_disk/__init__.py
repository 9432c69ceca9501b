"""The disk: what uses it, how full it may become, and what is removed."""
