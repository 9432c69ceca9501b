"""Commands that connect to a service: a shell in its container, the server's client, a connection to its port."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from dokkupy_sdk.cli import Annotated, Group, Host, Opt, Rest
from dokkupy_sdk.errors import UserError

from dokkupy_services.commands.parameters import Name, found

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_sdk.roles import Container


def add_enter(group: Group, kind: str) -> None:
    @group.command("enter", permission="host:write", formats=False)
    def enter(host: Host, service: Name, command: Annotated[list[str], Rest("command")] = []) -> int:  # noqa: B006
        """Run a command, by default a shell, in a service's container."""
        from dokkupy_services import records
        from dokkupy_services.lifecycle.container import require_running

        shell = ("/bin/sh", "-c", "command -v bash >/dev/null && exec bash; exec sh")
        return attach(host, require_running(host, records.read(host, kind, service)), tuple(command) or shell)


def add_connect(group: Group, kind: str) -> None:
    @group.command("connect", permission="service:connect", formats=False)
    def connect(host: Host, service: Name, command: Annotated[list[str], Rest("argument")] = []) -> int:  # noqa: B006
        """Open the server's own client.

        KIND:connect db
        """
        from dokkupy_services import records
        from dokkupy_services.lifecycle.container import require_answering

        store, one = found(host, kind), records.read(host, kind, service)
        return attach(host, require_answering(host, store, one), (*store.connect(one), *command))


def add_tunnel(group: Group, kind: str) -> None:
    @group.command("tunnel", permission="service:connect", formats=False)
    def tunnel(
        host: Host,
        service: Name,
        *,
        port: Annotated[int, Opt("--port", help="Port of the server; if not given, its first port")] = 0,
    ) -> None:
        """Connect standard input and output to a port of the service, so that a client on your own machine can reach it.

        KIND:tunnel db
        """
        from dokkupy_services.links.tunnel import carry, open_connection

        store = found(host, kind)
        if sys.stdin.isatty():
            inner = port or store.port
            raise UserError(
                "A tunnel carries a connection, but standard input is a terminal",
                hint=f"On your own machine: socat TCP-LISTEN:{inner},bind=127.0.0.1,fork,reuseaddr "
                f"EXEC:'ssh dokku@HOST {kind}:tunnel {service}', and connect to 127.0.0.1:{inner}.",
            )
        carry(open_connection(host, store, service, port), sys.stdin.fileno(), sys.stdout.fileno())


def attach(host: Host, container: Container, argv: tuple[str, ...]) -> int:
    """Run a program in a service's container on the caller's terminal or pipes. Returns its exit status. The program ends
    with its caller."""
    from dokkupy_sdk.inside import run_inside

    tty = sys.stdin.isatty() and sys.stdout.isatty()
    sys.stdout.flush()

    def client(words: Sequence[str], tty: bool) -> list[str]:
        return host.sessions().attach_argv(container.name, words, tty=tty)

    return run_inside(client, argv, tty=tty, has_shell=True)
