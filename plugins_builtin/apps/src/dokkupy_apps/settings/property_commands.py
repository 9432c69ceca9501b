"""Make the commands `:set` and `:report` from a declaration of settings (reference, sections 2.4 and 2.5)."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Opt, Scope, on_terminal
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.settings import Settings, properties_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any

    from dokkupy_sdk.completion import Typed
    from dokkupy_sdk.operation import Transaction
    from dokkupy_sdk.settings import Property

    Extra = Callable[[Host, AppName | None], dict[str, Any]]
    Judge = Callable[[Host, AppName | None, str, str], None]
    OnSet = Callable[[Transaction, AppName | None, str], None]

Name = Annotated[str, Arg("property", "Name of the property")]
Value = Annotated[list[str], Arg("value", "New value; without one, the property is unset")]
Verbose = Annotated[bool, Opt("--verbose", help="Also show values that Dokku does not have, and empty ones")]
Info = Annotated[list[str], Opt(unknown=True, complete="dokkupy_apps.settings.property_commands:info_flags")]

MASK = "*******"
KINDS = ("", "global-", "computed-")
"""Prefixes of a property's raw, global and effective value in a report (reference, section 2.4)."""


def add_property_commands(
    group: Group,
    settings: Settings,
    *,
    extra: Extra | None = None,
    prefix: str | None = None,
    title: str | None = None,
    judge: Judge | None = None,
    on_set: OnSet | None = None,
    permission: str = "app:write",
    verb: str = "set",
    beyond: Collection[str] = (),
    plain: bool = False,
) -> None:
    """Add `:set` (if there are properties) and `:report` to a group.

    extra: further report keys without the prefix, such as `{"running": "true"}`; a key that begins with `--` is used
    unchanged; a value that is not text appears only in the JSON. prefix: that of the info flags, by default the
    namespace. title: the word in the header `APP <title> information`. judge: raises UserError for a value that cannot
    be used there, before it is stored. on_set: called inside the operation, after the property was written. verb: the
    name of the command that sets a property, if `set` means something else in the group. beyond: the properties and
    keys that Dokku does not have. A report shows them with `--verbose` or by their own info flag, because clients of
    Dokku read every line. plain: the report prints keys without the prefix, like Dokku's `resource:report`.
    """
    prefix = group.namespace if prefix is None else prefix
    word = title or group.namespace

    if settings.listed:
        # If any property is a secret, the audit records no values, because it cannot tell which argument is the secret.
        secret = any(prop.secret for prop in settings.listed.values())

        @group.command(verb, permission=permission, mutating=True, secret_args=2 if secret else False)
        def set_property(
            host: Host,
            scope: Scope,
            name: Name = "",
            value: Value = [],  # noqa: B006 - never changed
        ) -> None:
            """Set or unset a property."""
            from dokkupy_apps.settings.changing import changing

            text = " ".join(value)
            if scope.is_all:
                raise UserError(
                    "--all is not possible here: name one app, or use --global for all apps without a value of their own"
                )
            if scope.app is not None:
                host.store.require_app(scope.app)
            prop = settings.require(name, is_global=scope.app is None)
            if prop.set_by:
                raise settings.invalid(f"To set {name}, use {prop.set_by}")
            with changing(host, f"{group.namespace}:{verb}", scope.app, prop.applies, unsets=not text) as tx:
                if text and judge is not None:
                    judge(host, scope.app, name, settings.parse(host, name, text))
                settings.set(tx, scope.app, name, text)
                if on_set is not None:
                    on_set(tx, scope.app, name)
            shown = MASK if prop.secret else text
            host.out.header(f"Setting {name} to {shown}" if text else f"Unsetting {name}")
            tell_when(host, settings, prop, scope.app, text)

    add_report(group, settings, prefix=prefix, word=word, extra=extra, beyond=beyond, plain=plain)


def tell_when(host: Host, settings: Settings, prop: Property, app: AppName | None, text: str) -> None:
    """Print which command makes a property take effect, or that it has no effect."""
    from dokkupy_apps.settings.effect import announce_setting

    if text and prop.inert and not host.registry.handles(f"{settings.namespace}.{prop.name}"):
        host.out.warn(f"{settings.namespace} {prop.name} has no effect: {prop.inert}")
    else:
        announce_setting(host, settings, prop.name, app)


def add_report(
    group: Group,
    settings: Settings,
    *,
    prefix: str,
    word: str,
    extra: Extra | None,
    beyond: Collection[str],
    plain: bool,
) -> None:
    @group.command("report", permission="app:read")
    def report(
        host: Host,
        scope: Scope = Scope(is_all=True),  # noqa: B008 - never changed
        *,
        verbose: Verbose = False,
        info: Info = [],  # noqa: B006 - never changed
    ) -> CommandResult:
        """Print a report, or with an info flag one value of it.

        GROUP:report blog
        """
        hidden = () if verbose or info else tuple(f"--{prefix}-{kind}{name}" for name in beyond for kind in KINDS)
        return report_answer(
            host,
            scope,
            info,
            prefix,
            word,
            lambda app: {
                flag: value
                for flag, value in report_keys(host, settings, app, prefix, extra).items()
                if flag not in hidden
            },
            plain=plain,
            whole=verbose,
        )

    report.keys_of = lambda host, app: report_keys(host, settings, app, prefix, extra)  # type: ignore[attr-defined]


