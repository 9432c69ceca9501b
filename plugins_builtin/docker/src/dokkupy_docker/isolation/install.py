"""What setup installs: the rules in a file that belongs to root, a unit that loads them at boot, and the permission to
read them."""

from __future__ import annotations

import os

from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.execute import execute
from dokkupy_sdk.setup import Steps, systemd
from dokkupy_sdk.users import USER

from dokkupy_docker.isolation import rules
from dokkupy_docker.isolation.table import FILE, LIST, LOAD, NFT, host_ports, installed, lacking, load

UNIT = "/etc/systemd/system/dokkupy-isolation.service"
CRON = "/etc/cron.d/dokkupy-isolation"
SUDOERS = "/etc/sudoers.d/dokkupy-isolation"

UNIT_TEXT = f"""# Written by `dokkupy setup`.
[Unit]
Description=Keeps the networks of dokkupy's apps apart
Before=docker.service
After=nftables.service

[Service]
Type=oneshot
ExecStart={" ".join(LOAD)}

[Install]
WantedBy=multi-user.target nftables.service
"""
"""The unit runs before the engine, so that no container runs without the rules. It runs again with nftables.service,
which empties the packet filter."""

CRON_TEXT = f"""# Written by `dokkupy setup`.
@reboot root {" ".join(LOAD)}
"""

SUDOERS_TEXT = f"""# Written by `dokkupy setup`: the timer looks each minute whether the packet filter is complete.
Cmnd_Alias DOKKUPY_ISOLATION = {" ".join(LIST)}, {" ".join(LOAD)}
Defaults!DOKKUPY_ISOLATION !requiretty, !lecture, !syslog, !pam_session
{USER} ALL=(root) NOPASSWD: DOKKUPY_ISOLATION
"""


def set_up(host: Host, *, dry_run: bool) -> list[str]:
    steps = Steps(dry_run=dry_run)
    if not installed() and not dry_run:
        host.out.warn(
            f"{NFT} is missing, so only the engine isolates the networks of apps. Install the package nftables, then "
            "run: dokkupy setup"
        )
        return []
    steps.text(FILE, rules.table(host_ports(host)))
    steps.text(SUDOERS, SUDOERS_TEXT)
    start_at_boot(steps)
    if steps.lines or not complete(host):
        put_in_force(host, steps)
    return steps.lines


def complete(host: Host) -> bool:
    try:
        return not lacking(host)
    except HostError:
        return False


def start_at_boot(steps: Steps) -> None:
    if not systemd():
        steps.text(CRON, CRON_TEXT)
        return
    before = len(steps.lines)
    steps.text(UNIT, UNIT_TEXT)
    unit = os.path.basename(UNIT)
    if len(steps.lines) > before:
        steps.run("reload systemd", ["systemctl", "daemon-reload"])
    if not execute(["systemctl", "is-enabled", unit], check=False).ok:
        steps.run(f"enable {unit}", ["systemctl", "enable", unit])


def put_in_force(host: Host, steps: Steps) -> None:
    """Setup continues on a kernel without nf_tables; the doctor then reports it as an error."""
    try:
        steps.do(f"load the packet filter's table inet {rules.TABLE}", load)
    except HostError as error:
        host.out.warn(f"The packet filter that isolates apps was not loaded: {' '.join(error.details)}")


def tear_down(*, dry_run: bool) -> list[str]:
    steps = Steps(dry_run=dry_run)
    if systemd() and os.path.exists(UNIT):
        steps.run(f"disable {os.path.basename(UNIT)}", ["systemctl", "disable", os.path.basename(UNIT)])
    for path in (UNIT, CRON, SUDOERS, FILE):
        steps.remove(path)
    if installed() and execute(LIST, check=False).ok:
        steps.run(f"remove the table inet {rules.TABLE}", [NFT, "delete", "table", "inet", rules.TABLE])
    return steps.lines
