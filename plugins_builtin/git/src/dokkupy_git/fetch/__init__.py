"""Fetches code from elsewhere: sync, archives, images, and their credentials."""
