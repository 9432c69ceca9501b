"""Apps that fail in different ways: the push and `why` name the cause and the remedy."""

from __future__ import annotations

import json
import shlex
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from apps import Repository
from bed.host import Host
from dokkupy_sdk.testing.effort import THOROUGH

BASE = "FROM python:3.13-slim\n"
QUICK = (("checks:set", "wait", "1"), ("checks:set", "attempts", "1"), ("checks:set", "timeout", "2"))
"""A check that fails soon."""


def runs(source: str) -> str:
    """A Dockerfile for a container that runs this program."""
    return BASE + "CMD " + json.dumps(["python3", "-u", "-c", source]) + "\n"


def listens(where: str, port: int) -> str:
    return f"import http.server; http.server.HTTPServer(({where!r}, {port}), http.server.BaseHTTPRequestHandler).serve_forever()"


def answers(status: int, **headers: str) -> str:
    sent = "".join(f"self.send_header({name!r}, {value!r}); " for name, value in headers.items())
    return (
        "import http.server\nclass H(http.server.BaseHTTPRequestHandler):\n"
        f"    def do_GET(self): self.send_response({status}); {sent}self.end_headers()\n"
        'http.server.HTTPServer(("", 5000), H).serve_forever()'
    )


@dataclass(frozen=True)
class Failing:
    """An app that fails. cause, fix: what the push and `why` must print. setup: commands before the push, without the
    app's name."""

    cause: str
    fix: str
    files: dict[str, str] = field(default_factory=dict)
    setup: tuple[tuple[str, ...], ...] = ()


def of(dockerfile: str, cause: str, fix: str, *setup: tuple[str, ...], **files: str) -> Failing:
    named = {name.replace("_json", ".json").replace("_sh", ".sh"): text for name, text in files.items()}
    return Failing(cause, fix, {"Dockerfile": dockerfile, **named}, setup)


CHECK = json.dumps({"healthchecks": {"web": [{"type": "startup", "path": "/up", "attempts": 1, "timeout": 2}]}})
EAT = "x = []\nwhile True: x.append(bytearray(1 << 20))"
UNTRUSTED = """
import socket, ssl, threading
own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
own.load_cert_chain("/crt", "/key")
threading.excepthook = lambda _: None
door = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=lambda: own.wrap_socket(door.accept()[0], server_side=True), daemon=True).start()
call = socket.create_connection(door.getsockname())
ssl.create_default_context().wrap_socket(call, server_hostname="localhost")
"""
"""A program that calls a server whose certificate nobody signed: itself."""
ARM = "\\177ELF\\2\\1\\1\\0\\0\\0\\0\\0\\0\\0\\0\\0\\2\\0\\267\\0\\1\\0\\0\\0"

