"""Settings: a plugin's properties, declared once. The declaration provides `:set`, `:report`, validation and docs.

A value is stored as the text that the user typed, after validation. The empty text unsets the property. The effective
value is the app's, else the global one, else the default (reference, section 2.4).
"""

from __future__ import annotations

from dokkupy.errors import StateError, UserError
from dokkupy.model.names import shown

from dokkupy_sdk.names import digits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from dokkupy.kernel.session import Session
    from dokkupy.kernel.store import Store
    from dokkupy.kernel.transaction import Transaction
    from dokkupy.model.names import AppName

TRUE = ("true", "1", "on", "yes")
FALSE = ("false", "0", "off", "no")


def boolean(text: str) -> str:
    """`true` or `false`, from any common spelling."""
    if text.lower() in TRUE:
        return "true"
    if text.lower() in FALSE:
        return "false"
    raise UserError(f"{shown(text)} is not a boolean: use true or false")


def integer(low: int, high: int) -> Callable[[str], str]:
    def parse(text: str) -> str:
        number = digits(text)
        if number is None or not low <= number <= high:
            raise UserError(f"{shown(text)} is not a whole number from {low} to {high}")
        return str(number)

    parse.is_number = True  # type: ignore[attr-defined]
    return parse


def one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise UserError(f"{shown(text)} is not one of: {', '.join(choices)}")
        return text

    parse.choices = choices  # type: ignore[attr-defined]
    return parse


def matching(pattern: str, what: str, *choices: str) -> Callable[[str], str]:
    """A validator by a regular expression for the whole text. what: completes "... is not". choices: the usual values."""

    def parse(text: str) -> str:
        import re

        if not re.fullmatch(pattern, text):
            raise UserError(f"{shown(text)} is not {what}")
        return text

    parse.choices = choices  # type: ignore[attr-defined]
    return parse


def networks(text: str) -> str:
    """A comma list of networks (CIDR)."""
    import ipaddress

    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        try:
            ipaddress.ip_network(name)
        except ValueError:
            raise UserError(f"{shown(name)} is not a network like 10.1.0.0/16") from None
    return ",".join(names)


def plain(text: str) -> str:
    """Any text of one line without control characters."""
    if any(ord(character) < 32 or ord(character) == 127 for character in text) or len(text) > 4096:
        raise UserError("The value has control characters, or more than 4096 characters")
    return text


class Applies:
    """When a change of a property takes effect.

    moment: completes "takes effect with ..."; empty if it takes effect at once. command: puts it into effect now, with
    `{app}` for the app; empty if no command does.
    """

    __slots__ = ("command", "moment")

    def __init__(self, moment: str = "", command: str = "") -> None:
        self.moment = moment
        self.command = command


AT_ONCE = Applies()
"""The property is read whenever it is used."""

ROUTE = Applies()
"""The proxy uses the property, so the command that sets it also applies the app's route."""

NEXT_DEPLOY = Applies("the next deploy")
"""The property controls a deploy or restart, but does not affect running instances."""

RESTART = Applies("the next deploy", "ps:restart {app}")
"""Instances are started with the property."""

BUILD = Applies("the next deploy", "ps:rebuild {app}")
"""The image is built with the property, so a restart keeps the value from the build."""


class Property:
    """One property. scope: app, global or both. in_release: its effective value is part of every release, so that a
    rollback restores it. secret: masked in reports and encrypted in the state. parse: validates a text and returns the one to store, or raises
    UserError. applies: when a change takes effect; by default with a restart if it is in the release, else as its
    `Settings` declare (at once). inert: why it has no effect, which the command that sets it says, unless a plugin
    declares that it implements the property (`Registry.handles`). role: the value is the name of an adapter of this role,
    which some plugin must offer. complete: the completer of its value, `module:function` (`dokkupy_sdk.completion`), where
    the values are not few. set_by: the command that sets it, if that is not the namespace's `:set`; the report then
    lists it only while it is pending."""

    __slots__ = (
        "applies",
        "complete",
        "default",
        "help",
        "in_release",
        "inert",
        "name",
        "parse",
        "role",
        "scope",
        "secret",
        "set_by",
    )

    applies: Applies

    def __init__(
        self,
        name: str,
        default: str = "",
        *,
        help: str,
        parse: Callable[[str], str] = plain,
        scope: str = "both",
        in_release: bool = False,
        secret: bool = False,
        applies: Applies | None = None,
        inert: str = "",
        role: str = "",
        complete: str = "",
        set_by: str = "",
    ) -> None:
        self.name = name
        self.complete = complete
        self.set_by = set_by
        self.inert = inert
        self.role = role
        if applies is not None or in_release:
            self.applies = applies or RESTART
        self.default = default
        self.help = help
        self.parse = parse
        self.scope = scope
        self.in_release = in_release
        self.secret = secret

    @property
    def is_kept(self) -> bool:
        """Whether releases keep its value, because it affects the instances or the image. A secret affects only builds."""
        return self.in_release or (self.applies is BUILD and not self.secret)


