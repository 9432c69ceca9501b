"""Certificates that you bring yourself, and which one the proxy serves."""
