"""certbot's files: certificates (certbot calls one with its predecessors a lineage) and accounts.

A killed certbot leaves halves behind that it then refuses to work beside ("archive directory exists for..."), or that it
evades by a name of its own (`blog-0001`). They are taken away before the next order: what is served lies elsewhere.
https://eff-certbot.readthedocs.io/en/stable/using.html#where-are-my-certificates
"""

from __future__ import annotations

import json
import os
import shutil

KINDS = ("cert", "chain", "fullchain", "privkey")
ACCOUNT = ("meta.json", "private_key.json", "regr.json")
PLACES = ("live", "archive")


def live(config: str, name: str) -> tuple[str, str]:
    """Paths of the chain and the key of the last certificate."""
    place = os.path.join(config, "live", name)
    return os.path.join(place, "fullchain.pem"), os.path.join(place, "privkey.pem")


def exists(config: str, name: str) -> bool:
    return any(os.path.lexists(path) for path in paths(config, name))


def paths(config: str, name: str) -> list[str]:
    return [*(os.path.join(config, place, name) for place in PLACES), os.path.join(config, "renewal", f"{name}.conf")]


def whole(config: str, name: str) -> bool:
    """Whether certbot can continue with its files: its configuration, and links that are valid or that it can repair."""
    directory = os.path.join(config, "live", name)
    if not filled(os.path.join(config, "renewal", f"{name}.conf")):
        return False
    return any(
        all(filled(os.path.join(directory, f"{prefix}{kind}.pem")) for kind in KINDS) for prefix in ("", "previous_")
    )


def filled(path: str) -> bool:
    try:
        return os.stat(path).st_size > 0
    except OSError:
        return False


def remove(config: str, name: str) -> None:
    """Remove a lineage. The configuration goes last, so that an interrupted removal is recognized as incomplete."""
    for place in PLACES:
        shutil.rmtree(os.path.join(config, place, name), ignore_errors=True)
    try:
        os.unlink(os.path.join(config, "renewal", f"{name}.conf"))
    except FileNotFoundError:
        pass


def names(config: str) -> set[str]:
    """The names of all lineages, complete or not."""
    found = set()
    for place in PLACES:
        found |= {
            name for name in listed(os.path.join(config, place)) if os.path.isdir(os.path.join(config, place, name))
        }
    notes = (name for name in listed(os.path.join(config, "renewal")) if name.endswith(".conf"))
    return found | {name.removesuffix(".conf") for name in notes}


def listed(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except FileNotFoundError:
        return []


def fix(config: str, name: str) -> None:
    """Remove an incomplete lineage and incomplete accounts before an order."""
    if exists(config, name) and not whole(config, name):
        remove(config, name)
    for directory, inner, files in os.walk(os.path.join(config, "accounts")):
        if not inner and not all(readable(os.path.join(directory, file)) for file in ACCOUNT if files):
            shutil.rmtree(directory, ignore_errors=True)


def readable(path: str) -> bool:
    try:
        with open(path, encoding="utf-8") as file:
            json.load(file)
    except (OSError, ValueError):
        return False
    return True