FAILING = {
    "module": of(runs("import flask"), "The Python module flask is not installed", "requirements.txt"),
    "variable": of(
        runs("import os; os.environ['API_KEY']"), "The variable API_KEY is not set", "config:set {app} API_KEY=VALUE"
    ),
    "loopback": of(
        runs(listens("127.0.0.1", 5000)), "t listens on 127.0.0.1 only", "Make it listen on 0.0.0.0:5000", *QUICK
    ),
    "wrong-port": of(runs(listens("", 8080)), "t listens on 0.0.0.0:8080", "ports:set {app} http:80:8080", *QUICK),
    "silent": of(
        runs("import time; time.sleep(1000)"), "t listens on no port", "Make it listen on 0.0.0.0:5000", *QUICK
    ),
    "command": of(
        BASE + 'CMD ["gunicorn", "app:app"]\n', "The command gunicorn is not in the image", "Procfile or Dockerfile"
    ),
    "procfile": of(BASE, "The command gunicorn is not in the image", "Procfile", Procfile="web: gunicorn app:app\n"),
    "not-executable": of(
        BASE + 'COPY start.sh /start.sh\nRUN chmod 644 /start.sh\nCMD ["/start.sh"]\n',
        "The script /start.sh is not executable",
        "chmod=+x",
        start_sh="#!/bin/sh\nexec sleep 100\n",
    ),
    "windows": of(
        BASE + 'COPY start.sh /start.sh\nRUN chmod 755 /start.sh\nCMD ["sh", "-c", "/start.sh"]\n',
        "line ends of Windows",
        "eol=lf",
        start_sh="#!/bin/sh\r\nexec sleep 100\r\n",
    ),
    "processor": of(
        BASE
        + f"RUN printf '{ARM}' > /server && head -c 4000 /dev/zero >> /server && chmod 755 /server\n"
        + 'CMD ["/server"]\n',
        "was built for another processor",
        "--platform",
    ),
    "permission": of(
        BASE + "USER nobody\n" + runs("open('/data', 'w')").removeprefix(BASE),
        "may not write or read /data",
        "storage:mount {app}",
    ),
    "memory": of(
        runs(EAT), "used up its memory", "resource:limit {app} --memory", ("resource:limit", "--memory", "32m")
    ),
    "disk": of(runs("open('/dev/shm/x', 'wb').write(bytes(80 << 20))"), "The disk is full", "disk:report {app}"),
    "certificate": of(
        BASE
        + "RUN openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout /key -out /crt\n"
        + runs(UNTRUSTED).removeprefix(BASE),
        "does not trust the certificate of a server that it calls: self-signed certificate",
        "SSL_CERT_FILE",
    ),
    "syntax": of(runs("def main(:"), "A mistake in the source: ", "Correct the source"),
    "ends": of(runs("print('started in the background')"), "ended by itself, without an error", "foreground"),
    "copy": of(
        BASE + "COPY settings.ini /\n", "copies /settings.ini, which is not in what was pushed", ".dockerignore"
    ),
    "dockerfile": of(BASE + "RUNN true\n", "A mistake in line 2 of the Dockerfile", "Correct the line"),
    "release": of(
        BASE,
        "The variable DATABASE_URL is not set",
        "config:set {app} DATABASE_URL=VALUE",
        Procfile="release: python3 -c 'import os; os.environ[\"DATABASE_URL\"]'\nweb: sleep 100\n",
    ),
    "redirect": of(
        runs(answers(302, Location="/login")),
        "The checked path /up redirects (status 302)",
        "/up answer 2xx itself",
        app_json=CHECK,
    ),
    "database": of(
        runs("import socket; socket.create_connection(('127.0.0.1', 5432))"),
        "does not take connections",
        "config:show {app}",
    ),
    "base": of(
        "FROM no-such-image.invalid/none:1\n",
        "The base image no-such-image.invalid/none:1 was not pulled, because this host does not reach its registry",
        "FROM line",
    ),
}
"""Name of the app -> how it fails."""

FURTHER = (
    "variable",
    "procfile",
    "not-executable",
    "permission",
    "disk",
    "certificate",
    "syntax",
    "dockerfile",
    "database",
)
"""Pushed with --thorough: each is found by another line of an output that another app here produces in the same way, and
plugins_builtin/why/tests has such outputs as real programs wrote them."""
TRIED = [name for name in FAILING if THOROUGH or name not in FURTHER]


@pytest.fixture(scope="module")
def pushed(host: Host, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str]]:
    """App -> (the output of its push, the output of `why`). The pushes run in parallel, because most of the time is
    waiting."""
    directory = tmp_path_factory.mktemp("failing")
    lines = []
    for name in TRIED:
        one = FAILING[name]
        words = [["apps:create", f"why-{name}"], *([command, f"why-{name}", *rest] for command, *rest in one.setup)]
        lines += [shlex.join(["dokkupy", *line]) for line in words]
    host.exec(["sh", "-ec", "\n".join(lines)])

    def push(name: str) -> tuple[str, str]:
        repository = Repository(directory / name)
        repository.git("rm", "-rq", ".")
        for path, text in FAILING[name].files.items():
            repository.write(path, text)
        repository.commit("fail")
        ran = host.git_push(repository.path, f"why-{name}", check=False)
        assert ran.code != 0, ran.stderr
        return ran.stderr, host.ssh(["why", f"why-{name}"]).stdout

    with ThreadPoolExecutor(6) as pool:
        return dict(zip(TRIED, pool.map(push, TRIED), strict=True))


@pytest.mark.parametrize("name", TRIED)
def test_push_and_why_name_the_cause_and_the_remedy(name: str, pushed: dict[str, tuple[str, str]]) -> None:
    one, (push, why) = FAILING[name], pushed[name]
    # The cause is then only a guess, which `why` prints but the push does not.
    ends = one.cause.startswith("ended by itself")
    for text in (why,) if ends else (push, why):
        assert one.cause in text, text
        assert one.fix.format(app=f"why-{name}") in text, text
    assert push.count(one.cause) == (0 if ends else 1), push
    assert f"why why-{name}" in push and "keep serving" not in push
