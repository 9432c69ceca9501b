"""Installing plugins: they are resolved and loaded in a temporary directory first, then moved into the environment, and
rolled back if they do not load there.

The temporary directory (`work/plugin-<operation>`) has `wheels/` (what will be installed), `site/` (the same, unpacked:
also the list of files that the undo removes) and `kept/` (the files that are replaced or removed). Everything that
pip resolves against what is installed now: a plugin that requires a different version of core or of another plugin
is refused with pip's own message.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import sysconfig

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Conflict, HostError, NotFound, PluginError, UserError
from dokkupy_sdk.execute import execute
from dokkupy_sdk.files import make_directory
from dokkupy_sdk.names import PluginName
from dokkupy_sdk.operation import Transaction, call, operation
from dokkupy_sdk.registry import plugin_name
from dokkupy_sdk.state import PluginsFile
from dokkupy_sdk.values import dataclass

from dokkupy_plugins import index, shell_plugins
from dokkupy_plugins.installed import OURS, require_plugin, require_unrequired, require_unused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(==[A-Za-z0-9.!+_-]+)?")
PIP_SECONDS = 600
LOAD_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Piece:
    """A distribution that an installation brings. before: the version that it replaces, or empty."""

    distribution: str
    version: str
    before: str


def site() -> str:
    """The directory of distributions in the environment that runs this."""
    return sysconfig.get_path("purelib")


def pip(*words: str, env: dict[str, str] | None = None) -> str:
    """Run pip; raises UserError with pip's own message when it fails."""
    certificates = "/etc/ssl/certs/ca-certificates.crt"
    settings = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    if os.path.exists(certificates):
        settings.setdefault("PIP_CERT", certificates)
    done = execute(
        [sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", *words],
        check=False,
        timeout=PIP_SECONDS,
        env={**settings, **(env or {})},
    )
    if not done.ok:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR:") or "requires" in line]
        raise UserError(
            "pip could not install it",
            details=tuple((lines or done.stderr.splitlines())[-12:]),
            code="pip_refused",
            hint="Nothing was changed.",
        )
    return done.stdout


def requirement(source: str, committish: str = "") -> str:
    """The requirement for pip: a name with an optional version, or the address of a wheel, directory or repository."""
    if PLAIN_NAME.fullmatch(source) and not os.path.exists(source):
        return source
    if os.path.exists(source):
        path = os.path.realpath(source)
        if os.path.isdir(path) and not os.path.exists(os.path.join(path, "pyproject.toml")):
            raise UserError(
                f"{path} has no pyproject.toml: it is not a plugin",
                hint="Give the directory of a plugin; plugin:new NAME makes a new one.",
            )
        if os.path.isfile(path) and not path.endswith((".whl", ".tar.gz")):
            raise UserError(
                f"{path} is neither a wheel nor a source distribution", hint="Build it first: python -m build --wheel"
            )
        return path
    address, _, revision = source.removeprefix("git+").partition("#")
    if re.match(r"(https|ssh|file)://[^\s]+$", address):
        chosen = committish or revision
        if chosen and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/-]*", chosen):
            raise UserError(f"{chosen[:60]!r} is not a branch, tag or commit")
        if source.endswith((".whl", ".tar.gz")):
            return address
        return f"git+{address}" + (f"@{chosen}" if chosen else "")
    raise UserError(
        f"{source[:80]!r} is not a plugin's name, wheel, directory or git address",
        hint="For example dokkupy-postgres, ./dist/x.whl, ./my-plugin or https://example.com/x.git#v1",
    )


def install(host: Host, source: str, *, committish: str = "", upgrade: bool = False) -> list[Piece]:
    """Install a plugin or update one; returns the installed distributions. Raises UserError or PluginError with nothing
    changed."""
    shell_plugins.check(host, source)
    wanted = requirement(source, committish)
    with operation(host, "plugin:update" if upgrade else "plugin:install", "host") as tx:
        scratch = host.path("work", f"plugin-{'plan' if host.dry_run else tx.id}")
        tx.register_undo("use a temporary directory", call(remove_scratch, scratch=scratch))
        try:
            with shell_plugins.explained(host, source):
                pieces = prepare(host, wanted, scratch, upgrade=upgrade)
            if not pieces:
                tx.commit(after=(call(remove_scratch, scratch=scratch),))
                return []
            tx.describe_plan(*(f"install {one.distribution} {one.version}" for one in pieces))
            switch(tx, scratch, pieces, wanted)
            tx.commit(after=(call(remove_scratch, scratch=scratch), call(index.renew)))
        finally:
            if host.dry_run:
                remove_scratch(host, scratch=scratch)
    return pieces


