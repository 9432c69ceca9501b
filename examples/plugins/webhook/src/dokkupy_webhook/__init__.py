"""Tells a web address how deploys ended."""
