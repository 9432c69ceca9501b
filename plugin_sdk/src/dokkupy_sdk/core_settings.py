"""The settings that core itself reads, for the commands that set and report them."""

from dokkupy.usecases.properties import APPS, BUILDER, BUILDS, PROXY, PS, RELEASES

__all__ = ["APPS", "BUILDER", "BUILDS", "PROXY", "PS", "RELEASES"]
