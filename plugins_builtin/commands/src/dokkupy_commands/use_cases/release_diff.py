"""What differs between two releases. Pure."""

from __future__ import annotations

from dokkupy_sdk.model import Release
from dokkupy_sdk.port_map import ports_of


def differences(one: Release, other: Release) -> list[tuple[str, str, str]]:
    """(what, before, after) for each difference. Values of variables are left out."""
    rows: list[tuple[str, str, str]] = []
    for field in ("image", "revision", "source", "builder"):
        before, after = getattr(one, field), getattr(other, field)
        if before != after:
            rows.append((field, before, after))
    for key in sorted({*one.env, *other.env}):
        old, new = one.env.get(key), other.env.get(key)
        if old != new:
            rows.append(
                (f"env {key}", "set" if old else "unset", "changed" if old and new else "set" if new else "unset")
            )
    for what in ("processes", "formation"):
        old_map, new_map = getattr(one, what), getattr(other, what)
        for key in sorted({*old_map, *new_map}):
            if old_map.get(key) != new_map.get(key):
                rows.append((f"{what} {key}", str(old_map.get(key, "")), str(new_map.get(key, ""))))
    if ports_of(one) != ports_of(other):
        rows.append(("ports", " ".join(map(str, ports_of(one))), " ".join(map(str, ports_of(other)))))
    for plugin in sorted({*one.settings, *other.settings}):
        for name in sorted({*one.settings.get(plugin, {}), *other.settings.get(plugin, {})}):
            old_text, new_text = one.setting(plugin, name), other.setting(plugin, name)
            if old_text != new_text:
                rows.append((f"{plugin} {name}", old_text, new_text))
    for name in sorted({*one.files, *other.files}):
        if one.files.get(name) != other.files.get(name):
            rows.append((f"file {name}", "", "changed"))
    for name in sorted({*one.options, *other.options}):
        if one.options.get(name) != other.options.get(name):
            rows.append(
                (f"docker options {name}", " ".join(one.options.get(name, ())), " ".join(other.options.get(name, ())))
            )
    return rows
