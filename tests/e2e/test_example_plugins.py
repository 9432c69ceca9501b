"""Plugins on a real host: those of examples/plugins take part in deploys, and a new one is installed, used over SSH, disabled,
refused and uninstalled."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from apps import Repository
from bed.engine import SOON, Ran
from bed.host import SOURCE, Host
from state import containers

NAMES = ("hello", "shell-hooks", "webhook")
SECRET = "s3cret-of-the-receiver"
ADDRESS = "http://127.0.0.1:8009/token-7"
NEWS = "/var/tmp/news.jsonl"

RECEIVER = f"""
import json
from http.server import BaseHTTPRequestHandler, HTTPServer

class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with open({NEWS!r}, "a") as file:
            file.write(json.dumps({{"path": self.path, "headers": dict(self.headers), "body": body}}) + "\\n")
        self.send_response(204)
        self.end_headers()

HTTPServer(("127.0.0.1", 8009), Receiver).serve_forever()
"""

REPORT = """#!/bin/sh
echo "$DOKKUPY_HOOK of $DOKKUPY_APP v$DOKKUPY_RELEASE as $(id -u) in $(pwd)"
: > /tmp/was-here
"""

SMOKE_TEST = """#!/usr/bin/env python3
import os, sys, urllib.request

for web in os.environ["DOKKUPY_WEB"].split():
    answer = urllib.request.urlopen(f"http://{web}/", timeout=60).read().decode().strip()
    print("the new release says", answer, flush=True)
    if answer == "broken":
        sys.exit(3)
