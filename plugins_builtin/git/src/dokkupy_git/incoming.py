"""A commit that is about to be deployed."""

from __future__ import annotations

import json

from dokkupy_sdk.values import dataclass

from dokkupy_git.repository.refs import Move

SOURCE_IMAGE = "com.dokku.docker-image-labeler/alternate-tags"
"""The label in which Dokku's tools read the image that an app was deployed from."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A commit that is being deployed.

    adopt: the branch that becomes the deploy branch. ref: the full name of a ref that names the commit once it serves.
    moves: a push's changes of refs, which become true with the switch. image: the property source-image. origin: the
    URL that it came from.
    """

    commit: str
    adopt: str = ""
    ref: str = ""
    moves: tuple[Move, ...] = ()
    image: str = ""
    origin: str = ""


def image_labels(source_image: str) -> dict[str, str]:
    """The labels of an image that is built. source_image: from which it is built; empty for code."""
    return {SOURCE_IMAGE: json.dumps([source_image])} if source_image else {}
