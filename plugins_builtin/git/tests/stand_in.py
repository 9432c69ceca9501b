"""A stand-in for the deploy of apps: one real operation that fills a directory, fires `post_deploy` and can fail.

The pushed tree tells it what to do, as a Dockerfile tells the real one: a file `FAIL` fails the build, `SLEEP` makes
it print and wait until it is ended, `LOSE_REFS` makes the branch unwritable, `SKIP` leaves the release unstarted.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from dokkupy_apps import deploy
from dokkupy_apps.desired.config import get_env
from dokkupy_git.hooks import post_build, post_deploy
from dokkupy_sdk import Host
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.model import Build, Deployment, Release, Source
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import Transaction, call, operation


def remove_directory(host: Host, path: str) -> None:
    shutil.rmtree(path, ignore_errors=True)


def deploy_source(
    host: Host,
    app: AppName,
    *,
    kind: str,
    fill: Callable[[Path], str],
    revision: str = "",
    metadata: str = "",
    no_cache: bool = False,
    labels: Mapping[str, str] | None = None,
    record: Callable[[Transaction, Deployment | None], None] | None = None,
    patience: float = 0,
) -> Deployment | None:
    with operation(host, kind, f"app:{app}") as tx:
        directory = Path(host.path("builds", tx.id))
        tx.step("fill", lambda: directory.mkdir(parents=True), undo=call(remove_directory, path=str(directory)))
        commit = fill(directory)
        host.out.section(f"Building {app}")
        files = {
            str(path.relative_to(directory)): os.readlink(path) if path.is_symlink() else path.read_bytes().decode()
            for path in sorted(directory.rglob("*"))
            if (path.is_symlink() or path.is_file()) and ".git" not in path.parts
        }
        if "SLEEP" in files:
            Path(host.path("pid")).write_text(str(os.getpid()))
            for _ in range(1200):  # twice as long as a test waits for its end
                host.out.detail("still building")
                time.sleep(0.1)
        if "LOSE_REFS" in files:  # what happens between the first question and the last step
            Path(host.path("repos", f"{app}.git", "refs", "heads", "main.lock")).touch()
        if "FAIL" in files:
            raise AppError("App build failed")
        source = Source(app, directory, kind, commit, metadata)
        post_build(host, Build(tx.id, source, "fake", labels=labels or {}), tx)
        env = {str(name): secret.reveal() for name, secret in get_env(host, app).items()}
        if "SKIP" in files and record is not None:
            record(tx, None)
            shutil.rmtree(directory)
            return None
        release = Release(app, 1, "sha256:0", "", kind, revision=commit)
        deployment = Deployment(tx.id, app, "deploy", release)
        if record is not None:
            record(tx, deployment)
        post_deploy(deployment, tx)
        facts = {
            "commit": commit,
            "kind": kind,
            "files": files,
            "env": env,
            "metadata": metadata,
            "no_cache": no_cache,
            "patience": patience,
            "who": host.who,
            "labels": dict(labels or {}),
            "git_dir": (directory / ".git").is_dir(),
        }
        Path(host.path("deployed.json")).write_text(json.dumps(facts))
        if "FAIL_LATE" in files:
            raise AppError("A hook after the switch failed")
        shutil.rmtree(directory)
    host.out.title("Application deployed:")
    return deployment


def install() -> None:
    """In this process, for good."""
    deploy.deploy_source = deploy_source
