"""What app.json's `env` changes in an app's configuration: a pure rule."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from dokkupy_sdk.errors import AppError
from dokkupy_sdk.names import EnvKey, Secret

from dokkupy_app_json.reader import AppJson

SECRET_BYTES = 32
"""64 hexadecimal digits, as Heroku's and Dokku's generator `secret` gives."""


def planned_env(facts: AppJson, present: Mapping[EnvKey, Secret], *, first: bool) -> dict[EnvKey, Secret]:
    """The variables to set. present: the app's configuration over the global one. first: never deployed so far.

    A value that exists stays, but for `sync`, which follows the file. After the first deploy only `sync` entries
    are looked at, so what somebody unset stays unset. Raises AppError naming every required variable without a value.
    """
    changes: dict[EnvKey, Secret] = {}
    missing: list[str] = []
    for entry in facts.env:
        if not first and not entry.sync:
            continue
        value = entry.value
        if entry.key in present and not (entry.sync and value is not None and value != present[entry.key]):
            continue
        if value is None and entry.generator == "secret":
            value = Secret(secrets.token_hex(SECRET_BYTES))
        if value is not None:
            changes[entry.key] = value
        elif entry.required:
            missing.append(entry.key + (f" ({entry.description})" if entry.description else ""))
    if missing:
        names = " ".join(f"{text.partition(' ')[0]}=..." for text in missing)
        raise AppError(
            f"app.json requires variables that are not set: {', '.join(missing)}",
            hint=f"Set them and push again: dokkupy config:set <app> {names}",
            code="env_required",
        )
    return changes
