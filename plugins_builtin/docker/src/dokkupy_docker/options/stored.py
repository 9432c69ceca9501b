"""The stored docker options of apps: by phase, and for the phase deploy also by process; as typed by the user, one entry
for each option (reference, section 1.10)."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

PHASES = ("build", "deploy", "run")
WORD = r"""(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+"""


class DockerOptionsFile(Record, file="apps/*/docker-options"):
    """The options of an app. phases: phase -> options. processes: process type -> its options, only for the phase
    deploy."""

    phases: Mapping[str, tuple[str, ...]] = {}
    processes: Mapping[str, Mapping[str, tuple[str, ...]]] = {}


def options_of(host: Host, app: AppName, phase: str, process: str = "") -> list[str]:
    """The options of a phase, or of one process in it."""
    record = host.store.load(DockerOptionsFile, app)
    kept = record.processes.get(process, {}) if process else record.phases
    return list(kept.get(phase, ()))


def processes_of(host: Host, app: AppName) -> list[str]:
    """The process types that have options of their own."""
    table = host.store.load(DockerOptionsFile, app).processes
    return sorted(name for name, kept in table.items() if kept.get("deploy"))


def options_for(host: Host, app: AppName, phase: str, process: str) -> list[str]:
    """The options of a container of a process."""
    own = options_of(host, app, phase, process) if phase == "deploy" and process else []
    return [*options_of(host, app, phase), *own]


def placed(host: Host, app: AppName) -> Iterable[tuple[str, str, str]]:
    """(process type or empty, phase, option) of all that are set."""
    for phase in PHASES:
        yield from (("", phase, text) for text in options_of(host, app, phase))
    for process in processes_of(host, app):
        yield from ((process, "deploy", text) for text in options_of(host, app, "deploy", process))


def without(record: DockerOptionsFile, gone: Collection[tuple[str, str, str]]) -> DockerOptionsFile:
    def left(process: str, table: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        return {
            phase: tuple(text for text in texts if (process, phase, text) not in gone) for phase, texts in table.items()
        }

    processes = {process: left(process, table) for process, table in record.processes.items()}
    return record.replace(phases=left("", record.phases), processes=processes)


def all_options(host: Host, app: AppName) -> Iterable[str]:
    for phase in ("deploy", "run"):
        yield from options_of(host, app, phase)
    for process in processes_of(host, app):
        yield from options_of(host, app, "deploy", process)


def divided(words: Sequence[str]) -> list[str]:
    """Split arguments into options, each as it was typed. One argument may contain several options (`"-v /a:/b --label
    x"`). A value that is a separate argument keeps its spaces."""
    import re
    import shlex

    text = " ".join(word if is_flag(word) or is_one(word) else shlex.quote(word) for word in words).strip()
    try:
        shlex.split(text)
    except ValueError as error:
        raise UserError(f"{text[:60]!r} cannot be split into arguments: {error}", hint="Close each quote.") from None
    found: list[str] = []
    for word in re.findall(WORD, text):
        if is_flag(word):
            found.append(word)
        elif not found:
            raise UserError(f"{text[:60]!r} is not an option of docker: it begins with a dash")
        else:
            found[-1] += f" {word}"
    return found


def is_flag(word: str) -> bool:
    """Whether an argument begins with `-x` or `--x`."""
    first = word.removeprefix("--" if word.startswith("--") else "-")[:1]
    return word.startswith("-") and first.isascii() and first.isalpha()


def is_one(word: str) -> bool:
    import shlex

    try:
        return len(shlex.split(word)) == 1
    except ValueError:
        return False


def same(one: str, other: str) -> bool:
    """Whether two options are equal regardless of quoting."""
    import shlex

    try:
        return one == other or shlex.split(one) == shlex.split(other)
    except ValueError:
        return False
