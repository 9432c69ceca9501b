"""A `git push` of a source without a Dockerfile, on a host that cannot reach any image registry."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from apps import Repository
from bed.checkout import ROOT
from bed.engine import HANGS, SOON
from bed.host import Host
from bed.wayout import environment
from dokkupy_sdk.testing.effort import THOROUGH
from state import argv_watched

SAMPLES = ROOT / "examples" / "apps"
CANARY = "canary-51c0ffee"


def create(host: Host, app: str) -> str:
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["dokkupy", "domains:set", app, f"{app}.example.com"])
    return f"{app}.example.com"


#: (sample, its answer, a file, the text to replace in it, the new text): interpreted, compiled, and files that are only served.
SOURCES = [
    ("python", "Hello from Python", "app.py", "Hello", "Bye"),
    ("static", "Hello from a static site", "index.html", "Hello", "Bye"),
    ("procfile", "Hello from a Procfile", "pages/index.html", "Hello", "Bye"),
    ("go", "Hello from Go", "main.go", "Hello", "Bye"),
    ("node", "Hello from Node.js", "server.js", "Hello", "Bye"),
    ("ruby-rack", "Hello from Rack", "config.ru", "Hello", "Bye"),
    ("php", "Hello from PHP", "index.php", "Hello", "Bye"),
]
#: Further samples, tested with --thorough. Compilers of Rust and Java alone take as long as all the others.
FURTHER = [
    ("rust", "Hello from Rust", "src/main.rs", "Hello", "Bye"),
    ("java-maven", "Hello from plain Java", "src/main/java/hello/Main.java", "Hello", "Bye"),
    ("node-build", "Hello from a Node.js build", "src/server.ts", "Hello", "Bye"),
    ("static-build", "Hello from a built site", "pages/index.md", "Hello", "Bye"),
    ("go-modules", "Hello from Go modules", "private/greeting.go", "Hello", "Bye"),
    ("rust-workspace", "Hello from a Rust workspace", "crates/greet/src/lib.rs", "Hello", "Bye"),
    ("ruby", "Hello from Ruby", "app.rb", "Hello", "Bye"),
    ("php-composer", "Hello from Composer and Twig", "packages/greeting/src/Greeting.php", "Hello", "Bye"),
    ("java", "Hello from Java", "src/main/java/hello/Application.java", "Hello", "Bye"),
]
#: To compile the sample's net/http and TLS takes twice as long. With --thorough it is the sample itself.
SMALL_GO = """\
package main

import (
	"fmt"
	"net"
	"os"
)

func main() {
	listener, err := net.Listen("tcp", ":"+os.Getenv("PORT"))
	if err != nil {
		panic(err)
	}
	for {
		if connection, err := listener.Accept(); err == nil {
			go answer(connection)
		}
	}
}

