"""The session: one object per command that holds the store, the registry, the hooks and the adapters. No globals."""

from __future__ import annotations

import os
from _thread import RLock  # importing `threading` would slow down every command

from dokkupy.errors import HostError, PluginError
from dokkupy.kernel.console import Console
from dokkupy.kernel.registry import Registry
from dokkupy.kernel.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self

    from dokkupy.kernel.cipher import Cipher
    from dokkupy.kernel.events import Events
    from dokkupy.kernel.hooks import Hooks
    from dokkupy.kernel.locks import Lock
    from dokkupy.model.names import AppName

ROOT = "/var/lib/dokkupy"

SCRATCH = ("tmp", "children")
"""The directory below the state for temporary files of programs. `/tmp` may be in memory, full or not writable."""


def keep_temporary_files_in(root: str) -> None:
    """Keep the temporary files of this process, and of all that it starts, below the state directory `root`."""
    os.environ["TMPDIR"] = os.path.join(root, *SCRATCH)


class Session:
    """What a command works with; `dokkupy.host.Host` adds the roles by their types.

    root: the state directory. out: where progress is shown. command: the command line as typed but redacted, for locks
    and records. who: `key:NAME` over SSH, else the local user's name. force: destructive commands do not ask. dry_run,
    plan: nothing is done, and `plan` lists what would be done, one line each (`dokkupy_sdk.dry_run`). These attributes are
    constant: another invocation gets another session (`for_invocation`). All other attributes are created once, at their
    first use in any thread.
    """

    def __init__(
        self,
        root: str = ROOT,
        *,
        out: Console | None = None,
        registry: Registry | None = None,
        command: str = "",
        who: str = "root",
        force: bool = False,
    ) -> None:
        self.root = root
        self.out = out or Console()
        self.store = Store(root, self._cipher)
        self.command = command
        self.who = who
        self.force = force
        self.dry_run = False
        self.plan: list[str] = []
        self._parts: dict[str, Any] = {"registry": registry} if registry else {}
        self._adapters: dict[tuple[str, str], Any] = {}
        self._overrides: dict[tuple[str, str], Any] = {}
        self._making = RLock()

    def __setattr__(self, name: str, value: object) -> None:
        if name in self.__dict__:
            raise AttributeError(f"{name} of a {type(self).__name__} does not change: see `for_invocation`")
        object.__setattr__(self, name, value)

    def for_invocation(self, **changes: Any) -> Self:
        """A copy of this host for another caller, command or output.

        changes: `out`, `command`, `who`, `force`; for a dry run also `dry_run`, `plan`, `store` and `_parts` (registry,
        hooks, events, and the type of its transactions). The copy creates its own adapters, because an adapter holds its
        host. It shares the registry, the hooks and the adapters of `override_role`.
        """
        if unknown := set(changes) - {"out", "command", "who", "force", "dry_run", "plan", "store", "_parts"}:
            raise TypeError(f"an invocation has no {', '.join(sorted(unknown))}")
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__, _adapters={}, **changes)
        return made

    def _cipher(self) -> Cipher | None:
        """The adapter that encrypts values at rest; None if no plugin offers one."""
        names = list(self.registry.group("dokkupy.cipher"))
        return self.role("cipher", names[0]) if names else None

    @property
    def events(self) -> Events:
        from dokkupy.kernel.events import Events

        return self._parts.get("events") or Events(self.root)

    @property
    def audit(self) -> Any:
        """The record of all commands: `Audit` of `dokkupy_sdk.audit`."""
        return self.role("audit", "log")

    @property
    def registry(self) -> Registry:
        with self._making:
            if "registry" not in self._parts:
                self._parts["registry"] = Registry(disabled=self._disabled())
            return self._parts["registry"]  # type: ignore[no-any-return]

    def _disabled(self) -> tuple[str, ...]:
        """The names of the disabled plugins."""
        if not self.store.has_file("global", "plugin"):
            return ()
        from dokkupy.model.state import PluginsFile

        return self.store.load(PluginsFile).disabled

    @property
    def hooks(self) -> Hooks:
        with self._making:
            if "hooks" not in self._parts:
                from dokkupy.kernel.hooks import Hooks

                self._parts["hooks"] = hooks = Hooks(self.registry, warn=self.out.warn)
                for fault in hooks.quarantined.values():
                    self.out.warn(fault.message)
            return self._parts["hooks"]  # type: ignore[no-any-return]

    def spawn(self, *words: str) -> None:
        """Run a dokkupy command in a detached process (a session of its own), which outlives the SSH connection."""
        from subprocess import DEVNULL, Popen

        from dokkupy.kernel.spawn import environment, own_argv

        argv, env = [*own_argv(), *words], environment({"DOKKUPY_ROOT": self.root})
        Popen(argv, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, env=env, cwd="/", start_new_session=True)

    def lock(self, subject: str, *, wait: float, command: str = "", what: str = "") -> Lock:
        """Take the lock of a subject for `command`, by default for the running command. Raises Busy.

        Release it with `with` or `release()`. wait: how many seconds to wait for another holder. what: the subject in
        words, for the message of Busy.
        """
        import time

        from dokkupy.kernel.locks import take

        owner = {"command": command or self.command, "pid": os.getpid(), "since": time.time(), "who": self.who}
        return take(self.root, subject, owner=owner, wait=wait, what=what)

    def act(self, what: str, do: Callable[[], object]) -> None:
        """Do something that is not a step of an operation; a dry run only lists it."""
        if self.dry_run:
            self.plan.append(what)
        else:
            do()

    def path(self, *parts: str) -> str:
        return os.path.join(self.root, *parts)

    # roles

    def role(self, role: str, name: str) -> Any:
        """The adapter of a role by its name, created once. Raises PluginError when no plugin offers it."""
        with self._making:
            made = self._overrides.get((role, name)) or self._adapters.get((role, name))
            if made is None:
                made = self._adapters[role, name] = self._made(role, name)
            return made

    def _made(self, role: str, name: str) -> Any:
        entry = self.registry.find(f"dokkupy.{role}", name)
        if entry is None:
            known = ", ".join(self.registry.group(f"dokkupy.{role}")) or "none"
            raise PluginError(
                f"No plugin offers the {role} {name}",
                plugin=name,
                hint=f"Installed: {known}. To install the plugin that offers it: dokkupy plugin:install PACKAGE",
            )
        return self.registry.load(entry)(self)

    def override_role(self, role: str, name: str, adapter: Any) -> None:
        """Use this object as an adapter of a role, for tests and embedding."""
        self._overrides[role, name] = adapter

    def default_adapter(self, role: str) -> str:
        """The adapter for apps that select none: an overridden one, else the setting, else the default that a distribution
        declares (`dokkupy.defaults`), else the first by name."""
        overridden = [name for kind, name in self._overrides if kind == role]
        if overridden:
            return overridden[0]
        from dokkupy.model.state import AdaptersFile

        chosen = self.store.load(AdaptersFile).adapters.get(role)
        if chosen:
            return chosen
        installed = self.registry.group(f"dokkupy.{role}")
        if not installed:
            raise HostError(
                f"No plugin offers a {role}", hint="Install a plugin that does: dokkupy plugin:install NAME"
            )
        default = self.registry.find("dokkupy.defaults", role)
        return next(
            (name for name, entry in installed.items() if default and entry.target == default.target), min(installed)
        )

    def offered(self, role: str) -> list[str]:
        """The names of the adapters of a role that can be selected; none if no plugin fills the role."""
        adopted = [name for kind, name in self._overrides if kind == role]
        return sorted({*self.registry.group(f"dokkupy.{role}"), *adopted})

    def adapters(self, role: str) -> list[Any]:
        """Every available adapter of a role, selected or not. A removal uses all of them, because an app's selected
        adapter may be uninstalled, and because the others may have something of the app."""
        found = []
        for name in self.offered(role):
            try:
                found.append(self.role(role, name))
            except PluginError as fault:
                self.out.warn(fault.message)
        return found

    def selected_adapter(self, role: str, name: str, app: AppName | None = None) -> str:
        """The adapter that `scheduler:set selected` or `proxy:set type` names for the app or globally."""
        from dokkupy.model.state import PropertiesFile

        for scope in (app, None) if app is not None else (None,):
            chosen = self.store.load(PropertiesFile, scope, role).properties.get(name)
            if chosen:
                return chosen
        return self.default_adapter(role)
