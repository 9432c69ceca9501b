"""A malicious viewer tries to break the audit. Then an attacker with the account that writes it tries to change its
entries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bed.host import Host

KEY = "/root/mallory"
AS_WRITER = """
import pathlib, sys
log = pathlib.Path("/var/lib/dokkupy/logs/audit.log")
lines = log.read_text().splitlines(keepends=True)
if sys.argv[1] == "cut":
    log.write_text("".join(lines[:-3]))
elif sys.argv[1] == "change":
    log.write_text("".join(lines).replace("mallory", "somebody"))
elif sys.argv[1] == "leave out":
    log.write_text("".join(line for line in lines if "mallory" not in line))
else:
    log.unlink()
"""


@pytest.fixture
def key(host: Host, app: str) -> Iterator[str]:
    host.exec(["rm", "-f", KEY, f"{KEY}.pub"])
    host.exec(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", KEY])
    public = host.exec(["cat", f"{KEY}.pub"]).stdout
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["dokkupy", "ssh-keys:add", "mallory", "--role", "viewer", "--apps", app], input=public)
    yield KEY
    host.exec(["dokkupy", "ssh-keys:remove", "mallory"])
    host.exec(["dokkupy", "audit:restart"])


def verified(host: Host) -> str:
    """The findings of the verification; empty if the audit is intact."""
    found = host.exec(["dokkupy", "audit:verify"], check=False)
    assert found.code == (1 if found.stderr else 0)
    return found.stderr


def test_changes_of_the_audit_are_detected(host: Host, app: str, key: str) -> None:
    options = [
        "-i",
        key,
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "UserKnownHostsFile=/dev/null",
        "-o",
        "LogLevel=ERROR",
    ]
    ssh = ["ssh", *options, "dokku@127.0.0.1"]
    host.exec([*ssh, "completion:words", *(["x" * 50] * 2000)], check=False)
    denied = host.exec([*ssh, "config:set", app, "hunter2"], check=False)
    assert denied.code != 0
    listed = host.exec(["dokkupy", "audit:list", "--who", "mallory"]).stdout
    assert f"config:set {app} ***" in listed
    assert "hunter2" not in listed
    assert verified(host) == ""

    # The account that writes the audit can neither read the first key nor hide its changes.
    assert host.exec(["cat", "/etc/dokkupy/audit.first-key"], user="dokkupy", check=False).code != 0
    problems = {"cut": "missing at the end", "change": "was changed", "leave out": "missing", "remove": "missing"}
    for trick, problem in problems.items():
        assert host.exec([*ssh, "config:set", app, "A=1"], check=False).code != 0  # denied
        host.exec(["python3", "-c", AS_WRITER, trick], user="dokkupy")
        assert problem in verified(host), trick
        assert "ERROR   audit: " in host.exec(["dokkupy", "doctor"], check=False).stdout
        host.exec(["dokkupy", "audit:restart"])
        assert verified(host) == ""
