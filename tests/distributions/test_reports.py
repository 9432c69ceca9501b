"""By default, a report shows exactly what Dokku's report shows (reference, sections 1 and 2.4), because clients read
every line.

Our own keys are shown with `--verbose` or by their info flag. Pending settings are shown while they are pending.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from dokkupy.cli.declare import Group
from dokkupy.host import Host
from dokkupy.kernel.discovery import entry_points
from dokkupy.kernel.registry import Registry
from dokkupy_apps.testing import deploy
from dokkupy_nginx.proxy import NginxProxy
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.command_line import Run, command_line

REGISTRY = Registry()
GROUPS: dict[str, Group] = {name: REGISTRY.load(entry) for name, entry in REGISTRY.group("dokkupy.commands").items()}
PLUGINS = tuple(sorted({entry.plugin for entry in entry_points()} - {"core", "sdk"}))


def thrice(*names: str) -> set[str]:
    """The raw, global and computed key of a property."""
    return {kind + name for name in names for kind in ("", "global-", "computed-")}


def of_host(*names: str) -> set[str]:
    """The keys of a property that can only be set globally."""
    return {kind + name for name in names for kind in ("global-", "computed-")}


RESOURCES = ("cpu", "memory", "memory-swap", "network", "network-egress", "network-ingress", "nvidia-gpu")
NGINX = """access-log-format access-log-path bind-address-ipv4 bind-address-ipv6 client-body-timeout client-header-timeout
client-max-body-size disable-custom-config error-log-path hsts hsts-include-subdomains hsts-max-age hsts-preload
keepalive-timeout lingering-timeout nginx-conf-sigil-path nginx-service-command proxy-buffer-size proxy-buffering
proxy-buffers proxy-busy-buffers-size proxy-connect-timeout proxy-keepalive proxy-read-timeout proxy-send-timeout
send-timeout underscore-in-headers x-forwarded-for-value x-forwarded-port-value x-forwarded-proto-value x-forwarded-ssl"""

DOKKU = {
    "app-json": thrice("appjson-path"),
    "apps": {
        "created-at",
        "deploy-source",
        "deploy-source-metadata",
        "dir",
        "global-disable-autocreation",
        "locked",
    },
    "builder": thrice("build-dir", "selected", "skip-cleanup") | {"detected"},
    "builder-dockerfile": thrice("dockerfile-path"),
    "builder-lambda": thrice("lambdayml-path"),
    "builder-nixpacks": thrice("nixpackstoml-path"),
    "builder-pack": thrice("projecttoml-path"),
    "builder-railpack": thrice("railpackjson-path"),
    "buildpacks": thrice("stack") | {"list"},
    "builds": thrice("retention")
    | {
        f"--build-{name}"
        for name in ("id", "kind", "status", "pid", "source", "started-at", "finished-at", "exit-code")
    },
    "certs": {"dir", "enabled", "expires-at", "hostnames", "issuer", "starts-at", "subject", "verified"},
    "checks": thrice("wait-to-retire") | {"disabled-list", "skipped-list"},
    "cron": thrice("maintenance", "mailto", "mailfrom") | {"task-count"},
    "docker-options": {"build", "deploy", "run"},
    "domains": {"app-enabled", "app-vhosts", "global-enabled", "global-vhosts"},
    "git": thrice("deploy-branch", "keep-git-dir")
    | of_host("archive-max-files", "archive-max-size")
    | {"rev-env-var", "sha", "source-image", "last-updated-at"},
    "logs": thrice("max-size", "vector-sink", "vector-cron-sink", "app-label-alias")
    | of_host("vector-image", "vector-networks"),
    "network": thrice("attach-post-create", "attach-post-deploy", "initial-network", "bind-all-interfaces", "tld")
    | {"static-web-listener", "web-listeners"},
    "nginx": thrice(*NGINX.split()) | {"last-visited-at"},
    "ports": {"map", "map-detected", "map-json", "map-detected-json"},
    "proxy": thrice("type", "proxy-port", "proxy-ssl-port") | {"enabled", "disabled", "computed-disabled"},
    "ps": thrice("restart-policy", "procfile-path", "skip-deploy", "stop-timeout-seconds")
    | {"start-cmd", "computed-start-cmd", "dockerfile-start-cmd", "computed-dockerfile-start-cmd", "can-scale"}
    | {"--deployed", "--processes", "--restore", "--running", "--status-web.1"},
    "registry": thrice("server", "push-on-release", "push-extra-tags", "image-repo-template")
    | {"image-repo", "computed-image-repo", "tag-version"},
    "resource": {f"_default_.{kind}.{name}" for kind in ("limit", "reserve") for name in RESOURCES},
    "scheduler": thrice("selected", "shell"),
    "scheduler-docker-local": thrice("init-process", "parallel-schedule-count"),
    "storage": {"build-mounts", "deploy-mounts", "run-mounts"},
}
"""Namespace -> keys of its report of an app, as section 1 of the reference lists them. Keys without the plugin's name
begin with dashes."""

NOT_YET: set[str] = set()
"""Namespaces of Dokku with a report that do not exist here. If you add one, add its keys above."""

PREFIXES = {"apps": "app", "certs": "ssl"}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = fake_host(tmp_path, plugins=PLUGINS, real=("source",))
    host.hooks.manager.unregister(name="checks")  # this test cannot wait, because fake instances never answer
    deploy(host, "blog", {"Procfile": "web: serve\n"})
    host.override_role("proxy", "nginx", NginxProxy(host))  # nginx is asked for the abilities of its program
    return host


@pytest.fixture
def run(host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return command_line(host, capsys, monkeypatch)


def labels(namespace: str, keys: Iterable[str]) -> set[str]:
    """The labels of a report's lines (reference, section 2.4)."""
    prefix = PREFIXES.get(namespace, namespace)
    flags = (
        key.removeprefix("--") if key.startswith("--") or namespace == "resource" else f"{prefix}-{key}" for key in keys
    )
    texts = (flag.replace("-", " ").replace(".", " ") for flag in flags)
    return {text if namespace == "resource" else text[:1].upper() + text[1:] for text in texts}


def shown(text: str) -> set[str]:
    return {line.strip().partition(":")[0] for line in text.splitlines() if not line.startswith("=====>")}


def test_every_report_is_compared() -> None:
    found = {name for name, group in GROUPS.items() if "report" in group.commands}
    assert {*DOKKU} <= found and not found & NOT_YET


@pytest.mark.parametrize("namespace", DOKKU)
def test_report_shows_by_default_what_the_report_of_dokku_shows(run: Run, namespace: str) -> None:
    status, out, error = run(f"{namespace}:report", "blog")
    assert status == 0, error
    assert shown(out) == labels(namespace, DOKKU[namespace])


@pytest.mark.parametrize("namespace", DOKKU)
def test_own_keys_are_shown_on_request(run: Run, namespace: str) -> None:
    plain = shown(run(f"{namespace}:report", "blog")[1])
    whole = shown(run(f"{namespace}:report", "blog", "--verbose")[1])
    assert plain <= whole
    flags = run(f"{namespace}:report", "blog", "--no-such")[2].partition("valid flags: ")[2].split(", ")
    assert len(flags) >= len(whole)
    assert all(run(f"{namespace}:report", "blog", flag.strip())[0] == 0 for flag in flags)
