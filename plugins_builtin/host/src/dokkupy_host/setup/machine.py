"""Sets up the host, and removes dokkupy from it: users, directories, the timer, the plugins' parts. Idempotent; runs as
root.

Every change is a line below the part that it belongs to. With dry_run, the lines show what would be done, and nothing
changes.
"""

from __future__ import annotations

import os
import shutil
from functools import partial

from dokkupy_sdk import Host
from dokkupy_sdk import hooks as hookspecs
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.execute import execute
from dokkupy_sdk.setup import Steps, content, login, systemd
from dokkupy_sdk.state_files import services
from dokkupy_sdk.users import SECOND, USER
from dokkupy_sdk.values import dataclass

from dokkupy_host.audit import first_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

DIRECTORIES = (
    "",
    "apps",
    "global",
    "services",
    "journal",
    "journal/open",
    "journal/closed",
    "journal/new",
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
PROFILE = "/etc/profile.d/dokkupy-completion.sh"
"""A minimal Debian lacks the package bash-completion, and a login shell of bash reads only the files in this
directory."""
PROFILE_TEXT = f"""# Written by `dokkupy setup`: completion in the bash of a login, without the package bash-completion too.
if [ -n "${{BASH_VERSION-}}" ] && [ -n "${{PS1-}}" ] && [ -r {COMPLETIONS[0]} ]; then . {COMPLETIONS[0]}; fi
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
# Without it, a start of the engine while this is still running would not run it again.
PartOf=docker.service

[Service]
Type=oneshot
User={USER}
KillMode=process
ExecStart={PROGRAM} --quiet recover --boot

[Install]
WantedBy=multi-user.target docker.service
""",
}
ENABLED = ("dokkupy-tick.timer", "dokkupy-boot.service")


@dataclass(frozen=True, slots=True)
class Change:
    """A line, and the part of the setup that it belongs to."""

    part: str
    line: str


def set_up(host: Host, *, dry_run: bool) -> list[Change]:
    """Set up what dokkupy needs on the host; returns the changes. Raises HostError when a step fails.

    The timer is last: its work needs the plugins' parts.
    """
    changes = [
        *done(f"the users {USER} and {SECOND}", partial(users, host), dry_run),
        *done(f"the state in {host.root}", partial(directories, host), dry_run),
        *done("the audit", partial(first_key.ensure, host), dry_run),
    ]
    contributed = host.hooks.gather(hookspecs.setup_changes, host=host, dry_run=dry_run)
    return [
        *changes,
        *(Change(f"the plugin {plugin}", line) for plugin, line in contributed),
        *done("the timer", timer, dry_run),
        *done("completion for bash", completion, dry_run),
    ]


def tear_down(host: Host, *, purge: bool, dry_run: bool) -> list[Change]:
    """Remove what `set_up` installed; the state only with purge, and only if no app is left."""
    if purge and host.store.apps():
        raise HostError(
            "There are still apps: " + ", ".join(host.store.apps()),
            hint="Destroy each first with dokkupy apps:destroy <app>; purging would orphan its containers.",
        )
    if purge and services(host.store):
        raise HostError(
            "There are still services: " + ", ".join(services(host.store)),
            hint="Destroy each first with dokkupy KIND:destroy NAME --purge; purging would orphan their data.",
        )
    contributed = host.hooks.gather(hookspecs.teardown_changes, host=host, dry_run=dry_run, purge=purge)
    return [
        *(Change(f"the plugin {plugin}", line) for plugin, line in contributed),
        *done("users, units and wiring", partial(take_away, host, purge), dry_run),
    ]


def done(part: str, step: Callable[[Steps], None], dry_run: bool) -> list[Change]:
    steps = Steps(dry_run=dry_run)
    step(steps)
    return [Change(part, line) for line in steps.lines]


def users(host: Host, steps: Steps) -> None:
    home = host.path("home")
    if login(USER) is None:
        # "*": no password matches, but the account is not locked, because sshd without PAM refuses locked accounts.
        steps.run(
            f"create the user {USER}",
            ["useradd", "--system", "--user-group", "-M", "-d", home, "-s", "/bin/sh", "-p", "*", USER],
        )
    own, second = login(USER), login(SECOND)
    if second is None:
        uid, gid = (str(own.pw_uid), str(own.pw_gid)) if own else ("0", "0")  # missing only in a dry run
        steps.run(
            f"create the login name {SECOND} of the same user",
            ["useradd", "-o", "-u", uid, "-g", gid, "-M", "-d", home, "-s", "/bin/sh", "-p", "*", SECOND],
        )
    elif own is None or second.pw_uid != own.pw_uid:
        host.out.warn(
            f"The user {SECOND} exists already and is not dokkupy's, so setup leaves it as it is; push as {USER}@"
        )


def directories(host: Host, steps: Steps) -> None:
    for name in DIRECTORIES:
        steps.directory(host.path(name) if name else host.root, 0o750)
    for name in ("audit.log", "events.log"):
        steps.file(host.path("logs", name))


def completion(steps: Steps) -> None:
    """Bash's. The package bash-completion loads it when Tab is first pressed on the name; without it, the login does."""
    from dokkupy_host.completion.scripts import SCRIPT

    text = "# Written by `dokkupy setup`.\n" + SCRIPT
    for path in COMPLETIONS:
        before = content(path)
        if before is None or "dokkupy" in before:  # otherwise it belongs to another Dokku
            steps.text(path, text)
            if path == COMPLETIONS[0]:
                steps.text(PROFILE, PROFILE_TEXT)


def timer(steps: Steps) -> None:
    if not systemd():
        steps.text(CRON, CRON_TEXT)
        return
    changed = {name for name, text in UNIT_TEXTS.items() if content(f"{UNITS}/{name}") != text}
    for name in sorted(changed):
        steps.text(f"{UNITS}/{name}", UNIT_TEXTS[name])
    if changed:
        steps.run("reload systemd", ["systemctl", "daemon-reload"])
    for unit in ENABLED:
        # An earlier version's unit is enabled too, but not for all that wants it now.
        if unit in changed or not execute(["systemctl", "is-enabled", unit], check=False).ok:
            steps.run(f"enable {unit}", ["systemctl", "reenable", unit])
    if not execute(["systemctl", "is-active", ENABLED[0]], check=False).ok:
        steps.run(f"start {ENABLED[0]}", ["systemctl", "start", ENABLED[0]])


def take_away(host: Host, purge: bool, steps: Steps) -> None:
    if systemd():
        for unit in ENABLED:
            if os.path.exists(f"{UNITS}/{unit}"):
                steps.run(f"disable {unit}", ["systemctl", "disable", "--now", unit])
    for path in (
        *(f"{UNITS}/{unit}" for unit in UNIT_TEXTS),
        CRON,
        *COMPLETIONS,
        PROFILE,
        *([first_key.PATH] if purge else []),
    ):
        steps.remove(path)
    if systemd() and steps.lines:
        steps.run("reload systemd", ["systemctl", "daemon-reload"])
    own, second = login(USER), login(SECOND)
    if own and second and second.pw_uid == own.pw_uid:
        steps.run(f"remove the login name {SECOND}", ["userdel", "-f", SECOND])
    if own:
        steps.run(f"remove the user {USER}", ["userdel", "-f", USER])
    if purge and os.path.isdir(host.root):
        steps.do(f"remove {host.root}", partial(shutil.rmtree, host.root))
