"""`config:*` (reference, section 1.8)."""

from __future__ import annotations

from dokkupy_apps.desired.config import MOST, get_env, merged_env
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt, Scope, lines_or
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName, EnvKey

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dokkupy_sdk.names import Secret

group = Group("config", "Manage global and app-specific config vars", bare="show")

Key = Annotated[EnvKey, Arg("KEY")]
Quoted = Annotated[bool, Opt("--quoted", help="Quote the value for a shell")]
Merged = Annotated[bool, Opt("--merged", help="Include the global variables")]
NoRestart = Annotated[bool, Opt("--no-restart", help="Do not restart the running instances")]


def app_of(host: Host, scope: Scope) -> AppName | None:
    if scope.app is not None:
        return host.store.require_app(scope.app)
    if scope.is_global:
        return None
    raise UserError("Please specify an app to run the command on")


def secrets_of(host: Host, scope: Scope, merged: bool) -> Mapping[EnvKey, Secret]:
    """The variables, sorted by name. A value is decrypted only when it is revealed."""
    app = app_of(host, scope)
    return merged_env(host, app) if merged and app is not None else get_env(host, app)


def variables(host: Host, scope: Scope, merged: bool) -> dict[str, str]:
    return {str(key): value.reveal() for key, value in secrets_of(host, scope, merged).items()}


def quoted(text: str) -> str:
    """The text in single quotes, as a shell's `export` requires it."""
    return "'" + text.replace("'", "'\\''") + "'"


@group.command("show", permission="app:write")
def show(
    host: Host,
    scope: Scope,
    *,
    merged: Merged = False,
    shell: Annotated[bool, Opt("--shell", help="Deprecated: config:export --format shell")] = False,
    exports: Annotated[bool, Opt("--export", help="Deprecated: config:export")] = False,
) -> CommandResult:
    """Print the variables.

    config:show blog
    config:show --merged blog
    """
    if shell and exports:
        raise UserError("Only one of --shell and --export can be given")
    env = variables(host, scope, merged)
    if shell or exports:
        return CommandResult(env, raw=exported(env, "shell" if shell else "exports"))
    width = max((len(key) for key in env), default=0) + 2
    name = scope.app or "global"
    return CommandResult(
        env,
        lines_or([f"{key + ':':<{width}} {value}" for key, value in env.items()], none_set(scope)),
        header=f"{name} env vars",
    )


def none_set(scope: Scope) -> str:
    return f"       No variable is set: config:set {scope.app or '--global'} KEY=VALUE"


@group.command("get", permission="app:write")
def get(
    host: Host,
    scope: Scope,
    key: Key,
    *,
    quote: Quoted = False,
) -> CommandResult:
    """Print one variable; the exit status is 1 when it is not set.

    config:get blog DATABASE_URL
    """
    secret = secrets_of(host, scope, False).get(key)
    if secret is None:
        # Nothing goes to standard output, as in Dokku. The JSON has the same keys as for every error.
        missing = {"error": "not_set", "message": f"{key} is not set", "hint": "", "details": [], "exit_code": 1}
        return CommandResult({**missing, "plugin": None, "key": key, "value": None}, status=1)
    value = secret.reveal()
    shown = quoted(value) if quote else value
    return CommandResult({"key": key, "value": value}, raw=f"{shown}\n".encode())


@group.command("keys", permission="app:write")
def keys(host: Host, scope: Scope, *, merged: Merged = False) -> CommandResult:
    """Print the names of the variables."""
    names = [str(key) for key in secrets_of(host, scope, merged)]
    return CommandResult(names, lines_or(names, none_set(scope)))


@group.command("set", permission="app:write", mutating=True, secret_args=True)
def set_config(
    host: Host,
    scope: Scope,
    assignments: Annotated[list[str], Arg("KEY=VALUE")] = [],  # noqa: B006 - never changed
    *,
    encoded: Annotated[bool, Opt("--encoded", help="The values are encoded as base64")] = False,
    stdin: Annotated[bool, Opt("--stdin", help="KEY without =VALUE: its value is standard input")] = False,
    no_restart: NoRestart = False,
) -> CommandResult:
    """Set variables, and restart the app with them.

    config:set blog GREETING=hello COLOR=blue
    config:set blog --stdin CERTIFICATE < cert.pem
    config:set --global --no-restart TZ=Europe/Berlin
    """
    from dokkupy_sdk.names import Secret

    app_of(host, scope)
    if not assignments:
        raise UserError("At least one env pair must be given", hint="config:set APP KEY=VALUE")
    if stdin:
        assignments = [from_input(assignments)]
    changes: dict[EnvKey, Secret | None] = {}
    for number, word in enumerate(assignments):
        name, mark, value = word.partition("=")
        if not mark:
            raise no_pair(assignments, number)
        changes[EnvKey(name)] = Secret(decoded(value) if encoded else value)
    announce(host, changes)
    return apply(host, scope, changes, no_restart=no_restart)