def prepare(host: Host, wanted: str, scratch: str, *, upgrade: bool) -> list[Piece]:
    """Resolve, fetch, unpack and load in the temporary directory."""
    make_directory(scratch)
    host.out.section(f"Resolving {wanted}")
    flags = ["--upgrade"] if upgrade else []
    report = resolve(*flags, wanted)
    if not any(item.get("requested") for item in report) and not PLAIN_NAME.fullmatch(wanted):
        # The code of a directory or repository may change without its version.
        report += resolve("--ignore-installed", "--no-deps", wanted)
    pieces = chosen(report, installed())
    host.out.section("Fetching " + ", ".join(f"{one.distribution} {one.version}" for one in pieces))
    if not pieces:
        return []
    main = [wanted]
    others = [f"{one.distribution}=={one.version}" for one in pieces[1:]]
    wheels = os.path.join(scratch, "wheels")
    pip("wheel", "--quiet", "--no-deps", "--wheel-dir", wheels, *main, *others)
    pip(
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--no-compile",
        "--target",
        os.path.join(scratch, "site"),
        *wheel_files(scratch),
    )
    host.out.section("Loading the plugin in a temporary environment")
    require_loadable(os.path.join(scratch, "site"), [one.distribution for one in pieces])
    return pieces


def resolve(*words: str) -> list[dict[str, Any]]:
    """What pip would install (https://pip.pypa.io/en/stable/reference/installation-report/)."""
    text = pip("install", "--dry-run", "--quiet", "--report", "-", *words)
    return list(json.loads(text).get("install", []))


def chosen(report: list[dict[str, Any]], present: dict[str, str]) -> list[Piece]:
    """The distributions to install, the plugin itself first. Raises Conflict if they would replace anything except the
    plugin."""
    pieces, main = [], ""
    for item in report:
        name = str(item["metadata"]["name"]).lower().replace("_", "-").replace(".", "-")
        if item.get("requested"):
            main = name
        pieces.append(Piece(name, str(item["metadata"]["version"]), present.get(name, "")))
    for one in pieces:
        if one.before and one.distribution != main:
            raise Conflict(
                f"{main} requires {one.distribution} {one.version}, but {one.before} is installed",
                hint=f"Update {one.distribution} first, or install a version of {main} that fits.",
                code="version_conflict",
            )
    if main in OURS:
        raise Conflict(f"{main} is not a plugin", hint="Update the host itself with install.sh")
    return sorted(pieces, key=lambda one: one.distribution != main)


def installed() -> dict[str, str]:
    from importlib.metadata import distributions

    return {
        str(one.metadata["Name"]).lower().replace("_", "-").replace(".", "-"): one.version for one in distributions()
    }


def wheel_files(scratch: str) -> list[str]:
    directory = os.path.join(scratch, "wheels")
    return [os.path.join(directory, name) for name in sorted(os.listdir(directory)) if name.endswith(".whl")]


def require_loadable(extra: str, distributions: Sequence[str]) -> None:
    """Load every entry point of these distributions in a separate process. Raises PluginError with the reason."""
    done = execute(
        [sys.executable, "-I", "-m", "dokkupy_plugins.load", extra, *distributions],
        check=False,
        timeout=LOAD_SECONDS,
    )
    last = (done.stdout.strip().splitlines() or [""])[-1]
    if not done.ok or last != "loaded":
        words = last if last.startswith("fault: ") else (done.stderr.strip().splitlines() or ["it ended early"])[-1]
        raise PluginError(
            f"{distributions[0]} does not load: {words.removeprefix('fault: ')}",
            plugin=plugin_name(distributions[0]),
            hint="Nothing was changed. Report it to the plugin's author.",
        )


def switch(tx: Transaction, scratch: str, pieces: Sequence[Piece], wanted: str) -> None:
    host = tx.host
    replaced = [one.distribution for one in pieces if one.before]
    tx.step("keep the replaced files", lambda: keep(scratch, replaced))
    tx.register_undo("install", call(put_back, scratch=scratch))
    tx.step("install into the environment", lambda: put_in(scratch))
    tx.step("load the installed plugin", lambda: require_loadable("", [one.distribution for one in pieces]))
    record = host.store.load(PluginsFile)
    tx.save(record.replace(sources={**record.sources, pieces[0].distribution: wanted}))


