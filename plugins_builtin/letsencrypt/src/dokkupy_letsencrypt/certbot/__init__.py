"""Runs certbot, and reads what it keeps."""
