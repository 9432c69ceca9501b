"""Causes: pure functions of the evidence, by what they are about."""
