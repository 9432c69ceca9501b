"""Plugins on a machine: they are installed, used over SSH, disabled, refused and uninstalled. The samples take part in
a deploy."""

from __future__ import annotations

import json

from apps import Repository
from bed.checkout import ROOT
from bed.host import Host

LISTENER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        open("/run/news", "ab").write(body + b"\\n")
        self.send_response(204)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", 9999), Handler).serve_forever()
"""


def listed(host: Host) -> dict[str, dict[str, str]]:
    return {row["name"]: row for row in json.loads(host.ssh(["plugin:list", "--format", "json"]).stdout)}


def test_new_plugin_is_installed_used_disabled_and_uninstalled(fresh_host: Host) -> None:
    host = fresh_host
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
    assert host.ssh(["apps:list", "--quiet"]).stdout.split() == ["blog"]
    found = host.exec(["find", "/var/lib/dokkupy", "-user", "root", "-not", "-path", "*/work/*"]).stdout
    assert found == "", found


def test_sample_plugins_take_part_in_a_deploy(fresh_host: Host, repository: Repository) -> None:
    host = fresh_host
    for name in ("hello", "shell-hooks", "webhook"):
        host.copy_in(ROOT / "examples/plugins" / name, f"/root/{name}")
        host.exec(["dokkupy", "plugin:install", f"/root/{name}"])
    host.copy_in(LISTENER.encode(), "/root/listener.py")
    host.exec(["systemd-run", "--unit", "listener", "python3", "/root/listener.py"])
    host.exec(["dokkupy", "apps:create", "blog"])
    host.exec(["dokkupy", "webhook:set", "blog", "url", "http://127.0.0.1:9999/"])
    hooks = repository.path / ".dokkupy" / "hooks"
    for moment in ("pre-deploy", "post-deploy"):
        repository.write(f".dokkupy/hooks/{moment}", f"#!/bin/sh\necho {moment} of $(id -u) in $(pwd)\n")
        (hooks / moment).chmod(0o755)
    repository.commit("bring hooks")
    pushed = host.git_push(repository.path, "blog").stderr
    for words in ("pre-deploy of 10001 in /app", "post-deploy of 10001 in /app", "Hello from blog"):
        assert words in pushed, pushed
    news = [json.loads(line) for line in host.exec(["cat", "/run/news"]).stdout.splitlines()]
    assert [(one["outcome"], one["release"]) for one in news] == [("succeeded", 1)]
    repository.write(".dokkupy/hooks/pre-deploy", "#!/bin/sh\necho refused\nexit 7\n")
    repository.commit("refuse")
    failed = host.git_push(repository.path, "blog", check=False)
    assert failed.code != 0 and "status 7" in failed.stderr
    assert host.ssh(["releases", "blog", "--format", "json"]).stdout.count('"number"') == 1
    assert host.ssh(["hello:greet", "blog"]).stdout == "Hello from blog\n"
