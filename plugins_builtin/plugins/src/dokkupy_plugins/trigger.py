"""`plugin:trigger`: calls a hook by its name, with arguments parsed by their types.

Hooks of an operation (those with a transaction, a build or a release) have arguments that cannot be typed. The command that
does the operation calls them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, NotFound, UserError
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.settings import boolean
from dokkupy_sdk.values import dataclass


def app_of(host: Host, text: str) -> AppName:
    return host.store.require_app(AppName(text))


READERS: Mapping[str, Callable[[Host, str], object]] = {
    "str": lambda host, text: text,
    "bool": lambda host, text: boolean(text) == "true",
    "AppName": app_of,
    "Domain": lambda host, text: Domain(text),
}
"""Type of a hook's argument -> how it is parsed."""

NONE = "None"


@dataclass(frozen=True, slots=True)
class Trigger:
    """A hook that can be called by hand. arguments: name -> type as it is written, without `host`."""

    spec: Callable[..., Any]
    arguments: Mapping[str, str]

    @property
    def usage(self) -> str:
        return " ".join((self.spec.__name__, *(f"<{name}>" for name in self.arguments)))


def find_trigger(host: Host, name: str) -> Trigger:
    """Raises NotFound for an unknown hook, Conflict for one that belongs to an operation."""
    caller = getattr(host.hooks.manager.hook, name, None) if name in host.hooks.names() else None
    if caller is None:
        raise NotFound(
            f"{name[:60]!r} is not a hook; triggers in other languages do not exist",
            hint="docs/reference/hooks.md lists the hooks.",
        )
    spec = caller.spec.function
    annotations = {
        one: str(kind.annotation) for one, kind in inspect.signature(spec).parameters.items() if one != "host"
    }
    for argument, kind in annotations.items():
        if kind.partition(" | ")[0] not in READERS:
            raise Conflict(
                f"The hook {name} runs only inside an operation, which passes it the argument {argument} ({kind})",
                hint="Run the command that does the operation, such as ps:rebuild or apps:rename.",
            )
    return Trigger(spec, annotations)


def values_of(host: Host, trigger: Trigger, words: Sequence[str]) -> dict[str, object]:
    """Argument -> value. Raises UserError when there are too few or too many arguments."""
    if len(words) != len(trigger.arguments):
        raise UserError(
            f"The hook {trigger.spec.__name__} takes {len(trigger.arguments)} arguments, not {len(words)}",
            hint=f"Usage: plugin:trigger {trigger.usage}",
        )
    found: dict[str, object] = {}
    for (name, kind), word in zip(trigger.arguments.items(), words, strict=True):
        first, _, other = kind.partition(" | ")
        found[name] = None if other == NONE and word == NONE else READERS[first](host, word)
    return found


def triggered(host: Host, trigger: Trigger, values: Mapping[str, object]) -> list[tuple[str, str]]:
    """(plugin, answer) of each that answered; the plugin is empty for a query. Secrets print as `***`."""
    spec, name = trigger.spec, trigger.spec.__name__
    if name.startswith("resolve_"):
        answer = host.hooks.ask(spec, host=host, **values)
        return [("", text(answer))] if answer is not None else []
    if name.startswith(("pre_", "post_")):
        host.hooks.emit(spec, host=host, **values)
        return []
    if name.startswith("on_"):
        host.hooks.notify(spec, host=host, **values)
        return []
    return [(plugin, text(fact)) for plugin, fact in host.hooks.gather(spec, host=host, **values)]


def text(answer: object) -> str:
    return answer if isinstance(answer, str) else repr(answer)