def from_input(names: list[str]) -> str:
    """`KEY=VALUE` with the value from standard input, without the final line break that an editor or `echo` adds."""
    import sys

    if len(names) != 1 or "=" in names[0]:
        raise UserError("--stdin takes one KEY, without a value", hint="Such as: config:set APP --stdin KEY < FILE")
    if sys.stdin.isatty():
        raise UserError(
            f"--stdin reads the value of {EnvKey(names[0])} from standard input, which is a terminal",
            hint="Such as: config:set APP --stdin KEY < FILE",
        )
    data = sys.stdin.buffer.read(LARGEST_INPUT)  # more than any variable may have, which is then refused
    try:
        return f"{names[0]}={data.decode().removesuffix(chr(10))}"
    except UnicodeDecodeError:
        raise UserError("The value on standard input is not UTF-8 text", hint="Use --encoded with base64.") from None


def no_pair(assignments: list[str], number: int) -> UserError:
    """The error for an argument without `=`. The argument may be a part of a secret, so the error names the one before
    it."""
    before = assignments[number - 1].partition("=")[0] if number else ""
    if not EnvKey.fits(before):
        return UserError("Invalid env pair: the first argument has no =", hint="Give KEY=VALUE.")
    return UserError(
        f"Invalid env pair: the argument after {before}=... has no =",
        hint=f"Was the value of {before} split at a space? Over SSH, quote twice: \"{before}='two words'\"",
    )


def announce(host: Host, changes: Mapping[EnvKey, Secret | None]) -> None:
    if changes:
        host.out.announce("Setting config vars", *(f"{key}:  ***" for key in changes))
    else:
        host.out.announce("There is no variable to set")


def decoded(text: str) -> str:
    import base64

    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        raise UserError("A value is not UTF-8 text encoded as base64", hint="Encode it: base64 -w 0 < FILE") from None


@group.command("unset", permission="app:write", mutating=True)
def unset(
    host: Host, scope: Scope, names: Annotated[list[EnvKey], Arg("KEY")], *, no_restart: NoRestart = False
) -> CommandResult:
    """Unset variables, and restart the app without them.

    config:unset blog GREETING
    """
    present = secrets_of(host, scope, False)
    for key in names:
        if key in present:
            host.out.announce(f"Unsetting {key}")
        else:
            host.out.announce(f"Skipping {key}, it is not set in the environment")
    return apply(host, scope, dict.fromkeys(names), no_restart=no_restart)


@group.command("clear", permission="app:write", mutating=True)
def clear(host: Host, scope: Scope, *, no_restart: NoRestart = False) -> CommandResult:
    """Unset all variables."""
    host.out.announce("Unsetting all config vars")
    if not secrets_of(host, scope, False):
        host.out.warn("No variables are set")
    return apply(host, scope, {}, no_restart=no_restart, replace=True)


def apply(
    host: Host,
    scope: Scope,
    changes: Mapping[EnvKey, Secret | None],
    *,
    no_restart: bool,
    replace: bool = False,
) -> CommandResult:
    from dokkupy_apps.desired.config import set_env
    from dokkupy_sdk.legacy_env import legacy_lines
    from dokkupy_sdk.operation import operation

    app = app_of(host, scope)
    takes_away = replace or not any(value is not None for value in changes.values())
    with operation(host, "config:set", f"app:{app}" if app else "host", takes_away=takes_away) as tx:
        changed = set_env(tx, app, changes, replace=replace)
    restarted = False
    for line in legacy_lines(host, app, [str(key) for key, value in changes.items() if value is not None]):
        host.out.warn(line)
    if changed and app is not None and not no_restart:
        from dokkupy_apps.processes.redeploy import restart_with_config

        try:
            restarted = restart_with_config(host, app)
        except BaseException:
            host.out.warn(
                f"The configuration of {app} is changed, but its instances keep the earlier one: ps:restart {app} starts them "
                "with the new one; config:set or config:unset changes it back"
            )
            raise
    if changed and not restarted:
        from dokkupy_apps.settings.effect import announce_effect

        announce_effect(host, app)
    return CommandResult({"app": app, "changed": changed, "restarted": restarted})


LARGEST_INPUT = 2 * MOST
"""The most bytes of a file of variables: quotes, comments and escapes make it larger than the variables."""

FORMATS = ("exports", "envfile", "docker-args", "docker-args-keys", "shell", "pretty", "json", "json-list", "pack-keys")


@group.command("export", permission="app:write", formats=False)
def export(
    host: Host,
    scope: Scope,
    *,
    format: Annotated[str, Opt("--format", help=", ".join(FORMATS), complete=FORMATS)] = "exports",
    merged: Merged = False,
) -> CommandResult:
    """Print the variables for another program.

    config:export blog > blog.env
    """
    env = variables(host, scope, merged)
    return CommandResult(env, raw=exported(env, format))


