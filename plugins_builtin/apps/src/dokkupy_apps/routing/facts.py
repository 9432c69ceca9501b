"""What plugins add to the route of an app. An error names the plugin, because nobody else can correct it."""

from __future__ import annotations

from itertools import combinations

from dokkupy_sdk import Host
from dokkupy_sdk import hooks as hookspecs
from dokkupy_sdk.errors import Conflict, PluginError, UserError
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy_sdk.proxy_facts import ProxyFact

    Owned = tuple[str, ProxyFact]


def facts_of(host: Host, app: AppName) -> tuple[ProxyFact, ...]:
    """Raises PluginError if a plugin fails or returns an invalid fact, and Conflict if two of them contradict each other."""
    owned, failures = host.hooks.gather_what_can(hookspecs.proxy_config, host=host, app=app)
    for plugin, error in failures:
        if not isinstance(error, PluginError):
            error.details = (*error.details, f"The plugin {plugin} could not say what it adds to the route of {app}.")
        raise error
    if owned:
        require_valid(app, owned)
    return tuple(fact for _, fact in owned)


def require_valid(app: AppName, owned: Sequence[Owned]) -> None:
    from dokkupy_sdk.proxy_rules import KINDS, Contradiction, merge_facts, require_applicable

    for plugin, fact in owned:
        try:
            require_applicable(fact)
        except UserError as error:
            raise PluginError(
                f"The plugin {plugin} adds to the route of {app} what no proxy can serve: {error.message}",
                plugin=plugin,
                hint=f"Correct its settings, or disable it: dokkupy plugin:disable {plugin}",
            ) from error
    try:
        merge_facts(fact for _, fact in owned if type(fact) in KINDS)
    except Contradiction as error:
        one, other = contradicting(owned)
        who = f"The plugins {one} and {other} set" if one != other else f"The plugin {one} sets"
        raise Conflict(
            f"{who} different values for the {error.what} of {app}",
            hint=f"Disable one of them: dokkupy plugin:disable {one}",
        ) from error


def contradicting(owned: Sequence[Owned]) -> tuple[str, str]:
    """The plugins of the first two facts that contradict each other, of which there are two."""
    from dokkupy_sdk.proxy_rules import KINDS, Contradiction, merge_facts

    known = [(plugin, fact) for plugin, fact in owned if type(fact) in KINDS]
    for (one, first), (other, second) in combinations(known, 2):
        try:
            merge_facts((first, second))
        except Contradiction:
            return one, other
    raise AssertionError("no two facts contradict each other")