"""


def install_plugin(host: Host, name: str) -> None:
    """Install a sample from the checkout on the host."""
    host.exec(["dokkupy", "plugin:install", f"{SOURCE}/examples/plugins/{name}"])


@pytest.fixture(scope="module")
def plugged(installed_snapshot: tuple[str, str]) -> Iterator[Host]:
    """A machine with the three plugins, and a receiver of webhooks on its loopback."""
    tag, seed = installed_snapshot
    machine = Host(tag, "plugged", seed=seed)
    try:
        machine.engine_ready()
        machine.add_key()
        for name in NAMES:
            install_plugin(machine, name)
        machine.copy_in(RECEIVER.encode(), "/root/receiver.py")
        machine.exec(["systemd-run", "--unit=receiver", "/usr/bin/python3", "/root/receiver.py"])
        yield machine
    finally:
        machine.close()


def create(host: Host, app: str) -> str:
    """Create an app with a domain, and return the domain."""
    name = f"{app}.example.com"
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["dokkupy", "domains:set", app, name])
    return name


def add_hook(repository: Repository, moment: str, text: str, mode: int = 0o755) -> None:
    repository.write(f".dokkupy/hooks/{moment}", text)
    (repository.path / ".dokkupy" / "hooks" / moment).chmod(mode)
    repository.commit(f"A script for {moment}")


def listen(host: Host, app: str) -> None:
    """Send the notices of an app to the receiver, and wait until it runs."""
    host.exec(["dokkupy", "webhook:set", app, "url", ADDRESS])
    host.exec(["dokkupy", "webhook:set", app, "secret", SECRET])
    deadline = time.monotonic() + SOON
    while host.exec(["dokkupy", "webhook:test", app], check=time.monotonic() > deadline).code != 0:
        time.sleep(0.2)


def news(host: Host, app: str) -> list[dict[str, Any]]:
    """The requests that the receiver got about an app: path, headers, body, and the facts in the body."""
    rows = [json.loads(line) for line in host.exec(["cat", NEWS]).stdout.splitlines()]
    found = [{**row, "facts": json.loads(row["body"])} for row in rows]
    return [row for row in found if row["facts"].get("app") == app]


def refused(pushed: Ran) -> bool:
    return pushed.code != 0 and "[remote rejected]" in pushed.stderr


def test_the_plugins_are_listed_as_enabled(plugged: Host) -> None:
    rows = json.loads(plugged.exec(["dokkupy", "plugin:list", "--format", "json"]).stdout)
    assert {row["name"]: row["status"] for row in rows if row["name"] in NAMES} == dict.fromkeys(NAMES, "enabled")


def test_a_deploy_runs_the_app_s_hook_sends_a_notice_and_ends_with_hello(plugged: Host, repository: Repository) -> None:
    host, app = plugged, "story"
    name = create(host, app)
    listen(host, app)
    add_hook(repository, "post-deploy", REPORT)

    pushed = host.git_push(repository.path, app)

    assert f"post-deploy of {app} v1 as 10001 in /app" in pushed.stderr
    assert host.exec(["test", "-e", "/tmp/was-here"], check=False).code != 0
    assert f"Hello from {app}" in pushed.stderr
    assert host.http_get(name).status == 200
    assert host.ssh(["hello:greet", app]).stdout == f"Hello from {app}\n"
    assert json.loads(host.ssh(["hello:greet", app, "--format", "json"]).stdout)["greeting"] == f"Hello from {app}"
    assert host.ssh(["shell-hooks:list", app]).stdout.split()[-2:] == ["post-deploy", "/app/.dokkupy/hooks/post-deploy"]

    last = news(host, app)[-1]
    facts = last["facts"]
    assert (facts["event"], facts["outcome"], facts["release"]) == ("deploy_finished", "succeeded", 1)
    assert facts["revision"] == repository.git("rev-parse", "HEAD").strip()
    expected = "sha256=" + hmac.new(SECRET.encode(), last["body"].encode(), hashlib.sha256).hexdigest()
    assert last["headers"]["X-Dokkupy-Signature-256"] == expected


def test_secret_of_the_webhook_is_only_in_its_own_file(plugged: Host) -> None:
    create(plugged, "quiet")
    listen(plugged, "quiet")
    holding = plugged.exec(["grep", "-rlE", f"{SECRET}|token-7", "/var/lib/dokkupy"], check=False).stdout.split()
    assert [path for path in holding if "/webhook.toml" not in path] == []
    report = plugged.ssh(["webhook:report", "quiet"]).stdout
    assert SECRET not in report and "token-7" not in report and "127.0.0.1:8009" in report


def test_a_smoke_test_that_fails_keeps_the_old_release_serving(plugged: Host, repository: Repository) -> None:
    host, app = plugged, "smoke"
    name = create(host, app)
    listen(host, app)
    add_hook(repository, "pre-switch", SMOKE_TEST)
    assert "the new release says Hello from dokkupy!" in host.git_push(repository.path, app).stderr
    before = containers(host)

    repository.greet("broken")
    pushed = host.git_push(repository.path, app, check=False)

    assert refused(pushed) and "it exited with status 3" in pushed.stderr
    assert host.http_get(name).body == "Hello from dokkupy!\n"
    assert containers(host) == before
    facts = news(host, app)[-1]["facts"]
    assert facts["outcome"] == "failed" and "status 3" in facts["reason"]


def test_hook_that_hangs_is_killed_and_one_that_is_not_executable_causes_an_error(
    plugged: Host, repository: Repository
) -> None:
    host, app = plugged, "untrusted"
    name = create(host, app)
    host.git_push(repository.path, app)
    before = containers(host)
    host.exec(["dokkupy", "shell-hooks:set", app, "timeout", "2"])

    add_hook(repository, "pre-deploy", "#!/bin/sh\nsleep 600\n")
    pushed = host.git_push(repository.path, app, check=False)
    assert refused(pushed) and "did not end within 2 seconds" in pushed.stderr

    add_hook(repository, "pre-deploy", REPORT, mode=0o644)
    pushed = host.git_push(repository.path, app, check=False)
    assert refused(pushed) and "it exited with status 126" in pushed.stderr

    assert host.http_get(name).body == "Hello from dokkupy!\n"
    assert containers(host) == before


def test_hook_runs_without_the_image_s_entry_point_and_its_failure_after_the_switch_is_a_warning(
    plugged: Host, repository: Repository
) -> None:
    host, app = plugged, "entry"
    name = create(host, app)
    repository.scalable()
    repository.write("Procfile", "web: serve\n")
    repository.replace("Dockerfile", "CMD [", "ENTRYPOINT [")
    add_hook(repository, "pre-deploy", REPORT)
    add_hook(repository, "post-deploy", "#!/bin/sh\nexit 5\n")

    pushed = host.git_push(repository.path, app)

    assert f"pre-deploy of {app} v1 as 10001 in /app" in pushed.stderr
    assert "post-deploy hook failed: it exited with status 5" in pushed.stderr
    assert host.http_get(name).body == "Hello from dokkupy!\n"


def listed(host: Host) -> dict[str, dict[str, str]]:
    return {row["name"]: row for row in json.loads(host.ssh(["plugin:list", "--format", "json"]).stdout)}


def test_new_plugin_is_installed_used_disabled_and_uninstalled(plugged: Host) -> None:
    host = plugged
    before = listed(host)
    assert {row["status"] for row in before.values()} == {"enabled"}
    host.exec(["dokkupy", "plugin:new", "greeter", "--directory", "/root/greeter"])
    assert host.ssh(["plugin:install", "/root/greeter"], check=False).code == 1  # only root
    host.exec(["dokkupy", "plugin:install", "/root/greeter"])
    assert listed(host)["greeter"]["status"] == "enabled"
    host.exec(["dokkupy", "apps:create", "blog"])
    assert host.ssh(["greeter:greet", "blog"]).stdout == "Hello, blog\n"
    host.exec(["dokkupy", "plugin:disable", "greeter"])
    assert host.ssh(["greeter:greet", "blog"], check=False).code == 1
    host.exec(["dokkupy", "plugin:enable", "greeter"])
    # A plugin that does not load is refused, and the installed one keeps working.
    host.exec(["bash", "-c", "echo 'raise RuntimeError(1)' >> /root/greeter/src/dokkupy_greeter/cli.py"])
    refused = host.exec(["dokkupy", "plugin:install", "/root/greeter"], check=False)
    assert refused.code == 1 and "dokkupy-greeter" in refused.stderr and "RuntimeError" in refused.stderr
    assert host.ssh(["greeter:greet", "blog"]).stdout == "Hello, blog\n"
    host.exec(["dokkupy", "plugin:uninstall", "greeter"])
    assert listed(host) == before
    assert "blog" in host.ssh(["apps:list", "--quiet"]).stdout.split()
    found = host.exec(["find", "/var/lib/dokkupy", "-user", "root", "-not", "-path", "*/work/*"]).stdout
    assert found == "", found


def test_everything_else_works_without_the_plugins(plugged: Host, repository: Repository) -> None:
    host, app = plugged, "alone"
    name = create(host, app)
    add_hook(repository, "pre-deploy", "#!/bin/sh\nexit 1\n")
    for plugin in NAMES:
        host.exec(["dokkupy", "plugin:uninstall", plugin])
    pushed = host.git_push(repository.path, app)
    assert "hook" not in pushed.stderr and f"Hello from {app}" not in pushed.stderr
    assert host.http_get(name).status == 200
    assert host.ssh(["hello:greet", app], check=False).code != 0
    install_plugin(host, "hello")
    assert host.ssh(["hello:greet", app]).stdout == f"Hello from {app}\n"
