"""The roles of a scheduler, which runs a release's processes. One adapter has all three."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence

from dokkupy.model.checks import Readiness
from dokkupy.model.names import AppName, ProcessType
from dokkupy.model.release import Activity, Instance, InstanceStatus, Release

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dokkupy.kernel.transaction import Transaction
    from dokkupy.model.crash import Ending
    from dokkupy.roles.containers import ContainerSpec, ExecResult


class Scheduler(ABC):
    """Starts and ends instances. The caller decides which; the scheduler decides where and how."""

    @abstractmethod
    def prepare(self) -> Readiness: ...

    @abstractmethod
    def start(
        self,
        release: Release,
        wanted: Sequence[tuple[ProcessType, int]],
        deployment: str,
        tx: Transaction[Any],
        *,
        on_addresses: Callable[[Sequence[Instance]], None] | None = None,
    ) -> tuple[Instance, ...]:
        """Start one instance for each (process type, index), with temporary names, beside those that run.

        Every returned instance has started and not ended immediately. The undo is registered on tx *before* the first is
        created. Raises AppError with the name of an instance that does not start.

        on_addresses: call it with the instances, which have no ids yet, before they start and as soon as it is known where
        they will listen. The proxy validates the new route meanwhile. A scheduler that does not know does not call it.
        """

    @abstractmethod
    def finalize(self, app: AppName, serving: Sequence[Instance], retiring: Sequence[Instance]) -> None:
        """After the switch, give the serving and the retiring instances their final names. Idempotent."""

    @abstractmethod
    def retire(self, instances: Sequence[Instance], *, timeout: int, drain: int | None = None) -> None:
        """Stop (signal, `timeout` seconds, kill) and remove these instances. Idempotent. drain: seconds for which a web
        instance may first continue its open connections; None means `timeout`."""

    @abstractmethod
    def stop(self, instances: Sequence[Instance], *, timeout: int) -> None:
        """Stop these instances but keep them. They do not start by themselves at boot. Idempotent."""

    @abstractmethod
    def resume(self, release: Release, instances: Sequence[Instance]) -> tuple[Instance, ...]:
        """Start stopped instances again with the release's restart policy. Returns those that now run. The others are gone
        or do not start; replace them with new ones."""

    @abstractmethod
    def orphans(self, app: AppName, known: Sequence[Instance]) -> tuple[Instance, ...]:
        """The instances that have the app's label but are not among the known ones."""

    @abstractmethod
    def forget(self, app: AppName) -> None:
        """Remove everything of the app: containers and network. Idempotent."""


class Instances(ABC):
    """Reads the state and output of instances, and runs commands in them."""

    @abstractmethod
    def status(self, instances: Sequence[Instance]) -> tuple[InstanceStatus, ...]:
        """The status of each instance, in the given order. One that is gone has the state `missing`. The exit code is from
        its last end, even if it runs again. Does not import heavy libraries."""

    def activity(self, instances: Sequence[Instance]) -> tuple[Activity, ...]:
        """What their processes are doing, in the given order. Called ten times a second while instances start. Optional for
        a scheduler that cannot see processes."""
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
        """The output of an instance: lines as ("stdout" | "stderr", bytes without the newline). tail: only the last lines.
        since: omit lines before this time (epoch seconds). follow: also yield new lines, until the instance ends.
        timestamps: begin each line with an RFC 3339 time and a blank. Raises NotFound when the instance is gone."""

    @abstractmethod
    def exec(self, instance: Instance, command: Sequence[str], *, timeout: float = 30.0, user: str = "") -> ExecResult:
        """Run a command beside a running instance and wait for its end. Raises TimeoutError."""

    @abstractmethod
    def attach_argv(self, instance: Instance, command: Sequence[str], *, tty: bool) -> list[str]:
        """The argv of a program that runs a command beside a running instance on the caller's own terminal."""

    @abstractmethod
    def steady(self, seconds: float) -> frozenset[str]:
        """The ids of the instances of all apps that have been running without a break for at least `seconds`. It must be
        cheap, because it is called every minute. When in doubt, leave an instance out."""

    @abstractmethod
    def endings(self, since: float) -> Mapping[str, Sequence[Ending]]:
        """Instance id -> how it ended since a time (epoch seconds), oldest first, for all apps. Older ends than the last
        start of the engine may be missing."""

    @abstractmethod
    def inspect(self, instances: Sequence[Instance]) -> list[Mapping[str, Any]]:
        """All that the engine knows about instances, in its own format, with masked values of the environment. Instances
        that are gone are left out."""


class Surroundings(ABC):
    """The environment of an app's processes, for containers that are not instances: one-off and linked containers."""

    @abstractmethod
    def one_off(
        self, release: Release, command: tuple[str, ...] | str | None, *, name: str, kind: str, dyno: str
    ) -> ContainerSpec:
        """A spec for a one-off container with what an instance has: the environment (with DYNO=`dyno` and PORT), the network
        (created if missing), docker options of the phase `run`, and labels (dokkupy.kind=`kind`: run, task or cron).
        command: arguments, or a Procfile command's text, or None for the image's own. The caller passes the spec to the
        engine, with `start_argv` for the user's own terminal."""

    @abstractmethod
    def connect_services(self, app: AppName) -> None:
        """Connect the app's linked containers (the hook `linked_containers`) to its network by their names, and disconnect
        those that are no longer linked. The scheduler does this itself before it starts something; call it when the links
        change. Idempotent. Does nothing for an app that never ran, because it has no network."""
