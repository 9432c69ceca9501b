"""A command checks what it started, routed or stopped before it reports success."""

from __future__ import annotations

import subprocess
import time

from apps import Repository
from bed.host import Host

ONCE = "sh -c 'test ! -e /kept/started || exit 7; touch /kept/started; sleep 100000'"


def test_start_and_route_fail_if_no_instance_can_be_reached(host: Host, app: str, repository: Repository) -> None:
    directory = f"/srv/{app}"
    host.exec(["install", "-d", "-m", "777", directory])
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["dokkupy", "docker-options:add", app, "deploy", f"-v {directory}:/kept"])
    host.exec(["dokkupy", "checks:set", app, "default-wait", "3"])
    host.exec(["dokkupy", "ps:set", app, "stop-timeout-seconds", "1"])
    host.exec(["dokkupy", "ps:scale", app, "once=1"])
    repository.scalable()
    repository.write("Procfile", f"web: python3 web.py\nonce: {ONCE}\n")
    repository.commit("a worker that starts once")
    host.git_push(repository.path, app)
    host.exec(["dokkupy", "ps:stop", app])
    refused = host.ssh(["ps:start", app], check=False)
    assert refused.code == 1 and "once.1 ended with exit code 7" in refused.stderr
    assert "exited" in host.exec(["dokkupy", "ps:report", app, "--status-web.1"]).stdout

    host.exec(["dokkupy", "ps:scale", app, "once=0"])
    host.exec(["dokkupy", "ps:start", app])
    host.exec(["dokkupy", "proxy:disable", app])
    host.exec(["docker", "stop", "--time", "1", f"{app}.web.1"])
    refused = host.ssh(["proxy:enable", app], check=False)
    assert refused.code == 1 and f"http://{app}.apps.example.com" in refused.stderr
    assert host.exec(["dokkupy", "proxy:report", app, "--proxy-enabled"]).stdout.strip() == "false"


def test_a_command_in_an_instance_ends_with_its_connection(host: Host, app: str, repository: Repository) -> None:
    repository.scalable()
    host.git_push(repository.path, app)
    connection = [*host._ssh_command(), f"dokku@{host.ip}", "enter", app, "web", "sleep", "97531"]
    caller = subprocess.Popen(connection, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    wait_until(host, "sleep 97531", there=True)
    caller.kill()
    caller.wait()
    wait_until(host, "sleep 97531", there=False)


def wait_until(host: Host, command: str, *, there: bool) -> None:
    """Wait until a process with this command line runs in a container, or until it does not."""
    for _ in range(300):
        if (host.exec(["pgrep", "-x", "-f", command], check=False).code == 0) is there:
            return
        time.sleep(0.3)
    raise AssertionError(f"{command} is {'not ' if there else 'still '}there")