func answer(connection net.Conn) {
	defer connection.Close()
	if _, err := connection.Read(make([]byte, 8192)); err == nil {
		fmt.Fprint(connection, "HTTP/1.0 200 OK\\r\\n\\r\\nHello from Go\\n")
	}
}
"""


@pytest.mark.parametrize(("sample", "answer", "file", "old", "new"), SOURCES + (FURTHER if THOROUGH else []))
def test_source_without_a_dockerfile_goes_live_and_a_changed_line_downloads_nothing(
    host: Host, app: str, tmp_path: Path, sample: str, answer: str, file: str, old: str, new: str
) -> None:
    name = create(host, app)
    repository = Repository(tmp_path / "app", SAMPLES / sample)
    if sample == "go" and not THOROUGH:
        repository.write(file, SMALL_GO)
        repository.commit("less to compile")
    started = time.monotonic()
    pushed = host.git_push(repository.path, app)
    first = time.monotonic() - started
    assert "=====> Application deployed:" in pushed.stderr
    assert answer in host.http_get(name).body

    repository.replace(file, old, new)
    repository.commit("a changed line")
    started = time.monotonic()
    pushed = host.git_push(repository.path, app)
    print(f"{sample}: first push {first:.1f} s, second {time.monotonic() - started:.1f} s")
    assert answer.replace(old, new) in host.http_get(name).body
    for word in ("Downloading", "Downloaded", "go: downloading", "Fetching", "Building the base image"):
        assert word not in pushed.stderr


@contextmanager
def no_trace(host: Host, app: str, canary: str) -> Iterator[None]:
    """Record every argv on the machine during the block. Then search for the canary there and in everything that a
    build leaves."""
    with argv_watched(host) as file:
        yield
    assert "receive-pack" in host.exec(["cat", file]).stdout
    image = host.exec(["docker", "inspect", "-f", "{{.Image}}", f"{app}.web.1"]).stdout.strip()
    for place in (
        f"cat {file}",
        f"docker save {image}",
        f"docker history --no-trunc {image}",
        f"docker inspect {image}",
        "journalctl --no-pager",
        f"dokkupy builds:list {app}",
        f"dokkupy builds:output {app}",
        "find /var/lib/dokkupy/logs -type f -exec cat {} +",
        "find /var/lib/dokkupy/tmp /var/lib/dokkupy/work -type f -exec cat {} +",
    ):
        found = host.exec(["sh", "-c", f"{place} | grep -a -c {canary} || true"]).stdout.strip()
        assert found == "0", place


def test_configuration_is_visible_to_the_build_and_is_in_no_layer(host: Host, app: str, tmp_path: Path) -> None:
    name = create(host, app)
    host.exec(["dokkupy", "config:set", app, f"SECRET_KEY={CANARY}"])
    repository = Repository(tmp_path / "app", SAMPLES / "django")
    repository.write(".profile.d/where.sh", "export FROM_PROFILE=yes\n")
    repository.commit("a profile")
    with no_trace(host, app, CANARY):
        pushed = host.git_push(repository.path, app)
    assert "static file copied" in pushed.stderr
    assert CANARY not in pushed.stderr
    assert host.exec(["dokkupy", "run", app, "printenv", "FROM_PROFILE"]).stdout.strip() == "yes"
    assert "Hello from Django" in host.http_get(name).body
    assert host.http_get(name, "/static/site.css").status == 200


TOOLS_AND_TOKEN = {
    "package.json": json.dumps(
        {
            "name": "web",
            "version": "1.0.0",
            "private": True,
            "dependencies": {"ms": "2.1.3"},
            "devDependencies": {"husky": "9.1.7"},
            "scripts": {
                "preinstall": "node -e 'process.exit(process.env.FONTAWESOME_TOKEN ? 0 : 3)'",
                "prepare": "husky",
                "postinstall": "echo 'module.exports.patched = true' >>node_modules/ms/index.js",
                "start": "node server.js",
                "build": "husky --version; mkdir node_modules/client; echo 'module.exports = 42' >node_modules/client/index.js",
            },
        }
    ),
    "server.js": """
