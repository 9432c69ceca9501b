"""Meilisearch search engines for dokkupy."""
