"""Every error that dokkupy raises on purpose, as one tree, by what the reader should do about it.

    DokkupyError
    ├── UserError          correct the command and run it again
    │   ├── NotFound       the thing named does not exist (AppNotFound: exit 20, as in Dokku)
    │   └── Conflict       the thing named exists already, or is in the way
    ├── Busy               wait: somebody else holds the lock; the message names who
    ├── Denied             ask an admin: the key or user lacks the permission
    ├── AppError           fix the app: its build, release task, check or process failed
    │   └── CheckFailed    instances did not become healthy; carries them (`dokkupy_sdk.errors`)
    ├── HostError          fix the host: engine, proxy, disk, network or a missing program
    ├── StateError         fix the state file that the message names (file and line)
    ├── PluginError        the plugin named raised, hung, is missing or does not fit
    └── Interrupted        a signal ended the operation; it was rolled back

Each has a message (what happened, to what), a hint (what to do), a stable code for scripts and an exit code.
"""

from __future__ import annotations


class DokkupyError(Exception):
    """The base of every error that is shown without a traceback.

    message: one sentence, what happened to what. hint: what to do; may be empty. details: more lines, such as the last
    log lines of an instance. details_shown: whether the user saw these lines as they were printed, so that only JSON and
    records repeat them. code: stable, in snake case, for `--format json`. exit_code: the process's exit status.
    """

    code = "error"
    exit_code = 1

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        details: tuple[str, ...] = (),
        details_shown: bool = False,
        code: str | None = None,
        exit_code: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.details = details
        self.details_shown = details_shown
        if code is not None:
            self.code = code
        if exit_code is not None:
            self.exit_code = exit_code

    @property
    def __notes__(self) -> list[str]:  # type: ignore[override]  # details and hint may change later
        """What Python and pytest print below the message of an exception."""
        return [*self.details, *((f"hint: {self.hint}",) if self.hint else ())]


class UserError(DokkupyError):
    """The input is wrong; nothing was changed."""

    code = "bad_input"


class NotFound(UserError):
    """What the command names does not exist."""

    code = "not_found"


class AppNotFound(NotFound):
    """The app does not exist. Its exit code 20 is Dokku's."""

    code = "app_not_found"
    exit_code = 20

    def __init__(self, app: str) -> None:
        super().__init__(f"App {app} does not exist")
        self.app = app


class Conflict(UserError):
    """What the command would create exists already, or something refers to what it would remove."""

    code = "conflict"


class Busy(DokkupyError):
    """A running operation holds the lock."""

    code = "busy"


class Denied(DokkupyError):
    """The key or user may not do this."""

    code = "denied"


class AppError(DokkupyError):
    """The app's own code, image, check or command failed."""

    code = "app_failed"


class HostError(DokkupyError):
    """Something on the host that dokkupy needs is missing, down or full."""

    code = "host_fault"


class StateError(DokkupyError):
    """A state file cannot be read. It is never treated as an empty one."""

    code = "bad_state"


class PluginError(DokkupyError):
    """A plugin raised, hung, is missing or claims a name of another plugin."""

    code = "plugin_fault"

    def __init__(self, message: str, *, plugin: str, hint: str = "", details: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint, details=details)
        self.plugin = plugin


class Interrupted(DokkupyError):
    """A signal (or a failpoint of the tests) ended the operation."""

    code = "interrupted"
    exit_code = 130


def as_errors(error: BaseException) -> list[DokkupyError]:
    """The dokkupy errors in an exception or a group of them, first cause first, each message once."""
    if isinstance(error, DokkupyError):
        return [error]
    if isinstance(error, BaseExceptionGroup):
        found = [one for part in error.exceptions for one in as_errors(part)]
        return [one for at, one in enumerate(found) if all(one.message != other.message for other in found[:at])]
    return []


def messages(error: BaseException) -> list[str]:
    """The messages of an error or a group of errors of any type, because an undo may fail with any."""
    if isinstance(error, BaseExceptionGroup):
        return list(dict.fromkeys(text for part in error.exceptions for text in messages(part)))
    of_file = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else ""
    return [error.message if isinstance(error, DokkupyError) else of_file or f"{type(error).__name__}: {error}"]
