"""Divides an app's names among certificates: one for all, several because of the authority's limit, or one per name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.values import dataclass

SLOT = "letsencrypt"
"""The slot of the first shared certificate. `letsencrypt#2` is the second, `letsencrypt/NAME` the one for a single name."""

MOST_NAMES = 100
"""The largest number of names in a certificate (https://letsencrypt.org/docs/rate-limits/)."""

LONGEST = 120
"""The characters of a domain that are used in a file name."""


@dataclass(frozen=True, slots=True)
class Part:
    """One certificate of an app. slot: its key in the app's certificates. names: the domains in it."""

    slot: str
    names: tuple[Domain, ...]

    def lineage(self, app: AppName) -> str:
        """certbot's name for it, which is a file name. No app's name contains `@`."""
        key = self.slot[len(SLOT) + 1 :].replace("*", "_")
        if len(key) > LONGEST:
            key = hashlib.sha256(key.encode()).hexdigest()[:32]
        return f"{app}@{key}" if key else str(app)


def divide(names: Sequence[Domain], *, each: bool, before: Mapping[str, Sequence[str]]) -> list[Part]:
    """The parts. before: the names in each slot at the last order. A name stays in its slot, so that a new name requires
    only one new certificate."""
    if each:
        return [Part(f"{SLOT}/{name}", (name,)) for name in names]
    left = list(dict.fromkeys(names))
    places: dict[str, list[Domain]] = {}
    for slot in sorted((slot for slot in before if "/" not in slot), key=number_of):
        stay = [name for name in left if name in before[slot]][:MOST_NAMES]
        left = [name for name in left if name not in stay]
        places[slot] = stay
    number = 0
    while left:
        number += 1
        room = places.setdefault(slot_of_number(number), [])
        taken = left[: MOST_NAMES - len(room)]
        room += taken
        left = left[len(taken) :]
    return [
        Part(slot, tuple(found)) for slot, found in sorted(places.items(), key=lambda one: number_of(one[0])) if found
    ]


def slot_of_number(number: int) -> str:
    return SLOT if number == 1 else f"{SLOT}#{number}"


def number_of(slot: str) -> int:
    return int(slot.partition("#")[2] or 1)
