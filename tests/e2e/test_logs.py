"""The output of an app stays, whatever happens to its containers."""

from __future__ import annotations

import json
import re
import time

from apps import Repository
from bed.host import Host

WEB = """import http.server, os, threading, time, uuid

life = uuid.uuid4().hex

def count():
    number = 0
    while True:
        print("line", life, number, flush=True)
        number += 1
        time.sleep(0.05)

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass

threading.Thread(target=count, daemon=True).start()
http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
"""


def printed(host: Host, app: str) -> str:
    return host.exec(["dokkupy", "logs", app, "--since", "1h", "-p", "web"]).stdout


def lives(host: Host, app: str) -> list[list[int]]:
    """The numbers that each run of the process printed, in the order of their first lines."""
    found: dict[str, list[int]] = {}
    times = []
    for row in printed(host, app).splitlines():
        if line := re.fullmatch(r"(\S+) app\[web\.1\]: line (\w+) (\d+)", row):
            times.append(line[1])
            found.setdefault(line[2], []).append(int(line[3]))
    assert times == sorted(times)
    return list(found.values())


def wait_for_lives(host: Host, app: str, number: int) -> None:
    for _ in range(600):
        if len(lives(host, app)) >= number:
            return
        time.sleep(0.5)
    assert len(lives(host, app)) >= number


def test_no_line_is_lost_over_a_deploy_a_crash_and_a_restart_of_the_engine(
    host: Host, app: str, repository: Repository
) -> None:
    repository.write("web.py", WEB)
    repository.write("Procfile", "web: exec python3 web.py\n")
    repository.write("app.json", "{}")
    repository.commit("print numbers")
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["dokkupy", "domains:set", app, f"{app}.example.com"])
    host.git_push(repository.path, app)
    host.exec(["dokkupy", "config:set", app, "LIFE=second"])
    process = host.exec(["docker", "inspect", "-f", "{{.State.Pid}}", f"{app}.web.1"]).stdout.strip()
    host.exec(["kill", "-9", process])
    wait_for_lives(host, app, 3)
    host.exec(["systemctl", "restart", "docker"])
    wait_for_lives(host, app, 4)
    host.exec(["dokkupy", "ps:rebuild", app])
    wait_for_lives(host, app, 5)
    for _ in range(600):
        if len(host.exec(["docker", "ps", "-aq", "--filter", f"label=dokkupy.app={app}"]).stdout.split()) == 1:
            break  # the replaced instances are gone, and with them the engine's copy of their output
        time.sleep(0.5)
    found = lives(host, app)
    assert len(found) == 5
    for numbers in found:
        # A busy engine once lacked line 0 of a run that it started by itself. Only lines that the engine has can be
        # kept.
        assert numbers[0] <= 1, printed(host, app)
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), printed(host, app)
    files = host.exec(["find", f"/var/lib/dokkupy/app-logs/{app}", "-type", "f", "-printf", "%m\n"]).stdout.split()
    assert len(files) == 2 and set(files) == {"640"}
    host.exec(["dokkupy", "apps:destroy", app, "--force"])
    assert host.exec(["test", "-e", f"/var/lib/dokkupy/app-logs/{app}"], check=False).code == 1


RECEIVER = """import http.server, ssl, socket, threading, time

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/run/t-receiver/certificate", "/run/t-receiver/key")
out = open("/run/t-receiver/got", "ab", buffering=0)
silent, kept = socket.create_server(("127.0.0.1", 16515)), []

def never_answer():
    while True:
        kept.append(silent.accept())

def receive(connection):
    with context.wrap_socket(connection, server_side=True) as secure:
        while data := secure.recv(65536):
            out.write(data)

threading.Thread(target=never_answer, daemon=True).start()
server = socket.create_server(("127.0.0.1", 16514))
while True:
    threading.Thread(target=receive, args=(server.accept()[0],), daemon=True).start()
"""
CERTIFICATE = (
    "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
)
UNIT = "t-receiver"


def messages(text: str) -> list[str]:
    """Messages of syslog, each after its length. The last may be incomplete."""
    found = []
    while text:
        length, _, rest = text.partition(" ")
        if len(rest) < int(length):
            break
        found.append(rest[: int(length)])
        text = rest[int(length) :]
    return found


def drained(host: Host, app: str) -> dict[str, object]:
    (row,) = json.loads(host.exec(["dokkupy", "logs:drains", app, "--format", "json"]).stdout)
    return dict(row)


def test_lines_reach_a_syslog_over_tls_and_a_receiver_that_hangs_delays_no_app(
    host: Host, app: str, repository: Repository
) -> None:
    repository.write("web.py", WEB)
    repository.write("Procfile", "web: exec python3 web.py\n")
    repository.write("app.json", "{}")
    repository.commit("print numbers")
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["dokkupy", "domains:set", app, f"{app}.example.com"])
    host.git_push(repository.path, app)
    host.exec(["install", "-d", f"/run/{UNIT}"])
    host.exec([*CERTIFICATE.split(), "-keyout", f"/run/{UNIT}/key", "-out", f"/run/{UNIT}/certificate"])
    host.exec(["systemd-run", f"--unit={UNIT}", "python3", "-c", RECEIVER])
    try:
        sink = f"syslog://?address=localhost:16514&tls.ca_file=/run/{UNIT}/certificate"
        host.exec(["dokkupy", "logs:set", "--global", "vector-sink", sink])
        for _ in range(600):
            if int(str(drained(host, app)["sent"])) > 20:
                break
            time.sleep(0.5)
        received = messages(host.exec(["cat", f"/run/{UNIT}/got"]).stdout)
        numbers = [int(one.split()[-1]) for one in received if f" {app} web.1 - - line " in one]
        assert numbers and numbers == list(range(numbers[0], numbers[0] + len(numbers))), drained(host, app)
        host.exec(["dokkupy", "logs:set", "--global", "vector-sink", "http://?uri=http%3A//127.0.0.1%3A16515/"])
        flood = "yes abcdefghijklmnopqrstuvwxyz | head -c 3000000 > /proc/1/fd/1"
        for _ in range(600):
            host.exec(["docker", "exec", f"{app}.web.1", "sh", "-c", flood])
            if int(str(drained(host, app)["dropped"])):
                break
            time.sleep(0.5)
        assert int(str(drained(host, app)["dropped"])) > 0
        page = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"Host: {app}.example.com"]
        assert host.exec([*page, "http://127.0.0.1/"]).stdout == "200"
        assert "log_lines_dropped" in host.exec(["dokkupy", "events"]).stdout
        assert "lost lines" in host.exec(["dokkupy", "doctor"], check=False).stdout
    finally:
        host.exec(["dokkupy", "logs:set", "--global", "vector-sink"])
        host.exec(["systemctl", "stop", UNIT], check=False)
