"""`plugin:*` (reference, section 1.23): pip packages, found by their entry points."""

from __future__ import annotations

from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import PluginName
from dokkupy_sdk.state import PluginsFile
from dokkupy_sdk.styles import BAD, FAINT, GOOD
from dokkupy_sdk.table import Column, aligned, listing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dokkupy_plugins.install import Piece

group = Group("plugin", "Manage plugins", bare="list")

Name = Annotated[PluginName, Arg("plugin")]
Committish = Annotated[str, Opt("--committish", noun="COMMIT", help="Branch, tag or commit of the repository")]


PLUGINS = (Column("NAME"), Column("VERSION", optional=1), Column("STATUS"), Column("WHAT", wraps=True))
STYLES = {"enabled": GOOD, "broken": BAD, "disabled": FAINT}


def plugin_cells(row: Mapping[str, str]) -> tuple[str, ...]:
    return row["name"], row["version"], row["status"], row["summary"]


@group.command("list", permission="open")
def list_plugins(host: Host) -> CommandResult:
    """List the plugins: enabled, disabled or broken, with the reason."""
    from dataclasses import asdict

    from dokkupy_plugins.installed import plugins

    rows = [asdict(plugin) for plugin in plugins(host)]
    lines = [""]
    for row, line in zip(rows, aligned([plugin_cells(row)[:4] for row in rows]), strict=True):
        lines += [f"  {line}", *([f"    {row['reason']}"] if row["reason"] else [])]
    cells = [plugin_cells({**row, "summary": row["reason"] or row["summary"]}) for row in rows]
    return listing(rows, PLUGINS, cells, elsewhere=lines, styles=STYLES)


@group.command("installed", permission="open")
def is_installed(host: Host, name: Name) -> None:
    """Exit with 0 if a plugin is installed, else with 1."""
    from dokkupy_plugins.installed import require_plugin

    require_plugin(host, name)


@group.command("install", permission="host:write", root=True, mutating=True)
def install(
    host: Host,
    source: Annotated[str, Arg("source", "A name on PyPI, a wheel, a directory or a git address")] = "",
    *,
    committish: Committish = "",
    core: Annotated[bool, Opt("--core", help="Install only the core plugins, which come with the host")] = False,
    name: Annotated[str, Opt("--name", inert="a plugin's name is that of its distribution")] = "",
    skip_install_trigger: Annotated[
        bool, Opt("--skip-install-trigger", inert="plugins have no install trigger; `dokkupy setup` runs their set-up")
    ] = False,
) -> CommandResult:
    """Install a plugin, after a test of it in a temporary environment.

    plugin:install ./dokkupy-webhook
    """
    from dokkupy_plugins.install import install as do_install

    if core:
        if source:
            raise UserError(
                "--core stands for the plugins that come with the host, and takes no name beside it",
                hint="Leave out --core",
            )
        return CommandResult([], ["-----> The core plugins were installed with the host"])
    if not source:
        raise UserError("Please specify a plugin: a name on PyPI, a wheel, a directory or a git address")
    return shown(host, do_install(host, source, committish=committish), "is installed already")


@group.command("install-dependencies", permission="host:write", root=True)
def install_dependencies(
    host: Host, *, core: Annotated[bool, Opt("--core", help="Only the dependencies of the core plugins")] = False
) -> CommandResult:
    """Do nothing: a plugin's dependencies are installed with it."""
    whose = "the core plugins" if core else "each plugin"
    return CommandResult(
        [], [f"-----> Nothing to do: the dependencies of {whose} were installed together with the plugin"]
    )


@group.command("update", permission="host:write", root=True, mutating=True)
def update(
    host: Host,
    name: Annotated[str, Arg("plugin", complete="dokkupy_plugins.completers:plugins")] = "",
    committish: Annotated[str, Arg("committish")] = "",
) -> CommandResult:
    """Update a plugin, or all installed plugins, from where they were installed."""
    from dokkupy_sdk.registry import plugin_name

    from dokkupy_plugins.install import update as do_update

    sources = host.store.load(PluginsFile).sources
    names = [PluginName(name)] if name else [PluginName(plugin_name(one)) for one in sorted(sources)]
    pieces = [piece for one in names for piece in do_update(host, one, committish)]
    return shown(host, pieces, "is up to date")


