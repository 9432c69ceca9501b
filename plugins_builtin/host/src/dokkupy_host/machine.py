"""Setting the host up, and giving it back: users, directories, sshd, the timer. Idempotent; runs as root.

Every change is a line, below the thing that it belongs to. With dry_run the lines say what would be done and nothing is.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from dokkupy import hookspecs
from dokkupy.errors import HostError
from dokkupy.kernel.execute import execute
from dokkupy.kernel.files import write_atomic
from dokkupy.kernel.host import Host
from dokkupy.kernel.users import SECOND, USER
from dokkupy.usecases.plugins import services_of

DIRECTORIES = (
    "",
    "apps",
    "global",
    "services",
    "journal",
    "journal/open",
    "journal/closed",
    "locks",
    "logs",
    "home",
    "tmp",
    "tmp/children",
)
CRON = "/etc/cron.d/dokkupy"
UNITS = "/etc/systemd/system"
PROGRAM = "/usr/local/bin/dokkupy"
COMPLETIONS = tuple(f"/usr/share/bash-completion/completions/{name}" for name in ("dokkupy", "dokku"))
COMPLETION_TEXT = f"""# Written by `dokkupy setup`.
[ -x {PROGRAM} ] && eval "$({PROGRAM} completion bash)"
"""

JOB_SECONDS = 50
"""How long the timer's minute waits for jobs; a longer one, such as a backup, must not hold up the next minute."""

CRON_TEXT = f"""# Written by `dokkupy setup`.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
* * * * * {USER} {PROGRAM} --quiet tick --within {JOB_SECONDS} >/dev/null 2>&1
@reboot {USER} {PROGRAM} --quiet recover --boot >/dev/null 2>&1
"""

UNIT_TEXTS = {
    "dokkupy-tick.service": f"""[Unit]
Description=dokkupy's time-driven work
After=docker.service

[Service]
Type=oneshot
User={USER}
KillMode=process
ExecStart={PROGRAM} --quiet tick --within {JOB_SECONDS}
""",
    "dokkupy-tick.timer": """[Unit]
Description=Runs dokkupy's time-driven work every minute

[Timer]
OnCalendar=*-*-* *:*:00
AccuracySec=1s

[Install]
WantedBy=timers.target
""",
    "dokkupy-boot.service": f"""[Unit]
Description=Finishes what a crash interrupted and brings the apps back
After=docker.service network-online.target
Wants=network-online.target

[Service]
Type=oneshot
User={USER}
KillMode=process
ExecStart={PROGRAM} --quiet recover --boot

[Install]
WantedBy=multi-user.target
""",
}
ENABLED = ("dokkupy-tick.timer", "dokkupy-boot.service")


def set_up(host: Host, *, dry_run: bool) -> list[Change]:
    """Bring the host to what dokkupy needs; returns the changes. Raises HostError when a step cannot be done."""
    steps = Steps(host, dry_run)
    for part, step in (
        (f"the users {USER} and {SECOND}", steps.users),
        (f"the state in {host.root}", steps.directories),
        ("the timer", steps.timer),
        ("completion for bash", steps.completion),
    ):
        steps.part = part
        step()
    contributed = host.hooks.gather(hookspecs.setup_changes, host=host, dry_run=dry_run)
    return [*steps.changes, *(Change(f"the plugin {plugin}", line) for plugin, line in contributed)]


def tear_down(host: Host, *, purge: bool, dry_run: bool) -> list[Change]:
    """Take away what `set_up` put; the state only with purge, and then only when no app is left."""
    if purge and host.store.apps():
        raise HostError(
            "There are still apps: " + ", ".join(host.store.apps()),
            hint="Destroy each first with dokkupy apps:destroy <app>; purging would orphan its containers.",
        )
    kept = [one for kind in host.store.names("services") for one in services_of(host, kind)]
    if purge and kept:
        raise HostError(
            "There are still services: " + ", ".join(kept),
            hint="Destroy each first with dokkupy KIND:destroy NAME --purge; purging would orphan their data.",
        )
    contributed = host.hooks.gather(hookspecs.teardown_changes, host=host, dry_run=dry_run)
    steps = Steps(host, dry_run)
    steps.changes.extend(Change(f"the plugin {plugin}", line) for plugin, line in contributed)
    steps.part = "users, units and wiring"
    if systemd():
        for unit in ENABLED:
            if os.path.exists(f"{UNITS}/{unit}"):
                steps.run(f"disable {unit}", ["systemctl", "disable", "--now", unit])
    units = [f"{UNITS}/{unit}" for unit in UNIT_TEXTS]
    for path in (*units, CRON, *COMPLETIONS):
        if os.path.exists(path):
            steps.do(f"remove {path}", partial(os.unlink, path))
    if systemd() and steps.changes:
        steps.run("reload systemd", ["systemctl", "daemon-reload"])
    own = user(USER)
    second = user(SECOND)
    if own and second and second.pw_uid == own.pw_uid:
        steps.run(f"remove the login name {SECOND}", ["userdel", "-f", SECOND])
    if own:
        steps.run(f"remove the user {USER}", ["userdel", "-f", USER])
    if purge and os.path.isdir(host.root):
        steps.do(f"remove {host.root}", lambda: shutil.rmtree(host.root))
    return steps.changes


def user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def systemd() -> bool:
    return os.path.isdir("/run/systemd/system")


