"""Deploys: what serves and what is kept."""

from dokkupy.usecases.releases import current, releases

__all__ = ["current", "releases"]
