"""Code by git: bare repositories on the host, pushed to over SSH, synced, or filled from archives and images."""