@dataclass(frozen=True, slots=True)
class Change:
    """A line, and the thing set up that it is part of."""

    part: str
    line: str


class Steps:
    """What was changed so far, and whether to change at all."""

    def __init__(self, host: Host, dry_run: bool) -> None:
        self.host = host
        self.dry_run = dry_run
        self.part = ""
        self.changes: list[Change] = []

    def do(self, line: str, action: Callable[[], object]) -> None:
        if not self.dry_run:
            action()
        self.changes.append(Change(self.part, line))

    def run(self, line: str, argv: Sequence[str]) -> None:
        self.do(line, lambda: execute(argv))

    def users(self) -> None:
        home = self.host.path("home")
        if user(USER) is None:
            # "*": no password fits, yet the account does not count as locked, which sshd without PAM would refuse.
            self.run(
                f"create the user {USER}",
                ["useradd", "--system", "--user-group", "-M", "-d", home, "-s", "/bin/sh", "-p", "*", USER],
            )
        own, second = user(USER), user(SECOND)
        if second is None:
            uid, gid = (str(own.pw_uid), str(own.pw_gid)) if own else ("0", "0")  # not made: only in a dry run
            self.run(
                f"create the login name {SECOND} of the same user",
                ["useradd", "-o", "-u", uid, "-g", gid, "-M", "-d", home, "-s", "/bin/sh", "-p", "*", SECOND],
            )
        elif own is None or second.pw_uid != own.pw_uid:
            self.host.out.warn(
                f"A user {SECOND} that dokkupy did not create exists and is left as it is; push as {USER}@"
            )
        try:
            members = grp.getgrnam("docker").gr_mem
        except KeyError:
            return
        for name in (USER, SECOND):
            login = user(name)
            ours = login is None or (own is not None and login.pw_uid == own.pw_uid)
            if ours and name not in members:
                self.run(f"add {name} to the group docker", ["usermod", "-aG", "docker", name])

    def directories(self) -> None:
        own = user(USER)
        for name in DIRECTORIES:
            self.directory(self.host.path(name) if name else self.host.root, 0o750, own)
        for parts in (("logs", "audit.log"), ("logs", "events.log")):
            self.file(self.host.path(*parts), own)

    def directory(self, path: str, mode: int, own: pwd.struct_passwd | None) -> None:
        if not os.path.isdir(path):
            self.do(f"create {path}", lambda: os.makedirs(path, mode))
        self.own(path, mode, own)

    def file(self, path: str, own: pwd.struct_passwd | None) -> None:
        if not os.path.exists(path):
            self.do(f"create {path}", lambda: write_atomic(path, b""))
        self.own(path, 0o600, own)

    def own(self, path: str, mode: int, own: pwd.struct_passwd | None) -> None:
        """The owner and mode, never through a link: the directory's owner could have put one there."""
        if own is None or not os.path.lexists(path):
            return
        now = os.lstat(path)
        if stat.S_ISLNK(now.st_mode):
            raise HostError(f"{path} is a symbolic link", hint="Remove it and run dokkupy setup again.")
        if now.st_uid != own.pw_uid or now.st_gid != own.pw_gid or stat.S_IMODE(now.st_mode) != mode:
            self.do(f"give {path} to {USER} with mode {mode:o}", lambda: set_owner(path, mode, own))

    def completion(self) -> None:
        """Bash's, found by the package bash-completion; loaded when Tab is first pressed on the name."""
        for path in COMPLETIONS:
            if content(path) == COMPLETION_TEXT:
                continue
            if os.path.exists(path) and "dokkupy" not in (content(path) or ""):
                continue  # another dokku's
            if not os.path.isdir(os.path.dirname(path)):
                self.do(
                    f"create {os.path.dirname(path)}", partial(os.makedirs, os.path.dirname(path), 0o755, exist_ok=True)
                )
            self.do(f"write {path}", partial(write_atomic, path, COMPLETION_TEXT.encode(), mode=0o644))

    def timer(self) -> None:
        if not systemd():
            if content(CRON) != CRON_TEXT:
                if not os.path.isdir("/etc/cron.d"):
                    self.do("create /etc/cron.d", lambda: os.mkdir("/etc/cron.d", 0o755))
                self.do(f"write {CRON}", lambda: write_atomic(CRON, CRON_TEXT.encode(), mode=0o644))
            return
        changed = [name for name, text in UNIT_TEXTS.items() if content(f"{UNITS}/{name}") != text]
        for name in changed:
            path, data = f"{UNITS}/{name}", UNIT_TEXTS[name].encode()
            self.do(f"write {path}", partial(write_atomic, path, data, mode=0o644))
        if changed:
            self.run("reload systemd", ["systemctl", "daemon-reload"])
        for unit in ENABLED:
            if not execute(["systemctl", "is-enabled", unit], check=False).ok:
                self.run(f"enable {unit}", ["systemctl", "enable", unit])
        if not execute(["systemctl", "is-active", ENABLED[0]], check=False).ok:
            self.run(f"start {ENABLED[0]}", ["systemctl", "start", ENABLED[0]])


def content(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None


def set_owner(path: str, mode: int, own: pwd.struct_passwd) -> None:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(path, flags)
    try:
        os.fchown(fd, own.pw_uid, own.pw_gid)
        os.fchmod(fd, mode)
    finally:
        os.close(fd)
