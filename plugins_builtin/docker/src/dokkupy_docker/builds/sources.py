"""What the engine may download for a build of an app, as a policy that BuildKit enforces for each source: also for the ONBUILD
lines of base images, which nobody reads before, and whatever a frontend makes of a Dockerfile.

Since BuildKit 0.11 (Docker 24) and buildx 0.10, https://docs.docker.com/build/building/env-vars/. Older ones ignore it.
"""

from __future__ import annotations

import json
import os
from typing import Any

from dokkupy_sdk.build_relay import relay_key, relay_places, relay_url
from dokkupy_sdk.files import write_atomic
from dokkupy_sdk.roles import ImageBuild

from dokkupy_docker.builds.client import Client
from dokkupy_docker.builds.options import ValidatedOptions

VARIABLE = "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY"
OWN_SOURCES = frozenset({"--builder", "--build-context"})
"""Options of an admin with which a build has a network, or sources, of its own."""


def policy_env(directory: str, client: Client, build: ImageBuild, validated: ValidatedOptions) -> dict[str, str]:
    """The variable that names the file with the policy, which is written into the directory."""
    own = any(word.partition("=")[0] in OWN_SOURCES for word in validated.words)
    if not client.buildx or not build.app or not build.private.reveal() or own:
        return {}
    path = os.path.join(directory, "sources.json")
    write_atomic(path, json.dumps(policy(build.app, build.private.reveal())).encode())
    return {VARIABLE: path}


def policy(app: str, private: str) -> dict[str, list[dict[str, Any]]]:
    """Of the rules that match a source, the last one counts. BuildKit names every repository by `git://`."""
    denied = ["http://*", "https://*", "git://*"]
    allowed = [f"{relay_url(place)}*" for place in relay_places(relay_key(app, private))]
    return {
        "rules": [
            {"action": action, "selector": {"identifier": identifier}}
            for action, identifiers in (("DENY", denied), ("ALLOW", allowed))
            for identifier in identifiers
        ]
    }
