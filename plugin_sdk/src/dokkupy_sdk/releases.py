"""Releases: the one that serves, the kept ones, and how a new one is recorded."""

from dokkupy.usecases.releases import (
    current,
    drop_image,
    instances_of,
    next_number,
    numbers,
    own_ports,
    prune_releases,
    read_release,
    release_tag,
    releases,
    require_deployed,
    require_pointer,
    same_content,
    write_deployment,
    write_release,
)

__all__ = [
    "current",
    "drop_image",
    "instances_of",
    "next_number",
    "numbers",
    "own_ports",
    "prune_releases",
    "read_release",
    "release_tag",
    "releases",
    "require_deployed",
    "require_pointer",
    "same_content",
    "write_deployment",
    "write_release",
]
