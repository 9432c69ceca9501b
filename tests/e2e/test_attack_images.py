"""A malicious deployer attacks by images: archives, names, build caches, builders, and the rights of containers."""

from __future__ import annotations

import io
import json
import secrets
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from apps import Repository
from bed.engine import Ran, run
from bed.host import Host
from state import latest_image

CANARY = "canary-of-the-other-app"
DOCKERFILE = """\
FROM python:3.13-slim
WORKDIR /app
COPY . .
RUN --mount=type=cache,id=shared,target=/c cat /c/log 2>/dev/null; echo {mark} >>/c/log
CMD ["python", "web.py"]
"""
NET_RAW = 1 << 13


@dataclass(frozen=True)
class Attack:
    """Two apps, and the key of a deployer of only one of them."""

    host: Host
    own: str
    other: str
    key: Path
    repository: Repository
    pushed: str

    def ssh(self, *words: str, input: bytes | None = None) -> Ran:
        command = self.host._ssh_command()
        command[command.index("-i") + 1] = str(self.key)
        return run([*command, f"dokku@{self.host.ip}", *words], check=False, input=input)

    def push(self, dockerfile: str) -> str:
        """Push source with this Dockerfile. Returns the output of the push, which must be refused."""
        self.repository.write("Dockerfile", dockerfile)
        self.repository.commit("an attack")
        pushed = self.host.git_push(self.repository.path, self.own, check=False)
        assert pushed.code != 0, pushed.stderr
        return pushed.stderr


@pytest.fixture(scope="module")
def attack(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attack]:
    folder = tmp_path_factory.mktemp("images")
    own, other = (f"t-{name}-{secrets.token_hex(3)}" for name in ("own", "other"))
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key")])
    output = ""
    try:
        for app in (other, own):
            repository = Repository(folder / app)
            repository.write("SECRET", CANARY)
            repository.write("Dockerfile", DOCKERFILE.format(mark=f"cached-by-{app}"))
            repository.commit("with a build cache")
            output += host.git_push(repository.path, app).stderr
        public = (folder / "key.pub").read_text()
        host.exec(["dokkupy", "ssh-keys:add", "eve", "--role", "deployer", "--apps", own], input=public)
        yield Attack(host, own, other, folder / "key", repository, output)
    finally:
        host.exec(["dokkupy", "ssh-keys:remove", "eve"], check=False)
        for app in (own, other):
            kill = 'docker ps -q --filter "label=dokkupy.app=$0" | xargs -r docker kill'
            host.exec(["sh", "-c", kill, app], check=False)
            host.exec(["dokkupy", "apps:destroy", app, "--force"], check=False)


def names(host: Host) -> dict[str, str]:
    """Name -> id of the engine's images."""
    rows = host.exec(["docker", "images", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}"]).stdout
    return dict(row.split() for row in rows.splitlines() if "<none>" not in row)


def archive(tags: Sequence[str]) -> bytes:
    """The archive that `docker save` would write for an empty image with these names."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("evil"))
    digest = run(["sha256sum"], input=layer.getvalue()).stdout.split()[0]
    config = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]}}
    manifest = [{"Config": "c.json", "RepoTags": list(tags), "Layers": ["l.tar"]}]
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for name, content in (
            ("manifest.json", json.dumps(manifest).encode()),
            ("c.json", json.dumps(config).encode()),
            ("l.tar", layer.getvalue()),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return data.getvalue()


def test_archive_cannot_replace_an_image_of_the_host(attack: Attack) -> None:
    wanted = ("dokkupy/host-programs:1", f"dokku/{attack.other}:latest", "python:3.13-slim")
    before = names(attack.host)
    data = archive([*wanted, latest_image(attack.host, attack.other), "mine:1"])
    for name in wanted:
        assert attack.ssh("git:load-image", attack.own, name, input=data).code != 0
    # The image is loaded, but cannot run, because it has no program.
    assert attack.ssh("git:load-image", attack.own, "mine:1", input=data).code != 0
    after = names(attack.host)
    new = {name for name in after if before.get(name) != after[name]}
    assert before.keys() <= after.keys()
    assert len(new) == 1 and new.pop().startswith(f"dokku/{attack.own}:load-")


def test_the_image_of_another_app_cannot_be_named(attack: Attack) -> None:
    private = latest_image(attack.host, attack.other).rpartition("-")[2]
    assert len(private) == 32 and private not in attack.pushed
    other = f"dokku/{attack.other}"
    identifier = names(attack.host)[latest_image(attack.host, attack.other)]
    for image in (other, f"{other}:latest", f"docker.io/{other}:r1", identifier):
        refused = attack.ssh("git:from-image", attack.own, image)
        assert refused.code != 0 and CANARY not in refused.output, image
    for dockerfile in (
        f"FROM {other}:latest\nRUN cat /app/SECRET\n",
        f"ARG A=dokku\nARG B={attack.other}\nFROM $A/${{B}}:r1\nRUN cat /app/SECRET\n",
        f"FROM python:3.13-slim\nCOPY --from={other}:latest /app/SECRET /s\nRUN cat /s\n",
        f"FROM python:3.13-slim\nRUN --mount=type=bind,from={other},target=/o cat /o/app/SECRET\n",
    ):
        refused_push = attack.push(dockerfile)
        assert "belong to them alone" in refused_push and CANARY not in refused_push, dockerfile


def test_a_build_cache_of_another_app_cannot_be_named(attack: Attack) -> None:
    printed = [line for line in attack.pushed.splitlines() if "RUN" not in line]
    assert not any(f"cached-by-{attack.other}" in line for line in printed)


def test_all_builds_together_have_a_limit_of_processes_and_memory(attack: Attack) -> None:
    """Docker 20.10 does not pass a cgroup to BuildKit, so BuildKit's own cgroup for builds has the limits."""
    pids, memory = (
        attack.host.exec(["cat", f"/sys/fs/cgroup/{file}"]).stdout.strip()
        for file in ("pids/docker/buildkit/pids.max", "memory/docker/buildkit/memory.limit_in_bytes")
    )
    assert pids == "16384" and int(memory) < 1 << 50


def test_a_builder_of_the_deployers_own_and_an_endless_log_are_refused(attack: Attack) -> None:
    refused = attack.ssh("builder-pack:set", attack.own, "builder-image", "attacker/builder")
    assert refused.code != 0 and "not a trusted builder" in refused.stderr
    assert attack.ssh("builder-pack:set", "--global", "trusted-builders", "attacker/builder").code != 0
    assert attack.ssh("logs:set", attack.own, "max-size", "unlimited").code != 0
    for option in (
        "--pids-limit=-1",
        "--cap-add=NET_RAW",
        "--security-opt=no-new-privileges:false",
        "--log-opt=max-size=9g",
    ):
        assert attack.ssh("docker-options:add", attack.own, "deploy,run", option).code != 0, option


def test_containers_cannot_gain_privileges_and_have_a_limit_of_processes(attack: Attack) -> None:
    shown = attack.ssh("run", attack.own, "cat", "/proc/self/status").stdout
    status = dict(line.split(":", 1) for line in shown.splitlines() if ":" in line)
    assert status["NoNewPrivs"].strip() == "1"
    assert not int(status["CapBnd"], 16) & NET_RAW
    form = "{{.HostConfig.PidsLimit}} {{.HostConfig.LogConfig.Config}}"
    limits = attack.host.exec(["docker", "inspect", "-f", form, f"{attack.own}.web.1"]).stdout
    assert limits.split() == ["4096", "map[max-file:3", "max-size:10m]"]
