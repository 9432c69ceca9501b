"""SSH to a target: with its own key, a pinned host key, and without the user's configuration."""

from __future__ import annotations

import os
import re
from contextlib import suppress

from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError, UserError
from dokkupy_sdk.execute import execute
from dokkupy_sdk.files import make_directory, write_atomic
from dokkupy_sdk.names import shown

from dokkupy_backups.names import TargetName
from dokkupy_backups.target.location import Location

REFUSED = re.compile(r"Permission denied \(|Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED")
HOST_KEY = re.compile(r"(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) ([A-Za-z0-9+/=]{40,4096})(?: .*)?")
ALIAS = "backup-target"

CONFIG = """Host {alias}
    HostName {host}
    Port {port}
    User {user}
    HostKeyAlias [{host}]:{port}
    IdentityFile "{directory}/id_ed25519"
    IdentitiesOnly yes
    IdentityAgent none
    UserKnownHostsFile "{directory}/known_hosts"
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    UpdateHostKeys no
    BatchMode yes
    PreferredAuthentications publickey
    ClearAllForwardings yes
    ConnectTimeout 20
    ServerAliveInterval 30
    ServerAliveCountMax 6
"""


def directory(host: Host, name: str) -> str:
    return host.path("backups", "ssh", TargetName(name))


def port_of(location: Location) -> int:
    return location.port or 22


def command(host: Host, name: str, location: Location) -> str:
    """The command that restic talks SFTP through. restic takes it apart at spaces outside quotes and starts it itself,
    without a shell (0.14: `backend.SplitShellStrings`), after the option was read as a line of CSV; all that could have a space is in the configuration file."""
    where = directory(host, name)
    if re.search(r"[\"',\\\x00-\x1f]", where):
        raise HostError(
            f"The state directory {where} has quotes or commas in its name, which restic cannot pass to SSH",
            hint="Use a target of another kind, such as a directory or S3.",
        )
    path = os.path.join(where, "config")
    text = CONFIG.format(
        alias=ALIAS, host=location.host.strip("[]"), port=port_of(location), user=location.user, directory=where
    )
    if read(path) != text:
        make_directory(where)
        write_atomic(path, text.encode())
    # SSH's messages go to a file, because restic does not always pass them on before it ends.
    log = os.path.join(where, "log")
    with suppress(FileNotFoundError):
        os.unlink(log)
    return f"ssh -E '{log}' -F '{path}' {ALIAS} -s sftp"


def messages(host: Host, name: str) -> list[str]:
    """What SSH printed in the last run."""
    return read(os.path.join(directory(host, name), "log")).splitlines()


def read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def ensure_key(host: Host, name: str) -> str:
    """Create the target's key pair unless it exists. Returns the public key. It is kept after a failed attempt, so that the
    line that a user has added on the server remains valid."""
    where = directory(host, name)
    path = os.path.join(where, "id_ed25519")
    make_directory(where)
    if not os.path.exists(path + ".pub"):
        if os.path.exists(path):
            os.unlink(path)  # a killed process left a key without its public half
        execute(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"dokkupy-backups-{name}", "-f", path])
    return read(path + ".pub").strip()


def pin(host: Host, name: str, location: Location, given: str = "") -> str:
    """Pin the server's host key: the given one, the one pinned before, or the one that it presents now. Returns the
    fingerprints as text."""
    path = os.path.join(directory(host, name), "known_hosts")
    entry = f"[{location.host.strip('[]')}]:{port_of(location)}"
    make_directory(os.path.dirname(path))
    if given:
        found = HOST_KEY.fullmatch(given.strip())
        if not found:
            raise UserError(f"{shown(given)} is not an SSH host key such as `ssh-ed25519 AAAA...`")
        write_atomic(path, f"{entry} {found[1]} {found[2]}\n".encode())
    elif not any(line.startswith(entry + " ") for line in read(path).splitlines()):
        write_atomic(path, scan(location, entry).encode())
    listed = execute(["ssh-keygen", "-l", "-f", path]).stdout.splitlines()
    return ", ".join(" ".join(line.split()[i] for i in (-1, 1)) for line in listed)


def scan(location: Location, entry: str) -> str:
    host, port = location.host.strip("[]"), port_of(location)
    done = execute(["ssh-keyscan", "-T", "10", "-p", str(port), "--", host], check=False, timeout=60)
    keys = [match for line in done.stdout.splitlines() if (match := HOST_KEY.fullmatch(line.partition(" ")[2]))]
    if not keys:
        raise HostError(
            f"{host} did not present an SSH host key on port {port}",
            details=tuple(done.stderr.splitlines()[-3:]),
            hint=f"Check the name, and that an SSH server listens there: ssh-keyscan -p {port} {host}",
        )
    best = [key for key in keys if key[1] == "ssh-ed25519"] or keys
    return "".join(f"{entry} {key[1]} {key[2]}\n" for key in best)


def refusal(host: Host, name: str, location: Location, words: tuple[str, ...]) -> HostError:
    if any("Host key" in word or "IDENTIFICATION" in word for word in words):
        return HostError(
            f"{location.host} has a different SSH host key than the one pinned for the target {name}",
            hint='If the server was reinstalled, give its new key: backups:target-add ... --host-key "ssh-ed25519 AAAA..."',
            code="ssh_refused",
        )
    public = read(os.path.join(directory(host, name), "id_ed25519.pub")).strip()
    return HostError(
        f"{location.user}@{location.host} refuses the SSH key of the target {name}",
        code="ssh_refused",
        details=(public,),
        hint="Add that line to the user's ~/.ssh/authorized_keys on that server, and run the command again.",
    )
