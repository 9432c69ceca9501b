"""Typesense search engines for dokkupy."""
