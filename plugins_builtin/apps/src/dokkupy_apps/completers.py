"""Completions for the arguments of commands about apps (entry-point group `dokkupy.completers`)."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.completion import Typed
from dokkupy_sdk.names import AppName
from dokkupy_sdk.settings import Settings


def config_keys(host: Host, typed: Typed) -> list[str]:
    from dokkupy_apps.desired.config import get_env

    if typed.app is None and not typed.is_global:
        return []
    return [str(key) for key in get_env(host, AppName(typed.app) if typed.app else None)]


def assignments(host: Host, typed: Typed) -> list[str]:
    """`KEY=` for each variable that is set, because it may be set again."""
    return [f"{key}=" for key in config_keys(host, typed)]


def process_types(host: Host, typed: Typed) -> list[str]:
    from dokkupy_apps.releases.serving import serving_formation

    return [str(name) for name in serving_formation(host, AppName(typed.app))] if typed.app else []


def quantities(host: Host, typed: Typed) -> list[str]:
    """`web=` for each process type that can be scaled and was not typed yet."""
    from dokkupy_apps.desired.formation import RELEASE

    typed_already = {word.partition("=")[0] for word in typed.arguments}
    return [f"{name}=" for name in process_types(host, typed) if name not in {*typed_already, RELEASE}]


def release_numbers(host: Host, typed: Typed) -> list[str]:
    from dokkupy_apps.releases.serving import release_summaries

    return [f"v{number}" for number, _ in release_summaries(host, AppName(typed.app))] if typed.app else []


def settings_of(host: Host, namespace: str) -> Settings | None:
    entry = host.registry.find("dokkupy.settings", namespace)
    return host.registry.load(entry) if entry is not None else None


def properties(host: Host, typed: Typed) -> list[str]:
    found = settings_of(host, typed.namespace)
    is_global = typed.app is None
    unfit = "app" if is_global else "global"
    return [name for name, prop in found.listed.items() if prop.scope != unfit] if found else []


def property_values(host: Host, typed: Typed) -> list[str]:
    """The values of a property, if it has only a few, such as true and false, or a completer."""
    from dokkupy_sdk.completion import completer_at

    found = settings_of(host, typed.namespace)
    known = found.listed if found else {}
    prop = next((known[word] for word in reversed(typed.arguments) if word in known), None)
    if found is None or prop is None:
        return []
    return list(completer_at(prop.complete)(host, typed)) if prop.complete else found.choices(host, prop.name)


def domains(host: Host, typed: Typed) -> list[str]:
    """The domains of the app."""
    from dokkupy_apps.desired.domains import domains_of

    return [str(one) for one in domains_of(host, AppName(typed.app))] if typed.app else []


def global_domains(host: Host, typed: Typed) -> list[str]:
    from dokkupy_apps.desired.domains import global_domains

    return [str(one) for one in global_domains(host)]
