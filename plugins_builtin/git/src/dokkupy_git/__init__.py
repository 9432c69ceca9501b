"""Keeps the code of apps in bare git repositories, which are pushed to over SSH, synced, or filled from archives and
images."""