const seen = [require("ms").patched, require("client"), require("fs").existsSync("node_modules/husky"), process.env.NODE_ENV];
require("http").createServer((q, r) => r.end(seen.join(" "))).listen(process.env.PORT, "0.0.0.0");
""",
}


def test_node_tools_exist_during_the_build_and_files_generated_below_node_modules_stay(
    host: Host, app: str, tmp_path: Path
) -> None:
    name = create(host, app)
    repository = Repository(tmp_path / "app", SAMPLES / "node")
    for path in ("package-lock.json", "package.json", "server.js"):
        if (repository.path / path).exists():
            repository.git("rm", "-q", path)
    for path, text in TOOLS_AND_TOKEN.items():
        repository.write(path, text)
    repository.commit("scripts that use development tools, and a variable")
    failed = host.git_push(repository.path, app, check=False)
    assert failed.code != 0 and "Dependencies could not be installed" in failed.stderr
    host.exec(["dokkupy", "config:set", app, f"FONTAWESOME_TOKEN={CANARY}", "UNSEEN=1"])
    with no_trace(host, app, CANARY):
        pushed = host.git_push(repository.path, app)
    assert CANARY not in pushed.stderr
    assert host.http_get(name).body == "true 42 false production"


def test_requirements_may_name_the_index_by_a_variable(host: Host, app: str, tmp_path: Path) -> None:
    name = create(host, app)
    index = environment().get("PIP_INDEX_URL", "https://pypi.org/simple")
    host.exec(["dokkupy", "config:set", app, f"MY_INDEX={index}", "UNSEEN=1"])
    repository = Repository(tmp_path / "app", SAMPLES / "python")
    repository.write("requirements.txt", "\ufeff-r more/index.txt\r\nflask==3.1.0\r\ngunicorn==23.0.0\r\n")
    repository.write("more/index.txt", "--index-url ${MY_INDEX}\n")
    repository.commit("an index by a variable, in a file of Windows")
    host.git_push(repository.path, app)
    assert "Hello from Python" in host.http_get(name).body
    repository.write("requirements.txt", "no-such-package-of-dokkupy==1\n")
    repository.commit("a package that nobody has")
    failed = host.git_push(repository.path, app, check=False)
    assert "did not get these variables of the app: MY_INDEX, UNSEEN" in failed.stderr
    assert f"buildpacks:set-property {app} install-variables" in failed.stderr


def test_unknown_source_is_refused_with_the_remedy(host: Host, app: str, tmp_path: Path) -> None:
    create(host, app)
    repository = Repository(tmp_path / "app", SAMPLES / "static")
    repository.git("mv", "index.html", "index.txt")
    repository.commit("nothing that anybody knows")
    failed = host.git_push(repository.path, app, check=False)
    assert failed.code != 0
    assert "No b" in failed.stderr and "[remote rejected]" in failed.stderr


REGISTRY = """\
version: 0.1
storage: {filesystem: {rootdirectory: /var/tmp/registry/data}}
http: {addr: 127.0.0.1:5001}
"""


@pytest.fixture
def registry(host: Host) -> Iterator[str]:
    """A private registry on the host's loopback. It is Debian's program, unpacked but not installed."""
    host.exec(["mkdir", "-p", "/var/tmp/registry"])
    host.exec(["apt-get", "-q", "update"])
    host.exec(["apt-get", "-q", "download", "docker-registry"], cwd="/var/tmp/registry")
    host.exec(["sh", "-c", "dpkg-deb -x /var/tmp/registry/*.deb /var/tmp/registry"])
    host.copy_in(REGISTRY.encode(), "/var/tmp/registry/config.yml")
    start = "/var/tmp/registry/usr/bin/docker-registry serve /var/tmp/registry/config.yml >/var/tmp/registry/log 2>&1 & echo $!"
    process = host.exec(["sh", "-c", start]).stdout.strip()
    yield "127.0.0.1:5001"
    host.exec(["kill", process])
    host.exec(["rm", "-rf", "/var/tmp/registry"])


def test_version_in_a_private_registry_is_pulled_and_used(host: Host, app: str, tmp_path: Path, registry: str) -> None:
    name = create(host, app)
    image = f"{registry}/python:3.12-slim"
    until(lambda: host.exec(["curl", "-fs", f"http://{registry}/v2/"], check=False).code == 0)
    host.exec(["docker", "tag", "python:3.13-slim", image])
    host.exec(["docker", "push", "-q", image])
    host.exec(["docker", "rmi", image])
    host.exec(["dokkupy", "buildpacks:set-property", app, "image-registry", registry])
    repository = Repository(tmp_path / "app", SAMPLES / "python")
    repository.write(".python-version", "3.12\n")
    repository.commit("a version that is not on the host")
    try:
        pushed = host.git_push(repository.path, app)
        assert f"Using python 3.12 (.python-version: 3.12): the image {image}, pulled" in pushed.stderr
        assert "Hello from Python" in host.http_get(name).body
        repository.replace("app.py", "Hello", "Bye")
        repository.commit("a changed line")
        pushed = host.git_push(repository.path, app)
        assert f"the image {image} on this host" in pushed.stderr

        repository.write(".python-version", "3.10\n")
        repository.commit("a version that nobody has")
        failed = host.git_push(repository.path, app, check=False)
        assert "python 3.10 (.python-version) is not available on this host" in failed.stderr
        assert f"pulling {registry}/python (3.10" in failed.stderr
        assert "Bye from Python" in host.http_get(name).body
    finally:
        host.exec(["docker", "rmi", image], check=False)


PROXY = """\
Port 8899
Listen {address}
LogFile "/var/tmp/proxy/log"
LogLevel Connect
BasicAuth builder canary51c0ffee
"""


@pytest.fixture
def proxy(host: Host) -> Iterator[str]:
    """A proxy with a password that builds can reach. It is Debian's tinyproxy, unpacked but not installed."""
    host.exec(["mkdir", "-p", "/var/tmp/proxy"])
    host.exec(["apt-get", "-q", "update"])
    host.exec(["apt-get", "-q", "download", "tinyproxy-bin"], cwd="/var/tmp/proxy")
    host.exec(["sh", "-c", "dpkg-deb -x /var/tmp/proxy/*.deb /var/tmp/proxy"])
    shown = host.exec(["docker", "network", "inspect", "bridge", "-f", "{{(index .IPAM.Config 0).Gateway}}"])
    address = shown.stdout.strip()
    host.copy_in(PROXY.format(address=address).encode(), "/var/tmp/proxy/config")
    start = "/var/tmp/proxy/usr/bin/tinyproxy -d -c /var/tmp/proxy/config >/dev/null 2>&1 & echo $!"
    process = host.exec(["sh", "-c", start]).stdout.strip()
    yield f"http://builder:canary51c0ffee@{address}:8899"
    host.exec(["kill", process])
    host.exec(["rm", "-rf", "/var/tmp/proxy"])


