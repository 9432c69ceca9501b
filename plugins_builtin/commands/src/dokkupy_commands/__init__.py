"""Dokku's commands for apps. They call the use cases of dokkupy-apps."""
