"""The smallest plugin: one hook, one command, one test."""