def shown(host: Host, pieces: Sequence[Piece], otherwise: str) -> CommandResult:
    rows = [{"distribution": one.distribution, "version": one.version, "before": one.before} for one in pieces]
    lines = [f"-----> Installed {row['distribution']} {row['version']}" for row in rows]
    return CommandResult(rows, lines or [f"-----> It {otherwise}"])


@group.command("uninstall", permission="host:write", root=True, mutating=True)
def uninstall(host: Host, name: Name) -> CommandResult:
    """Uninstall a plugin; its settings of apps stay in the state directory."""
    from dokkupy_plugins.install import uninstall as do_uninstall

    distribution = do_uninstall(host, name)
    return CommandResult({"distribution": distribution}, [f"-----> Plugin {name} uninstalled"])


@group.command("enable", permission="host:write", root=True, mutating=True)
def enable(host: Host, name: Name) -> CommandResult:
    """Enable a plugin."""
    return turned(host, name, False)


@group.command("disable", permission="host:write", root=True, mutating=True)
def disable(host: Host, name: Name) -> CommandResult:
    """Disable a plugin: its commands, hooks and roles are not loaded."""
    return turned(host, name, True)


def turned(host: Host, name: PluginName, off: bool) -> CommandResult:
    from dokkupy_plugins.installed import set_disabled

    changed = set_disabled(host, name, off)
    return CommandResult(
        {"plugin": name, "changed": changed}, [f"-----> Plugin {name} {'disabled' if off else 'enabled'}"]
    )


@group.command("trigger", permission="host:write", root=True, mutating=True)
def trigger(
    host: Host,
    name: Annotated[
        str, Arg("hook", "Name of a hook, such as doctor_checks", complete="dokkupy_plugins.completers:hooks")
    ],
    words: Annotated[list[str], Arg("argument", "Arguments of the hook except `host`; None for an optional one")] = [],  # noqa: B006
) -> CommandResult:
    """Call a hook in all plugins, and print each result."""
    from dokkupy_plugins.trigger import find_trigger, triggered, values_of

    found = find_trigger(host, name)
    values = values_of(host, found, words)
    answers: list[tuple[str, str]] = []
    host.act(f"call the hook {name}", lambda: answers.extend(triggered(host, found, values)))
    rows = [{"plugin": plugin, "answer": answer} for plugin, answer in answers]
    return CommandResult(rows, [f"{plugin}: {answer}" if plugin else answer for plugin, answer in answers])


@group.command("new", permission="open", keeps_root=True)
def new(
    host: Host,
    name: Annotated[PluginName, Arg("plugin", complete=())],
    *,
    directory: Annotated[
        str, Opt("--directory", help="Directory to create; if not given, dokkupy-NAME in the current directory")
    ] = "",
    kind: Annotated[
        str,
        Opt(
            "--kind",
            help="Kind: plugin, language, notifier, builder, proxy, scheduler, datastore or service-command",
            complete="dokkupy_plugins.completers:scaffolds",
        ),
    ] = "plugin",
) -> CommandResult:
    """Create the files of a new plugin, with tests; the default kind has one hook, one command and one setting.

    plugin:new greeter
    plugin:new --kind datastore surreal
    """
    entry = host.registry.find("dokkupy.scaffold", kind)
    if entry is None:
        known = ", ".join(host.registry.group("dokkupy.scaffold")) or "none: install dokkupy-sdk"
        raise UserError(f"There is no scaffold {kind[:40]!r}", hint=f"Kinds: {known}")
    if host.who.startswith("key:"):
        raise UserError(
            "plugin:new works on your own machine, not over SSH", hint=f"Run there: dokkupy plugin:new {name}"
        )
    path = directory or f"dokkupy-{name}"
    files = host.registry.load(entry)(name, path)
    return CommandResult(
        {"directory": path, "files": files}, [f"-----> Wrote {path}", *(f"       {one}" for one in files)]
    )
