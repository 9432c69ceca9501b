"""sshd's part: the file of keys that it reads, and its settings for the system user."""

from __future__ import annotations

import os
import shutil
from functools import partial

from dokkupy_sdk import Host
from dokkupy_sdk.access import keys_of
from dokkupy_sdk.errors import HostError, StateError
from dokkupy_sdk.execute import execute
from dokkupy_sdk.files import write_atomic
from dokkupy_sdk.setup import Steps, content, systemd
from dokkupy_sdk.users import SECOND, USER

from dokkupy_ssh.keys import render, write_authorized_keys

DROP_IN = "/etc/ssh/sshd_config.d/dokkupy.conf"
LIMITS = """\
# Sessions that have not logged in yet. One source cannot use up those of all others (sshd's default for all is 10).
MaxStartups 60:30:120
"""
PER_SOURCE = """\
PerSourceMaxStartups 30
PerSourceNetBlockSize 32:64
"""
"""OpenSSH has it since 8.5, and an older sshd refuses the whole file."""
MATCH = f"""\
Match User {USER},{SECOND}
    AuthorizedKeysFile .ssh/authorized_keys
    PasswordAuthentication no
    KbdInteractiveAuthentication no
    AllowTcpForwarding no
    AllowAgentForwarding no
    X11Forwarding no
    PermitTunnel no
    PermitUserRC no
    AcceptEnv LANG LC_* NO_COLOR FORCE_COLOR CLICOLOR CLICOLOR_FORCE
"""


def rendered(*, has_per_source: bool) -> str:
    """The drop-in. Global settings stand before the first `Match`."""
    return "# Written by `dokkupy setup`.\n" + LIMITS + (PER_SOURCE if has_per_source else "") + MATCH


def knows_per_source() -> bool:
    """Whether this sshd has limits per source, as its own list of settings says."""
    os.makedirs("/run/sshd", 0o755, exist_ok=True)  # `sshd -T` asks for it
    return "persourcemaxstartups" in execute(["/usr/sbin/sshd", "-T"], check=False).stdout.lower()


def set_up(host: Host, *, dry_run: bool) -> list[str]:
    steps = Steps(dry_run=dry_run)
    steps.directory(host.path("home", ".ssh"), 0o700)
    keys = host.path("home", ".ssh", "authorized_keys")
    steps.file(keys)
    try:
        if (content(keys) or "") != render(keys_of(host)):  # of an earlier version, or edited by hand
            steps.do(f"write {keys}", partial(write_locked, host))
    except StateError as fault:  # sshd keeps the keys that it has
        host.out.warn(fault.message)
    if not os.path.isdir(os.path.dirname(DROP_IN)) or not shutil.which("sshd", path="/usr/sbin:/sbin"):
        host.out.warn("sshd is not installed, so nobody can push. Install openssh-server and run dokkupy setup again")
        return steps.lines
    before, text = content(DROP_IN), rendered(has_per_source=knows_per_source())
    if before != text:
        steps.do(f"write {DROP_IN}", lambda: replace(text, before))
    return steps.lines


def write_locked(host: Host) -> None:
    """Write authorized_keys while no other command changes the keys."""
    with host.lock("host", wait=30, command=host.command or "setup", what="The list of keys"):
        write_authorized_keys(host)


def tear_down(*, dry_run: bool) -> list[str]:
    steps = Steps(dry_run=dry_run)
    steps.remove(DROP_IN)
    return steps.lines


def replace(text: str, before: str | None) -> None:
    """Write the drop-in. If sshd does not accept it, the old content is restored, and sshd is not reloaded."""
    write_atomic(DROP_IN, text.encode(), mode=0o644)
    os.makedirs("/run/sshd", 0o755, exist_ok=True)  # `sshd -t` asks for it
    try:
        execute(["/usr/sbin/sshd", "-t"])
    except HostError:
        if before is None:
            os.unlink(DROP_IN)
        else:
            write_atomic(DROP_IN, before.encode(), mode=0o644)
        raise
    if systemd():
        execute(["systemctl", "try-reload-or-restart", "ssh.service"], check=False)
        return
    try:
        with open("/run/sshd.pid", encoding="ascii") as file:
            os.kill(int(file.read()), 1)
    except (OSError, ValueError):
        pass  # sshd is not running; it reads the file at its next start
