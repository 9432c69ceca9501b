"""Elasticsearch search engines for dokkupy."""
