"""Runs certbot, and reads its files."""
