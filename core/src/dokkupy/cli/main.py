"""The entry point: global flags, privileges, dispatch, errors and the audit."""

from __future__ import annotations

import os
import sys

from dokkupy.cli.declare import Command, CommandResult, Group, find_namespace, usage
from dokkupy.cli.output import COLOUR, Terminal, harmless, painted
from dokkupy.cli.parse import TEXT, Invocation, WantsHelp, asked, parse, require_text
from dokkupy.errors import DokkupyError, PluginError, UserError
from dokkupy.host import Host
from dokkupy.kernel.session import ROOT, keep_temporary_files_in
from dokkupy.kernel.users import become_owner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from dokkupy.cli.declare import Parameter

ENTRIES = "dokkupy.entries"
CORRECTIONS = "dokkupy.corrections"
"""Functions `(host, typed, error)` that add what was meant to an error's hint, or return a line to run instead."""
SWITCHES = ("--quiet", "--trace", "--force")


class Globals:
    """The global flags before (or among) a command's own arguments."""

    __slots__ = ("app", "force", "labels", "quiet", "trace")

    def __init__(self) -> None:
        self.quiet = os.environ.get("DOKKU_QUIET_OUTPUT") == "1"
        self.trace = os.environ.get("DOKKU_TRACE") == "1"
        self.force = os.environ.get("DOKKU_APPS_FORCE_DELETE") == "1"
        self.app = os.environ.get("DOKKU_APP_NAME", "")
        self.labels: list[str] = []

    def take(self, words: list[str]) -> bool:
        """Take the global flag with which the words begin; False if they begin with something else."""
        name, equals, value = words[0].partition("=")
        if name in SWITCHES and not equals:
            setattr(self, name.removeprefix("--"), True)
        elif name in ("--app", "--label") and (equals or len(words) > 1):
            value = value if equals else words.pop(1)
            if name == "--app":
                self.app = value
            else:
                self.labels.append(value)
        else:
            return False
        words.pop(0)
        return True


def run() -> NoReturn:
    """The console entry of `dokkupy` and `dokku`."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # the caller closed it
            setattr(sys, name, open(os.devnull, mode))
    keep_temporary_files_in(os.environ.get("DOKKUPY_ROOT") or ROOT)
    try:
        words = sys.argv[1:]
        status = enter(words) if words and words[0].endswith("-entry") else main(words)
    except KeyboardInterrupt:
        status = 130
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.stderr.flush()
    # Every file is closed or synced, so skip the interpreter's shutdown, which takes 3 ms.
    os._exit(status)


def enter(words: list[str]) -> int:
    """Run a command for a server such as sshd. An entry point of `dokkupy.entries` turns the server's arguments into the
    command line and its user. Only the launcher calls this, so nobody can type an entry as a command."""
    host = Host(os.environ.get("DOKKUPY_ROOT") or ROOT, out=Terminal())
    try:
        entry = host.registry.find(ENTRIES, words[0])
        if entry is None:
            from dokkupy.cli.unknown import UnknownCommand

            raise UnknownCommand(words[0], host)
        typed, who = host.registry.load(entry)(words[1:])
    except BaseException as error:
        return report(error, host)
    return main(typed, host=Host(host.root, who=who, registry=host.registry))


def main(words: list[str], *, who: str = "", root: str | None = None, host: Host | None = None) -> int:
    """Run one command; returns its exit status.

    who: the SSH key's name, empty for a local user. host: an existing one (tests, embedding).
    """
    typed, (flags, words) = words, split_globals(list(words))
    name = words[0] if words else "help"
    name = {"-v": "version", "--version": "version", "-h": "help", "--help": "help"}.get(name, name)
    out = Terminal(quiet=flags.quiet, trace=flags.trace)
    if host is None:
        host = Host(root or os.environ.get("DOKKUPY_ROOT") or ROOT, out=out, who=who or local_user())
    return run_command(host.for_invocation(out=out, who=who or host.who), out, flags, name, words, typed)


def run_command(host: Host, out: Terminal, flags: Globals, name: str, words: list[str], typed: list[str]) -> int:
    call: Invocation | None = None
    try:
        require_text(words)
        require_readable(host)
        command, rest = resolve(host, name, words[1:])
        if not command.keeps_root:
            become_owner(host.root)
        if not out.trace and host.store.has_file("global", "trace"):
            from dokkupy.model.state import TraceFile

            out.trace = host.store.load_derived(TraceFile).on  # a broken file must not prevent `doctor`
        rest = take_late_globals(flags, command, rest)
        rest = with_labels(command, flags.labels, rest)
        out.quiet, out.trace = flags.quiet, out.trace or flags.trace
        line = host.audit.line(command, [f"--app={flags.app}", *rest] if flags.app else rest)
        host = host.for_invocation(force=flags.force, command=line)
        try:
            call = parse(command, rest, flags.app)
        except WantsHelp:
            is_bare = ":" not in name and len(rest) == len(words) - 1 and command.group.bare and command.name
            call = parse(
                *resolve(host, "help" if is_bare else "help:command", [name if is_bare else command.full_name])
            )
        call_status = invoke(host, call)
    except BaseException as error:
        full_name, form = (call.command.full_name, call.format) if call else (name, asked(words))
        if instead := corrected(host, typed, error):
            return main(instead, host=host)
        call_status = report(error, host, full_name, form)
    if call is not None and (call.recorded or call_status):
        host.audit.record_call(host, call, call_status)
    return call_status


def split_globals(words: list[str]) -> tuple[Globals, list[str]]:
    """Split off Dokku's global flags before the command."""
    flags = Globals()
    while words and flags.take(words):
        pass
    return flags, words[1:] if words[:1] == ["--"] else words