def put_in(scratch: str) -> None:
    pip("install", "--quiet", "--no-deps", "--no-index", "--force-reinstall", "--compile", *wheel_files(scratch))


def uninstall(host: Host, name: PluginName) -> str:
    """Remove a plugin; what it stored in the state stays. Raises Conflict while something requires it."""
    distribution = require_plugin(host, name)
    require_unused(host, name)
    require_unrequired(host, distribution, "uninstall")
    with operation(host, "plugin:uninstall", "host", takes_away=True) as tx:
        scratch = host.path("work", f"plugin-{tx.id}")
        tx.register_undo("use a temporary directory", call(remove_scratch, scratch=scratch))
        tx.step("keep the plugin's files", lambda: keep(scratch, [distribution]))
        tx.register_undo("remove", call(put_back, scratch=scratch))
        tx.step(f"remove {distribution}", lambda: pip("uninstall", "--quiet", "--yes", distribution))
        record = host.store.load(PluginsFile)
        sources = {key: value for key, value in record.sources.items() if key != distribution}
        off = tuple(one for one in record.disabled if one != name)
        tx.save(record.replace(sources=sources, disabled=off))
        tx.commit(after=(call(remove_scratch, scratch=scratch), call(index.renew)))
    return distribution


def update(host: Host, name: PluginName, committish: str = "") -> list[Piece]:
    """Install a plugin's newest version from where it came from."""
    distribution = require_plugin(host, name)
    source = host.store.load(PluginsFile).sources.get(distribution, distribution)
    plain = source.removeprefix("git+").rpartition("@")[0] or source.removeprefix("git+") if committish else source
    if committish and not source.startswith("git+"):
        raise UserError(f"Plugin {name} did not come from a repository", hint=f"It came from: {source}")
    return install(host, plain.partition("==")[0], committish=committish, upgrade=True)


# for the undo


def keep(scratch: str, names: Sequence[str]) -> None:
    """Copy the files of installed distributions aside."""
    from importlib.metadata import PackageNotFoundError, distribution

    kept = os.path.join(scratch, "kept")
    make_directory(kept)
    for name in names:
        try:
            files = distribution(name).files or ()
        except PackageNotFoundError:
            raise NotFound(f"{name} is not installed", hint="List what is installed: plugin:list") from None
        if not files:
            raise HostError(
                f"{name} cannot be removed: it has no list of its files, because pip did not install it",
                hint="Remove it with the tool that installed it, for example apt or a script.",
            )
        for file in files:
            path, target = str(file.locate()), os.path.join(kept, str(file))
            if ".." in file.parts or not os.path.isfile(path):
                continue  # a script outside the packages, which pip creates again
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy2(path, target)


def put_back(host: Host, *, scratch: str) -> None:
    """Undo of an installation or removal: new files are removed, kept files restored. Idempotent."""
    target, new, kept = site(), os.path.join(scratch, "site"), os.path.join(scratch, "kept")
    for relative in files_of(new):
        remove_file(target, relative)
    for relative in files_of(kept):
        path = os.path.join(target, relative)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy2(os.path.join(kept, relative), path)
    for name in os.listdir(target):
        if name.startswith("~"):  # files that pip had renamed when it was killed
            shutil.rmtree(os.path.join(target, name), ignore_errors=True)
    index.renew(host)


def files_of(root: str) -> list[str]:
    return [os.path.relpath(os.path.join(place, name), root) for place, _, names in os.walk(root) for name in names]


def remove_file(target: str, relative: str) -> None:
    """A file, its byte code, the files that pip adds beside a METADATA, and directories that are empty afterwards."""
    path = os.path.join(target, relative)
    directory, name = os.path.split(path)
    doomed = [path]
    if name.endswith(".py"):
        cache = os.path.join(directory, "__pycache__")
        doomed += [
            os.path.join(cache, other)
            for other in listing(cache)
            if other.partition(".")[0] == name.removesuffix(".py")
        ]
    if name == "METADATA":
        doomed += [os.path.join(directory, other) for other in listing(directory)]
    for one in doomed:
        try:
            os.unlink(one)
        except OSError:
            pass
    for place in (os.path.join(directory, "__pycache__"), directory):
        while place != target and not listing(place) and os.path.isdir(place):
            os.rmdir(place)
            place = os.path.dirname(place)


def listing(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []


def remove_scratch(host: Host, *, scratch: str) -> None:
    if os.path.dirname(scratch) == host.path("work"):
        shutil.rmtree(scratch, ignore_errors=True)
