"""Dokku's older `registry:login SERVER USERNAME PASSWORD` and `registry:logout SERVER`, which mean the login that all apps use."""

from __future__ import annotations

from dokkupy_sdk import Host

ARGUMENTS = {"registry:login": 3, "registry:logout": 1}


def correct(host: Host, typed: list[str], error: BaseException) -> list[str]:
    """The entry point `dokkupy.corrections`: the same line with `--global`, if it names a registry in place of an app.

    Only an admin logs in for all apps; anybody else gets the error about the app."""
    from dokkupy_sdk.access import is_admin
    from dokkupy_sdk.entry import resolve, split_globals

    flags, words = split_globals(list(typed))
    if not words or not words[0].startswith("registry") or flags.app:
        return []
    command, rest = resolve(host, words[0], words[1:])
    loose = [word for word in rest if not word.startswith("-")]
    expected = ARGUMENTS.get(command.full_name, 0) - ("--password-stdin" in rest)
    if "--global" in rest or len(loose) != expected or not is_registry(host, loose[0]) or not is_admin(host):
        return []
    if command.full_name == "registry:login":
        host.out.warn("Deprecated: please use --global flag for global registry login")
    return [*typed[: len(typed) - len(words)], command.full_name, "--global", *rest]


def is_registry(host: Host, first: str) -> bool:
    return any(mark in first for mark in ".:") and first not in host.store.apps()
