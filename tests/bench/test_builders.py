"""Builds of the sample apps: a first build, then one after a changed line. Prints a table, and asserts that the app
answers.

SAMPLES="ruby java" builds only those. The bases are made once before. Each run has a new app, so that its first build
finds no cache.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

from dokkupy_buildpacks.builder import BuildpacksBuilder
from dokkupy_docker.engine import DockerEngine
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.model import Build, Source
from dokkupy_sdk.names import AppName, Secret
from dokkupy_sdk.testing import fake_host

SAMPLES = Path(__file__).parents[2] / "examples" / "apps"
LABEL = "dokkupy.bench"
ROWS = [
    ("python", "app.py", "PyPI: flask, gunicorn"),
    ("django", "blog/urls.py", "PyPI: django, whitenoise, ..."),
    ("node", "server.js", "none"),
    ("node-build", "src/server.ts", "npm: express, esbuild"),
    ("static", "index.html", "none"),
    ("static-build", "pages/index.md", "npm: marked"),
    ("go", "main.go", "none"),
    ("go-modules", "private/greeting.go", "Go proxy: chi; a private replace"),
    ("rust", "src/main.rs", "crates.io: tiny_http"),
    ("rust-workspace", "crates/greet/src/lib.rs", "crates.io: tiny_http"),
    ("ruby-rack", "config.ru", "Debian's gems: rack, puma"),
    ("ruby", "app.rb", "Debian's gems: sinatra, puma"),
    ("php", "index.php", "none (no Packagist here)"),
    ("php-composer", "packages/greeting/src/Greeting.php", "Composer, a private package; Debian's twig"),
    ("java-maven", "src/main/java/hello/Main.java", "Maven Central: Maven's plugins"),
    ("java", "src/main/java/hello/Application.java", "Maven Central: Spring Boot"),
]
ENV = {"SECRET_KEY": Secret("bench"), "DATABASE_URL": Secret("sqlite:////tmp/bench.sqlite3")}


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout.strip()


def answer(image: str) -> str:
    """The app's answer on `/`, from its default process."""
    env = [word for key, value in ENV.items() for word in ("-e", f"{key}={value.reveal()}")]
    container = docker("run", "-d", "--init", "-e", "PORT=5000", *env, "--label", LABEL, image)
    try:
        address = docker("inspect", "-f", "{{.NetworkSettings.IPAddress}}", container)
        for _ in range(120):
            try:
                return urllib.request.urlopen(f"http://{address}:5000/", timeout=5).read().decode()
            except OSError:
                time.sleep(0.25)
        raise AssertionError(f"no answer: {docker('logs', container)}")
    finally:
        docker("rm", "-f", container)


def test_builds_of_the_samples(tmp_path: Path) -> None:
    host = fake_host(tmp_path / "host", plugins=("docker", "buildpacks"))
    host.override_role("engine", "fake", DockerEngine(host))
    builder = BuildpacksBuilder(host)
    print(f"\n{'sample':<16}{'first':>8}{'second':>8}{'ratio':>7}{'image':>9}  dependencies")
    asked = os.environ.get("SAMPLES", "").split()
    for name, file, dependencies in (row for row in ROWS if not asked or row[0] in asked):
        run = f"{name}-{secrets.token_hex(3)}"
        tag = f"dokkupy-bench/{run}:build"
        root = tmp_path / name
        shutil.copytree(SAMPLES / name, root)
        build = Build(
            id="bench",
            source=Source(AppName(run), root, "bench"),
            builder="buildpacks",
            env=ENV,
            tag=tag,
            labels={LABEL: run},
        )
        for plan in plans_of(host, build):
            builder.bases(build.source.app, plan)
        try:
            times = []
            for turn in ("Hello", "Bye"):
                path = root / file
                path.write_text(path.read_text().replace("Hello", turn))
                started = time.monotonic()
                try:
                    image = builder.build(build)
                except DokkupyError as error:
                    raise AssertionError("\n".join([f"{name}: {error.message}", *error.details])) from None
                times.append(time.monotonic() - started)
                assert turn in answer(image.id)
            size = int(json.loads(docker("inspect", image.id))[0]["Size"]) / 1e6
            print(
                f"{name:<16}{times[0]:>6.1f} s{times[1]:>6.1f} s{times[0] / times[1]:>6.1f}x{size:>6.0f} MB  {dependencies}"
            )
        finally:
            for one in set(docker("images", "-aq", "--no-trunc", "--filter", f"label={LABEL}={run}").split()):
                subprocess.run(["docker", "rmi", "-f", one], capture_output=True, check=False)


def plans_of(host: object, build: Build) -> tuple[object, ...]:
    from dokkupy_buildpacks.builder import plan_source
    from dokkupy_sdk.buildpack import Tree

    return plan_source(host, build.source.app, Tree(build.source.directory), build.env).plans  # type: ignore[arg-type]
