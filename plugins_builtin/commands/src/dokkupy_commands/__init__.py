"""Dokku's vocabulary: the commands on apps, over core's use cases."""
