"""Clients written for Dokku, over SSH: the commands that they send, and the bytes and exit statuses that they
expect."""

from __future__ import annotations

import io
import json
import tarfile

from apps import Repository
from bed.host import Host
from dokkupy_certs.self_signed import key_and_certificate
from state import latest_image


def typed(host: Host, *words: str) -> tuple[int, str, str]:
    done = host.ssh(["--", *words], check=False)
    return done.code, done.stdout, done.stderr


def test_clients_of_dokku_get_the_answers_of_dokku(host: Host, app: str, repository: Repository) -> None:
    """One app, from the first command of a CI action to the end: push, configuration, ports and rollback."""
    assert typed(host, "apps:exists", app) == (20, "", f" !     App {app} does not exist\n")
    assert typed(host, "apps:create", app) == (0, f"-----> Creating {app}...\n", "")
    assert typed(host, "apps:exists", app) == (0, "", "")
    domain = f"{app}.example.org"
    typed(host, "domains:set", app, domain)
    waiting = host.http_get(domain)
    assert waiting.status == 502, waiting  # the name is known, nothing is deployed

    repository.scalable()
    host.git_push(repository.path, app)
    commit = repository.git("rev-parse", "HEAD").strip()
    # The client script of Dokku passes the app by the flag.
    assert typed(host, "--app", app, "config:get", "GIT_REV") == (0, f"{commit}\n", "")
    assert typed(host, "--app", app, "ps:report", "--running") == (0, "true\n", "")
    assert typed(host, "domains:report", app, "--domains-app-vhosts") == (0, f"{domain}\n", "")
    assert typed(host, "--quiet", "apps:list", "surplus")[1].splitlines().count(app) == 1
    assert typed(host, "config:get", app, "NO_SUCH_KEY") == (1, "", "")
    assert typed(host, "version")[1].startswith("dokku version 0.38.") and typed(host, "version")[1].count("\n") == 1
    assert "Server: nginx" in head(host, domain).splitlines()  # without its version

    script_of_dokku(host, app)

    # After `ps:scale` to fewer instances, the removed ones are gone or listed as draining.
    typed(host, "ps:scale", app, "web=2")
    assert typed(host, "ps:scale", app, "web=1")[0] == 0
    names = host.exec(["docker", "ps", "--format", "{{.Names}}"]).stdout.split()
    assert f"{app}.web.1" in names and f"{app}.web.2" not in names
    shown = json.loads(typed(host, "ps:inspect", app)[1])
    assert {one["Name"].removeprefix("/") for one in shown} == {f"{app}.web.1"}
    assert all(text.endswith("=*******") for one in shown for text in one["Config"]["Env"])

    # a port of one process that is published without the proxy
    typed(host, "docker-options:add", "--process", "web", app, "deploy", "-p", "127.0.0.1:8099:5000")
    typed(host, "checks:disable", app, "web")
    assert typed(host, "ps:restart", app)[0] == 0
    assert host.exec(["curl", "-sf", "http://127.0.0.1:8099/"]).stdout
    assert typed(host, "docker-options:list", app)[0] == 1

    # an earlier deployment is deployed again from its image, which is found by its label
    host.exec(["docker", "tag", latest_image(host, app), f"{app}/source:v1"])
    typed(host, "docker-options:clear", app)
    assert typed(host, "git:from-image", app, f"{app}/source:v1", "Ann", "von", "Au", "ann@example.com")[0] == 0
    form = '{{index .Config.Labels "com.dokku.docker-image-labeler/alternate-tags"}}'
    label = host.exec(["docker", "image", "inspect", "-f", form, latest_image(host, app)]).stdout
    assert json.loads(label) == [f"{app}/source:v1"]


def script_of_dokku(host: Host, app: str) -> None:
    """Send what contrib/dokku_client.sh sends: arguments split at spaces, the app by a flag, and a request for a
    terminal."""

    def sent(line: str, *, stdin: bytes = b"") -> tuple[int, str]:
        done = host.ssh(["-t", "--", "--app", app, *line.split()], check=False, input=stdin)
        return done.code, done.stdout.replace("\r\n", "\n")

    assert sent("config:set --no-restart A_KEY=value")[0] == 0
    assert sent("config:get A_KEY") == (0, "value\n")
    scale = f"-----> Scaling for {app}\nproctype: qty\n--------: ---\nrelease: 0\nweb: 1\nworker: 0\n"
    assert sent("ps:scale") == (0, scale)
    assert sent("run echo several  words") == (0, "several words\n")
    assert sent("logs --num 1 -p web")[0] == 0
    assert sent("plugin:list")[1].split()[2] == "enabled"
    assert sent(f"ps:report {app} --ps-pending") == (0, "\n")
    code, text = sent("certs:add /etc/hostname /etc/hostname")  # a key may not read the host's files
    assert (
        code == 1
        and "tar c server.crt server.key | ssh"
        in host.ssh(["--", "--app", app, "certs:add", "/etc/hostname", "/etc/hostname"], check=False).stderr
    ), text
    certificate, key = key_and_certificate([f"{app}.example.org"])
    assert sent("certs:add", stdin=tar_of({"server.crt": certificate, "server.key": key}))[0] == 0
    assert sent("certs:report --ssl-hostnames") == (0, f"{app}.example.org\n")
    assert sent("certs:remove")[0] == 0
    assert sent("git:sync https://127.0.0.1:1/none.git main")[0] == 1


def tar_of(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def head(host: Host, name: str) -> str:
    return host.exec(["curl", "-sI", "-H", f"Host: {name}", "http://127.0.0.1/"]).stdout