def info_flags(host: Host, typed: Typed) -> list[str]:
    """The flags of a report, each of which prints one value: those that it has for this app."""
    keys_of = getattr(typed.command.function, "keys_of", None)
    app = AppName(typed.app) if typed.app else None
    if app is None and not typed.is_global:
        from dokkupy_sdk.access import visible_apps

        app = next(iter(visible_apps(host)), None)
    if keys_of is None or (app is not None and not host.store.has_app(app)):
        return []
    return [flag for flag, value in keys_of(host, app).items() if isinstance(value, str)]


def report_keys(
    host: Host, settings: Settings, app: AppName | None, prefix: str, extra: Extra | None
) -> dict[str, Any]:
    """Info flag -> value: for each property its raw, global and computed value, then the extra keys."""
    keys: dict[str, Any] = {}
    own = properties_of(host.store, app, settings.namespace) if app is not None else {}
    shared = properties_of(host.store, None, settings.namespace)
    computed = settings.effective(app, own, shared)
    for name, prop in settings.listed.items():
        values = {"computed-": computed[name]}
        if prop.scope != "app":
            values["global-"] = shared.get(name, "")
        if prop.scope != "global" and app is not None:
            values[""] = own.get(name, "")
        for kind, value in values.items():
            keys[f"--{prefix}-{kind}{name}"] = MASK if prop.secret and value else value
    if app is not None and any(prop.is_kept for prop in settings.properties.values()):
        from dokkupy_apps.settings.effect import pending_settings

        for name, (before, after) in pending_settings(host, app, settings).items():
            keys[f"--{prefix}-pending-{name}"] = f"{before} -> {after}"
    for name, value in (extra(host, app) if extra else {}).items():
        keys[name if name.startswith("--") else f"--{prefix}-{name}"] = value
    return dict(sorted(keys.items()))


def report_answer(
    host: Host,
    scope: Scope,
    info: list[str],
    prefix: str,
    word: str,
    keys_of: Callable[[AppName | None], dict[str, Any]],
    *,
    plain: bool = False,
    whole: bool = False,
) -> CommandResult:
    """The report of one app, the global one, or of all apps that the caller may see. A terminal shows empty values only
    with whole; everything else gets Dokku's lines."""
    from dokkupy_sdk.access import no_apps, visible_apps

    subjects: list[AppName | None]
    if scope.app is not None:
        subjects = [host.store.require_app(scope.app)]
    elif scope.is_global:
        subjects = [None]
    else:
        subjects = list(visible_apps(host))
        if not subjects:
            host.out.warn(no_apps(host))
    if len(info) > 1:
        raise UserError(f"{word}:report command allows only a single flag")
    from dokkupy_sdk.many import over_each, warn_of

    lines: list[str] = []
    data: list[dict[str, Any]] = []
    names: dict[str, tuple[str, str]] = {}
    labels: dict[str, str] = {}
    alone = len(subjects) == 1 and (scope.app is not None or scope.is_global)
    found, failed = ([(subjects[0], keys_of(subjects[0]))], []) if alone else over_each(subjects, keys_of)
    for subject, keys in found:
        for flag in keys:
            if flag not in names:  # reports of several apps have the same flags
                names[flag] = names_of(flag, prefix)
                labels[flag] = label_of(flag, prefix if plain else "")
        texts = {flag: value for flag, value in keys.items() if isinstance(value, str)}
        if info:
            if info[0] not in texts:
                raise UserError(f"Invalid flag passed, valid flags: {', '.join(texts)}")
            lines.append(texts[info[0]])
            data.append(dict.fromkeys(names[info[0]], keys[info[0]]))
            continue
        data.append({name: value for flag, value in keys.items() for name in names[flag]})
        if not getattr(host.out, "quiet", False):
            lines.append(f"=====> {subject or 'global'} {word} information")
        hides = not whole and on_terminal()
        shown = {flag: value for flag, value in texts.items() if value or not (hides or flag == f"--{prefix}-pending")}
        width = max((len(labels[flag]) for flag in shown if on_terminal()), default=0)  # Dokku's column breaks at 30
        lines.extend(f"{labels[flag]:<{width}} {value}".rstrip() for flag, value in shown.items())
        if hides and not shown:
            lines.append("       Nothing is set")
    if alone:
        return CommandResult(data[0], lines)
    warn_of(host, failed)
    rows = [{"app": subject, **row} for (subject, _), row in zip(found, data, strict=True)]
    return CommandResult(rows, lines, documents=True, status=1 if failed else 0)


def names_of(flag: str, prefix: str) -> tuple[str, str]:
    """Both names of a value in Dokku's JSON: the short one, and the one with the plugin's prefix."""
    short = flag.removeprefix("--").removeprefix(f"{prefix}-")
    return short, f"{prefix}-{short}"


def label_of(flag: str, without: str = "") -> str:
    """What stands before a value in the line of a report. without: a prefix that is left out of the label."""
    label = flag.removeprefix(f"--{without}-" if without else "--").replace("-", " ").replace(".", " ")
    label = label if without else label[:1].upper() + label[1:]
    return f"       {label + ':':<30}"