@pytest.mark.parametrize("sample", ["python", "java-maven"] if THOROUGH else ["python"])
def test_dependencies_are_fetched_through_the_proxy_of_builds(
    host: Host, app: str, tmp_path: Path, proxy: str, sample: str
) -> None:
    """Java, whose proxy is in a file of settings, is tested with --thorough. Node.js is not, because the npm of Debian 13 does
    not send the proxy's password (407)."""
    name = create(host, app)
    for scheme in ("http-proxy", "https-proxy"):
        host.exec(["dokkupy", "buildpacks:set-property", app, scheme, proxy])
    with no_trace(host, app, "canary51c0ffee"):
        pushed = host.git_push(Repository(tmp_path / "app", SAMPLES / sample).path, app)
    assert "Hello from" in host.http_get(name).body
    log = host.exec(["cat", "/var/tmp/proxy/log"]).stdout
    assert "Request (file descriptor" in log and "CONNECT " in log, log[-2000:]
    assert "Unauthorized" not in log
    assert "canary51c0ffee" not in pushed.stderr


def test_plan_and_images_are_shown(host: Host, app: str, tmp_path: Path) -> None:
    create(host, app)
    host.git_push(Repository(tmp_path / "app", SAMPLES / "static").path, app)
    plan = json.loads(host.exec(["dokkupy", "buildpacks:plan", app, "--format", "json"]).stdout)
    assert plan["plans"][0]["language"] == "static"
    names = [row["name"] for row in json.loads(host.exec(["dokkupy", "images:list", "--format", "json"]).stdout)]
    assert "dokkupy/debian:trixie" in names


def slow(tmp_path: Path) -> Repository:
    """A source whose build only sleeps for a long time, and needs no package."""
    repository = Repository(tmp_path / "app", SAMPLES / "node")
    repository.replace("package.json", '"scripts": { ', '"scripts": { "build": "sleep 4711 && true", ')
    repository.commit("a build that takes its time")
    return repository


def sleeping(host: Host) -> bool:
    return "sleep 4711" in host.exec(["ps", "-eo", "args"]).stdout


def leftovers(host: Host) -> tuple[str, str, str]:
    images = host.exec(["docker", "images", "-q", "--filter", "dangling=true"]).stdout
    tags = host.exec(
        ["sh", "-c", "docker images --format '{{.Repository}}:{{.Tag}}' | grep -E ':(build-|r[0-9])' || true"]
    ).stdout
    files = host.exec(["sh", "-c", "cd /var/lib/dokkupy; find tmp work -mindepth 2 2>/dev/null || true"]).stdout
    return images, tags, files


def test_build_that_is_cancelled_or_killed_leaves_nothing_and_the_next_push_works(
    host: Host, app: str, tmp_path: Path
) -> None:
    name = create(host, app)
    repository = slow(tmp_path)
    before = leftovers(host)
    for end in ("cancel", "kill"):
        with ThreadPoolExecutor() as pool:
            push = pool.submit(host.git_push, repository.path, app, check=False)
            until(lambda: sleeping(host), HANGS - 20)  # the push itself is given HANGS
            if end == "cancel":
                host.exec(["dokkupy", "builds:cancel", app])
            else:
                record = json.loads(host.exec(["dokkupy", "builds:list", app, "--format", "json"]).stdout)[0]
                host.exec(["kill", "-KILL", str(record["pid"])])
            assert push.result().code != 0, end
        until(lambda: not sleeping(host))
    repository.replace("package.json", "sleep 4711 && ", "")
    repository.commit("a build that ends")
    host.git_push(repository.path, app)
    assert "Hello from Node.js" in host.http_get(name).body
    images, tags, files = leftovers(host)
    (tag,) = set(tags.split()) - set(before[1].split())
    assert tag.startswith(f"dokku/{app}:r1-") and files == before[2]
    assert set(images.split()) <= set(before[0].split())


def until(true: Callable[[], bool], seconds: float = SOON) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.3)
