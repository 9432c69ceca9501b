"""Cloud Native Buildpacks with the real `pack` and the real lifecycle. The builder and the buildpack are those of the
test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from apps import Repository
from bed import images
from bed.engine import docker
from bed.host import Host

PLACE = "/var/tmp/cnb"
BASE = """\
FROM python:3.13-slim
RUN groupadd -g 1000 cnb && useradd -u 1000 -g 1000 -m cnb
ENV CNB_USER_ID=1000 CNB_GROUP_ID=1000
LABEL io.buildpacks.base.distro.name=debian io.buildpacks.base.distro.version=12
USER 1000:1000
"""
BUILDER = """\
[[buildpacks]]
uri = "./buildpack"

[[order]]
[[order.group]]
id = "dokkupy/shell"
version = "0.0.1"

[build]
image = "dokkupy-test/cnb-base"

[run]
[[run.images]]
image = "dokkupy-test/cnb-base"

[lifecycle]
uri = "./lifecycle.tgz"
"""
BUILDPACK = """\
api = "0.10"

[buildpack]
id = "dokkupy/shell"
version = "0.0.1"

[[targets]]
os = "linux"
"""
BUILD = """\
#!/bin/sh
set -eu
echo "GREETING is as long as $(wc -c <"$CNB_PLATFORM_DIR/env/GREETING")"
if [ -f fail ]; then echo 'the buildpack does not like it'; exit 7; fi
mkdir -p "$CNB_LAYERS_DIR/settings/env.launch"
printf 'from a layer' >"$CNB_LAYERS_DIR/settings/env.launch/FROM_LAYER.override"
printf '[types]\\nlaunch = true\\n' >"$CNB_LAYERS_DIR/settings.toml"
cat >"$CNB_LAYERS_DIR/launch.toml" <<'END'
[[processes]]
type = "web"
command = ["python3"]
args = ["server.py"]
default = true
END
"""
SERVER = """\
import http.server
import os


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"Hello {os.environ['FROM_LAYER']}".encode())


http.server.HTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
"""
CANARY = "canary-c1a551c"


@pytest.fixture(scope="module")
def builder(host: Host) -> Iterator[str]:
    """The shared machine, on which `pack` is installed and has made a builder image."""
    tools = images.packs()
    made = docker("create", "--pull=never", tools, "true").stdout.strip()
    try:
        for name in ("pack", "lifecycle.tgz"):
            docker("cp", f"{made}:/out/{name}", f"/tmp/{made[:12]}-{name}")
            path = Path(f"/tmp/{made[:12]}-{name}")
            host.copy_in(path, "/usr/local/bin/pack" if name == "pack" else f"{PLACE}/{name}")
            path.unlink()
    finally:
        docker("rm", "-f", made)
    host.copy_in(BUILDPACK.encode(), f"{PLACE}/buildpack/buildpack.toml")
    host.copy_in(b"#!/bin/sh\nexit 0\n", f"{PLACE}/buildpack/bin/detect")
    host.copy_in(BUILD.encode(), f"{PLACE}/buildpack/bin/build")
    host.exec(["chmod", "755", f"{PLACE}/buildpack/bin/detect", f"{PLACE}/buildpack/bin/build"])
    host.copy_in(BUILDER.encode(), f"{PLACE}/builder.toml")
    host.copy_in(BASE.encode(), f"{PLACE}/base/Dockerfile")
    host.exec(["docker", "build", "-q", "-t", "dokkupy-test/cnb-base", f"{PLACE}/base"])
    host.exec(
        [
            "pack",
            "builder",
            "create",
            "dokkupy-test/builder",
            "--config",
            f"{PLACE}/builder.toml",
            "--pull-policy",
            "never",
        ],
        env={"HOME": "/root"},
    )
    yield "dokkupy-test/builder"
    host.exec(["rm", "-rf", "/usr/local/bin/pack", PLACE])
    host.exec(["docker", "rmi", "-f", "dokkupy-test/builder", "dokkupy-test/cnb-base"], check=False)


def volumes(host: Host, app: str) -> list[str]:
    names = host.exec(["docker", "volume", "ls", "-q"]).stdout.split()
    assert not [name for name in names if name.startswith("pack-cache-")]
    return sorted(name for name in names if name.startswith(f"dokkupy-pack-{app}-"))


@pytest.mark.timeout(1500)  # pack is built from source first, while other tests run
def test_project_toml_is_built_by_pack_repeatedly_and_destroying_the_app_leaves_nothing(
    host: Host, app: str, builder: str, tmp_path: Path
) -> None:
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["dokkupy", "domains:set", app, f"{app}.example.com"])
    host.exec(["dokkupy", "builder-pack:set", "--global", "trusted-builders", f"heroku/builder:24,{builder}"])
    host.exec(["dokkupy", "builder-pack:set", app, "builder-image", builder])
    host.exec(["dokkupy", "config:set", app, f"GREETING={CANARY}"])
    repository = Repository(tmp_path / "app")
    for name in ("Dockerfile", "Procfile", "app.json", "release.py", "web.py", "worker.py"):
        repository.git("rm", "-q", name)
    repository.write("project.toml", '[_]\nschema-version = "0.2"\n')
    repository.write("server.py", SERVER)
    repository.commit("an app for Cloud Native Buildpacks")

    pushed = host.git_push(repository.path, app)
    assert f"GREETING is as long as {len(CANARY)}" in pushed.stderr and CANARY not in pushed.stderr
    assert "=====> Application deployed:" in pushed.stderr
    assert host.http_get(f"{app}.example.com").body == "Hello from a layer"
    assert volumes(host, app) == [f"dokkupy-pack-{app}-build", f"dokkupy-pack-{app}-launch"]

    repository.replace("server.py", "Hello", "Bye")
    repository.commit("a changed line")
    pushed = host.git_push(repository.path, app)
    assert "Reusing layer 'dokkupy/shell:settings'" in pushed.stderr
    assert host.http_get(f"{app}.example.com").body == "Bye from a layer"
    image = host.exec(["docker", "inspect", "-f", "{{.Image}}", f"{app}.web.1"]).stdout.strip()
    script = (
        f"docker save {image} | grep -c {CANARY} || true; docker history --no-trunc {image} | grep -c {CANARY} || true"
    )
    assert host.exec(["sh", "-c", script]).stdout.split() == ["0", "0"]

    repository.write("Procfile", "web: python3 server.py\n")
    repository.commit("a command of our own, which sees what the buildpack set")
    host.git_push(repository.path, app)
    assert host.http_get(f"{app}.example.com").body == "Bye from a layer"

    repository.write("fail", "")
    repository.commit("what the buildpack does not like")
    failed = host.git_push(repository.path, app, check=False)
    assert failed.code != 0 and "the buildpack does not like it" in failed.stderr
    assert host.http_get(f"{app}.example.com").body == "Bye from a layer"

    host.exec(["dokkupy", "repo:purge-cache", app])
    assert volumes(host, app) == []
    host.exec(["dokkupy", "apps:destroy", app, "--force"])
    left = host.exec(["docker", "images", "--format", "{{.Repository}}:{{.Tag}}", f"dokku/{app}"]).stdout
    assert left == ""
