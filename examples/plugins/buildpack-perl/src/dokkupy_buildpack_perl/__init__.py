"""Perl for the buildpacks."""
