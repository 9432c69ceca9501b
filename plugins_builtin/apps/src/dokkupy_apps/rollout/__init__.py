"""A release goes into service: its instances start, are checked and serve, and those before retire."""