class Settings:
    """The properties of one namespace (`nginx`, `checks`, `ps`), in the entry point group `dokkupy.settings`."""

    def __init__(self, namespace: str, *properties: Property, applies: Applies = AT_ONCE) -> None:
        self.namespace = namespace
        for prop in properties:
            if not hasattr(prop, "applies"):
                prop.applies = applies
        self.properties = {prop.name: prop for prop in properties}

    @property
    def listed(self) -> dict[str, Property]:
        """The properties that `:set` sets and `:report` lists."""
        return {name: prop for name, prop in self.properties.items() if not prop.set_by}

    def require(self, name: str, *, is_global: bool) -> Property:
        """The property, if it may be set there. The messages are Dokku's."""
        if not name:
            raise UserError("No property specified")
        prop = self.properties.get(name)
        if prop is None:
            raise self.invalid()
        if is_global and prop.scope == "app":
            raise UserError("Property cannot be specified globally")
        if not is_global and prop.scope == "global":
            raise UserError("Property can only be specified globally")
        return prop

    def invalid(self, hint: str = "") -> UserError:
        known = ", ".join(sorted(self.listed))
        return UserError(f"Invalid property specified, valid properties include: {known}", hint=hint)

    def usable(self, prop: Property, text: str, app: AppName | None) -> str:
        """A stored value. A bad number is an error that names its property, because readers compute with it."""
        if text and getattr(prop.parse, "is_number", False) and digits(text) is None:
            scope = app or "--global"
            raise StateError(
                f"{self.namespace} {prop.name} ({scope}) is {shown(text)}, which is not a whole number",
                hint=f"Unset it: {self.namespace}:set {scope} {prop.name}",
            )
        return text

    def raw(self, store: Store, app: AppName | None, name: str) -> str:
        """The value that is set on the app (None: globally); empty if none is."""
        return properties_of(store, app, self.namespace).get(name, "")

    def get(self, store: Store, app: AppName | None, name: str) -> str:
        """The effective value."""
        prop = self.properties[name]
        if app is not None and prop.scope != "global":
            value = self.raw(store, app, name)
            if value:
                return self.usable(prop, value, app)
        if prop.scope != "app":
            value = self.raw(store, None, name)
            if value:
                return self.usable(prop, value, None)
        return prop.default.replace("{app}", app or "")

    def scope_of(self, store: Store, app: AppName, name: str) -> str:
        """Where a property of an app was set, as a command takes it: the app, or `--global`."""
        return str(app) if name in properties_of(store, app, self.namespace) else "--global"

    def all(self, store: Store, app: AppName | None) -> dict[str, str]:
        """The effective value of every property, by two reads."""
        own = properties_of(store, app, self.namespace) if app is not None else {}
        return self.effective(app, own, properties_of(store, None, self.namespace))

    def effective(self, app: AppName | None, own: Mapping[str, str], shared: Mapping[str, str]) -> dict[str, str]:
        """The effective value of every property. own, shared: what is set on the app and globally."""
        values = {}
        for name, prop in self.properties.items():
            value = self.usable(prop, own.get(name, ""), app) if prop.scope != "global" else ""
            value = value or (self.usable(prop, shared.get(name, ""), None) if prop.scope != "app" else "")
            values[name] = value or prop.default.replace("{app}", app or "")
        return values

    def choices(self, host: Session, name: str) -> list[str]:
        """The values that a property may have, where they are few; else none."""
        prop = self.listed.get(name)
        if prop is None:
            return []
        if prop.role:
            return host.offered(prop.role)
        return list(("true", "false") if prop.parse is boolean else getattr(prop.parse, "choices", ()))

    def parse(self, host: Session, name: str, text: str) -> str:
        """Validate a value and return the text to store. Raises UserError."""
        prop = self.properties[name]
        value = prop.parse(text)
        if value and prop.role:
            require_choice(host, prop.role, value)
        return value

    def set(self, tx: Transaction[Any], app: AppName | None, name: str, text: str) -> None:
        """Set a property inside an operation; the empty text unsets it."""
        self.require(name, is_global=app is None)
        value = self.parse(tx.host, name, text) if text else ""
        from dokkupy.model.secret import Secret
        from dokkupy.model.state import PropertiesFile

        record = tx.host.store.load(PropertiesFile, app, self.namespace)
        if self.properties[name].secret:
            others = {key: one for key, one in record.secrets.items() if key != name}
            record = record.replace(secrets={**others, name: Secret(value)} if value else others)
        else:
            plain = {key: one for key, one in record.properties.items() if key != name}
            record = record.replace(properties={**plain, name: value} if value else plain)
        tx.save(record, app, self.namespace)


def require_choice(host: Session, role: str, name: str) -> None:
    """Raise UserError unless some plugin offers this adapter."""
    known = host.offered(role)
    if name not in known:
        raise UserError(
            f"No plugin offers the {role} {name}. Installed: {', '.join(known) or 'none'}",
            hint="Choose an installed one, or install the plugin that offers it: plugin:install PACKAGE",
        )


def properties_of(store: Store, app: AppName | None, namespace: str) -> Mapping[str, str]:
    """The properties that are set on the app (None: globally)."""
    if not store.has_file(*(("apps", app) if app is not None else ("global",)), namespace):
        return {}
    from dokkupy.model.state import PropertiesFile

    record = store.load(PropertiesFile, app, namespace)
    if not record.secrets:
        return record.properties
    return {**record.properties, **{name: secret.reveal() for name, secret in record.secrets.items()}}


def property_of(store: Store, app: AppName, namespace: str, name: str) -> str:
    """The value of a property whose plugin may not be installed: the app's, else the global one, else empty."""
    return properties_of(store, app, namespace).get(name) or properties_of(store, None, namespace).get(name, "")