def take_late_globals(flags: Globals, command: Command, words: list[str]) -> list[str]:
    """Split off global flags after the command, because Dokku accepts them there too. Flags that the command itself
    declares stay with it, and so do the arguments of a one-off command."""
    if not any(word.partition("=")[0] in (*SWITCHES, "--app") for word in words):
        return words
    from dokkupy.cli.declare import parameters

    declared = parameters(command.function)
    own = {flag: not item.is_bool for item in declared for flag in item.flags if item.kind == "option"}
    has_rest = any(item.kind == "rest" for item in declared)
    left: list[str] = []
    rest = list(words)
    while rest and rest[0] != "--" and not (has_rest and not rest[0].startswith("-")):
        if rest == ["--app"] and "--app" not in own:
            raise UserError("flag needs an argument: --app")
        if rest[0].partition("=")[0] not in (*own, "--label") and flags.take(rest):
            continue
        left.append(rest.pop(0))
        if own.get(left[-1]) and rest:
            left.append(rest.pop(0))
    return [*left, *rest]


def with_labels(command: Command, labels: list[str], words: list[str]) -> list[str]:
    """Pass the labels before the command on as its options: `dokku --label=KEY=VALUE run APP ...`."""
    if not labels:
        return words
    from dokkupy.cli.declare import parameters

    if not any("--label" in item.flags for item in parameters(command.function)):
        raise UserError(f"--label has no effect on {command.full_name}: only run and run:detached use it")
    return [f"--label={label}" for label in labels] + words


def local_user() -> str:
    """The name that the audit keeps. The environment lacks it where nobody logged in, as under cron."""
    if name := os.environ.get("SUDO_USER") or os.environ.get("USER"):
        return name
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def require_readable(host: Host) -> None:
    """Raise UserError if the caller may not read the state."""
    if os.getuid() != 0 and os.path.isdir(host.root) and not os.access(host.root, os.R_OK | os.X_OK):
        hint = "On the server: sudo dokkupy .... From elsewhere, with a key: ssh dokku@HOST ..."
        raise UserError(f"The user {local_user()} may not read dokkupy's state in {host.root}", hint=hint)


def resolve(host: Host, name: str, rest: list[str]) -> tuple[Command, list[str]]:
    """The command of a name (`apps:create`, `apps create`, `apps` or an alias), and its arguments."""
    namespace, _, verb = name.partition(":")
    entry = find_namespace(host.registry, namespace)
    if entry is None:
        from dokkupy.cli.unknown import UnknownCommand

        raise UnknownCommand(name, host)
    group = host.registry.load(entry)
    if not isinstance(group, Group):
        raise PluginError(
            f"Plugin {entry.plugin} names {entry.module} as a command group, but it is not one", plugin=entry.plugin
        )
    if verb:
        found = group.commands.get(verb)
        if found is None and verb == "help":
            return resolve(host, "help", [namespace])
        if found is None:
            from dokkupy.cli.unknown import UnknownCommand

            raise UnknownCommand(name, host, group)
        return found, rest
    if "" in group.commands:
        return group.commands[""], rest
    if rest and rest[0] in group.commands and rest[0] != "":
        return group.commands[rest[0]], rest[1:]
    if group.bare is not None:
        return group.commands[group.bare], rest
    return resolve(host, "help", [namespace])