def exported(env: Mapping[str, str], format: str) -> bytes:
    """The variables in one of FORMATS. Raises UserError for another one."""
    import json

    lines = {
        "exports": [f"export {key}={quoted(value)}" for key, value in env.items()],
        "envfile": [f"{key}={in_envfile(value)}" for key, value in env.items()],
        "docker-args": [" ".join(f"--env={key}={quoted(value)}" for key, value in env.items())],
        "docker-args-keys": [" ".join(f"--env={key}" for key in env)],
        "shell": [" ".join(f"{key}={quoted(value)}" for key, value in env.items())],
        "pretty": [f"{key}:  {value}" for key, value in env.items()],
        "json": [json.dumps(env)],
        "json-list": [json.dumps([{"name": key, "value": value} for key, value in env.items()])],
        "pack-keys": [" ".join(f"--env {key}" for key in env)],
    }
    if format not in lines:
        raise UserError(f"Unknown export format: {format[:40]!r}", hint=f"Formats: {', '.join(FORMATS)}")
    return "".join(f"{line}\n" for line in lines[format]).encode()


def in_envfile(text: str) -> str:
    """The value in double quotes; in single quotes if other programs would replace a part of it, such as `$NAME`."""
    if any(character in text for character in "$`!") and not any(character in text for character in "'\\\r\n"):
        return f"'{text}'"
    for character, escape in {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "$": "\\$", "`": "\\`"}.items():
        text = text.replace(character, escape)
    return f'"{text}"'


@group.command("bundle", permission="app:write", formats=False)
def bundle(host: Host, scope: Scope, *, merged: Merged = False) -> CommandResult:
    """Write a tar archive to standard output, with one file for each variable.

    config:bundle blog > variables.tar
    """
    import io
    import tarfile

    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for key, value in variables(host, scope, merged).items():
            member = tarfile.TarInfo(key)
            member.size = len(value.encode())
            member.mode = 0o600
            tar.addfile(member, io.BytesIO(value.encode()))
    return CommandResult(raw=data.getvalue())


@group.command("import", permission="app:write", mutating=True, formats=False, keeps_root=True)
def import_config(
    host: Host,
    scope: Scope,
    file: Annotated[str, Arg("FILE")] = "-",
    *,
    format: Annotated[str, Opt("--format", help="Format of the file", complete=("envfile", "json"))] = "envfile",
    replace: Annotated[bool, Opt("--replace", help="Also unset variables that are not in the file")] = False,
    no_restart: NoRestart = False,
) -> CommandResult:
    """Set the variables that a file lists; `-` reads standard input.

    config:import blog < .env
    """
    from dokkupy_sdk.files import read_file, read_input
    from dokkupy_sdk.names import Secret
    from dokkupy_sdk.text import reason_of
    from dokkupy_sdk.users import as_caller

    if file != "-" and host.who.startswith("key:"):
        raise UserError("Over SSH only standard input can be imported", hint="config:import APP - < FILE")
    try:
        most = LARGEST_INPUT + 1
        text = as_caller(host, lambda: read_input(most) if file == "-" else read_file(file, most))
        if len(text.encode()) > LARGEST_INPUT:
            raise ValueError(
                f"it has more than {LARGEST_INPUT} bytes, which are more than the variables of an app may have"
            )
    except (OSError, ValueError) as error:
        raise UserError(
            f"{file[:80]!r} cannot be read: {reason_of(error)}",
            hint="Check the path, or pass the file on standard input: config:import APP - < FILE",
        ) from None
    read = reader(host, format)
    changes: dict[EnvKey, Secret | None] = {EnvKey(key): Secret(value) for key, value in read(host, text).items()}
    announce(host, changes)
    return apply(host, scope, changes, no_restart=no_restart, replace=replace)


def reader(host: Host, format: str) -> Callable[[Host, str], dict[str, str]]:
    """The function that reads a format. JSON is built in; plugins offer the others (`dokkupy.env_format`)."""
    if format == "json":
        return read_json
    entry = host.registry.find("dokkupy.env_format", format)
    if entry is None:
        known = ", ".join(sorted({"json", *host.registry.group("dokkupy.env_format")}))
        hint = f"Formats: {known}." + (" Install dokkupy-dotenv for it." if format == "envfile" else "")
        raise UserError(f"Unknown import format: {format[:40]!r}", hint=hint)
    return host.registry.load(entry)  # type: ignore[no-any-return]


def read_json(host: Host, text: str) -> dict[str, str]:
    import json

    try:
        table = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"The JSON is invalid: {error}") from None
    if not isinstance(table, dict) or not all(isinstance(value, (str, int, float, bool)) for value in table.values()):
        raise UserError("The JSON must be an object whose values are strings", hint='Such as {"KEY": "value"}.')
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in table.items()}
