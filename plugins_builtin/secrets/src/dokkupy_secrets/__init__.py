"""Secrets at rest: values in state files are encrypted with a key that is in no backup."""
