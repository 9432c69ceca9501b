"""The smallest plugin: one hook, one command, and their tests."""
