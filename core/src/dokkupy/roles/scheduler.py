"""The roles of a scheduler, which makes a release's processes run: one adapter has all three."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

from dokkupy.model.activity import Activity
from dokkupy.model.checks import Readiness
from dokkupy.model.names import AppName, ProcessType
from dokkupy.model.release import Instance, InstanceStatus, Release

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dokkupy.kernel.transaction import Transaction
    from dokkupy.model.crash import Ending
    from dokkupy.roles.containers import ContainerSpec, ExecResult


class Scheduler(ABC):
    """Starts and ends instances. Core decides which; the scheduler decides where and how."""

    @abstractmethod
    def prepare(self) -> Readiness: ...

    @abstractmethod
    def start(
        self, release: Release, wanted: Sequence[tuple[ProcessType, int]], deployment: str, tx: Transaction[Any]
    ) -> tuple[Instance, ...]:
        """Start one instance for each (process type, index), beside whatever runs, under temporary names.

        Postcondition: every instance returned was started and not dead on arrival. The undo for them is
        registered on tx *before* the first is created. Raises AppError naming the instance that would not start.
        """

    @abstractmethod
    def finalize(self, app: AppName, serving: Sequence[Instance], retiring: Sequence[Instance]) -> None:
        """After the switch: give the serving instances their final names and the retiring ones theirs. Idempotent."""

    @abstractmethod
    def retire(self, instances: Sequence[Instance], *, timeout: int, drain: int | None = None) -> None:
        """Stop (signal, `timeout` seconds, kill) and remove these instances; idempotent. drain: seconds that a web
        instance may first go on with the connections that it has; None: as long as `timeout`."""

    @abstractmethod
    def stop(self, instances: Sequence[Instance], *, timeout: int) -> None:
        """Stop but keep them; they do not come back by themselves at boot. Idempotent."""

    @abstractmethod
    def resume(self, release: Release, instances: Sequence[Instance]) -> tuple[Instance, ...]:
        """Start stopped instances again with the release's restart policy. Returns those that run now; the others
        are gone or will not start and must be started again."""

    @abstractmethod
    def orphans(self, app: AppName, known: Sequence[Instance]) -> tuple[Instance, ...]:
        """Containers that carry the app's label as instances and are not among the known."""

    @abstractmethod
    def forget(self, app: AppName) -> None:
        """Remove everything that the app has here: containers, network. Idempotent."""


class Instances(ABC):
    """Looks at instances and enters them."""

    @abstractmethod
    def status(self, instances: Sequence[Instance]) -> tuple[InstanceStatus, ...]:
        """In the order given; an instance that is gone has the state `missing`. The exit code is that of
        its last end, also of one that runs again. Does not import heavy libraries."""

    def activity(self, instances: Sequence[Instance]) -> tuple[Activity, ...]:
        """What their processes do at this moment, in the order given; asked ten times a second while instances start.
        A scheduler that cannot see them need not have this method."""
        return tuple(Activity() for _ in instances)

    @abstractmethod
    def logs(
        self,
        instance: Instance,
        *,
        tail: int | None = None,
        follow: bool = False,
        timestamps: bool = False,
        since: int = 0,
    ) -> Iterator[tuple[str, bytes]]:
        """What an instance prints: lines as ("stdout" | "stderr", bytes without the newline). tail: the last lines
        alone. since: epoch seconds; earlier lines are left out. follow: those that come too, until the instance ends.
        timestamps: an RFC 3339 time and a blank stand before each line. Raises NotFound when it is gone."""

    @abstractmethod
    def exec(self, instance: Instance, command: Sequence[str], *, timeout: float = 30.0, user: str = "") -> ExecResult:
        """Run a command beside a running instance and wait. Raises TimeoutError."""

    @abstractmethod
    def attach_argv(self, instance: Instance, command: Sequence[str], *, tty: bool) -> list[str]:
        """The argv of a program that runs a command beside a running instance on the caller's own terminal."""

    @abstractmethod
    def steady(self, seconds: float) -> frozenset[str]:
        """Ids of the instances, of whatever app, that have been running for at least `seconds` without a break. One
        cheap question for all of them, asked every minute: where in doubt, one is left out."""

    @abstractmethod
    def endings(self, since: float) -> Mapping[str, Sequence[Ending]]:
        """Instance id -> how it ended since a time (epoch seconds), oldest first, of all apps, as far as it is
        remembered: not over a start of the engine."""

    @abstractmethod
    def inspect(self, instances: Sequence[Instance]) -> list[Mapping[str, Any]]:
        """All that the engine behind it says of instances, in its own form, with the values of the environment masked;
        those that are gone are left out."""


class Surroundings(ABC):
    """What an app's processes have around them, for what is no instance: one-off containers, and guests in its network."""

    @abstractmethod
    def one_off(
        self, release: Release, command: tuple[str, ...] | str | None, *, name: str, kind: str, dyno: str
    ) -> ContainerSpec:
        """A spec for a one-off container in the release's surroundings: environment (with DYNO=`dyno`, PORT),
        network (created when missing), docker options of the phase `run`, labels (dokkupy.kind=`kind`: run, task or
        cron). command: argv words, or a Procfile command's text, or None for the image's own. Core hands it to the
        engine, for the user's own terminal together with `start_argv`."""

    @abstractmethod
    def connect_services(self, app: AppName) -> None:
        """Let the app's guests (the hook `linked_containers`) into its network by their names, put others of them out. Done by
        the scheduler itself before something is started; asked for when guests change. Idempotent; an app that never
        ran has no network yet, and nothing is done."""