def handle_of(command: Command, option: Parameter) -> str:
    """The name by which a plugin declares that it implements an option: `resource.limit.network`."""
    return f"{command.full_name.replace(':', '.')}.{option.name.replace('_', '-')}"


def invoke(host: Host, call: Invocation) -> int:
    command = call.command
    if command.root and os.getuid() != 0:
        raise UserError("This command must be run as root", hint=f"sudo dokkupy {command.full_name} ...")
    if host.who.startswith("key:"):
        from dokkupy.cli.permission import check_call

        check_call(host, call)
    for flag, option in call.inert.items():
        if not host.registry.handles(handle_of(command, option)):
            host.out.warn(f"{flag} has no effect: {option.inert}")
    if call.surplus:
        words = "the last argument" if command.secret_args else " ".join(call.surplus)[:80]  # it may be a secret
        host.out.warn(f"Ignored: {words} (usage: {usage(command)})")
    if call.format not in TEXT:
        from dokkupy.cli.formats import written

        written(host, command.full_name, call.format, CommandResult())  # one that nobody writes is refused first
        # Progress goes to standard error, so that standard output is one document.
        quiet, trace = getattr(host.out, "quiet", False), getattr(host.out, "trace", False)
        host = host.for_invocation(out=Terminal(quiet=quiet, trace=trace, is_json=True))
    if call.dry_run:
        plan: CommandResult = host.role("planner", "dry-run").run(call)
        show(host, plan, call)
        return plan.status
    answer: Any = command.function(host, *call.arguments, **call.keywords)
    host.out.proceed()
    if isinstance(answer, int):
        answer = CommandResult({"command": command.full_name, "status": answer}, status=answer)
    if answer is None:
        answer = CommandResult({"command": command.full_name, "app": call.app, "dry_run": False, "status": 0})
    call.recorded = answer.recorded
    show(host, answer, call)
    return int(answer.status)


def show(host: Host, answer: CommandResult, call: Invocation) -> None:
    if call.format not in TEXT:
        from dokkupy.cli.formats import written

        sys.stdout.write(written(host, call.command.full_name, call.format, answer))
    elif answer.raw is not None:
        sys.stdout.flush()
        sys.stdout.buffer.write(answer.raw)
        sys.stdout.buffer.flush()
    else:
        if answer.header:
            host.out.header(answer.header)
        columns = () if getattr(host.out, "quiet", False) else answer.columns
        for line in (*columns, *answer.text):
            sys.stdout.write(painted(harmless(line, COLOUR), sys.stdout) + "\n")


def report(error: BaseException, host: Host, command: str = "", form: str = "stdout") -> int:
    """Show an error and return its exit status. With `--trace`, an unexpected error is shown with its traceback."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 1
    if isinstance(error, BrokenPipeError):
        return 141
    from dokkupy.errors import as_errors

    errors = as_errors(error) or [wrapped(error, host)]
    first = errors[0]
    if form not in TEXT:
        from dokkupy.cli.formats import written

        sys.stdout.write(written(host, command, form, first))
    for one in errors:
        details = () if one.details_shown else one.details
        for line in (*([one.message] if one.message else ()), *details, *one.hint.splitlines()):
            host.out.error(line)
    return first.exit_code


def corrected(host: Host, typed: list[str], error: BaseException) -> list[str]:
    """The command line to run in place of a mistyped one, if a person chose it. Otherwise the error's hint may have grown."""
    is_open = isinstance(error, UserError) or bool(getattr(error, "hint", ""))
    for entry in host.registry.group(CORRECTIONS).values() if is_open else ():
        try:
            if instead := host.registry.load(entry)(host, typed, error):
                return list(instead)
        except Exception:  # such as a broken record of keys, or a plugin's fault: the error itself is still shown
            continue
    return []


def wrapped(error: BaseException, host: Host) -> DokkupyError:
    if isinstance(error, KeyboardInterrupt):
        return DokkupyError("Interrupted", exit_code=130, code="interrupted")
    import traceback

    from dokkupy.kernel.files import DISK, unwritable

    if isinstance(error, OSError) and error.errno in DISK:
        return unwritable(error)
    trace = traceback.format_exception(error)
    try:
        host.events.record("internal_error", error="".join(trace)[-8000:], command=host.command)
    except OSError:
        pass
    details = tuple("".join(trace).splitlines()) if getattr(host.out, "trace", False) else ()
    return DokkupyError(
        f"Internal error: {type(error).__name__}: {error}",
        hint="" if details else "Run it again with --trace for the details, and please report it.",
        details=details,
        code="internal_error",
    )
