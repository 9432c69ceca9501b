"""Let's Encrypt on a real host, with nginx, certbot, and Pebble as the authority."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from apps import Repository
from bed.host import Host
from dokkupy_sdk.testing.effort import amount
from test_buildpacks import until
from test_certs import Authority, https_get, served
from test_no_request_lost import SLOW, constant_load

PLACE = "/var/tmp/pebble"
CONFIG = {
    "pebble": {
        "listenAddress": "127.0.0.1:14000",
        "managementListenAddress": "127.0.0.1:15000",
        "certificate": f"{PLACE}/tls.crt",
        "privateKey": f"{PLACE}/tls.key",
        "httpPort": 80,
        "tlsPort": 443,
    }
}


@dataclass
class Roots:
    """The trusted root certificates of clients: that of the authority of this run."""

    root: Path


@pytest.fixture(scope="module")
def pebble(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roots]:
    """The shared host with an authority on its loopback, for which every name points to the host. It is Debian's
    program, unpacked but not installed."""
    directory = tmp_path_factory.mktemp("pebble")
    authority = Authority(directory / "tls")
    chain, key = authority.issue("localhost")
    for name, content in (("tls.crt", chain), ("tls.key", key), ("config.json", json.dumps(CONFIG).encode())):
        host.copy_in(content, f"{PLACE}/{name}")
    host.copy_in(authority.root.read_bytes(), f"{PLACE}/ca.crt")
    host.exec(["apt-get", "-q", "update"])
    host.exec(["apt-get", "-q", "download", "pebble"], cwd=PLACE)
    host.exec(["sh", "-c", f"dpkg-deb -x {PLACE}/*.deb {PLACE}"])
    start = (
        f"{PLACE}/usr/bin/pebble-challtestsrv -defaultIPv4 127.0.0.1 -defaultIPv6 '' -dns01 127.0.0.1:8053 -http01 '' "
        f"-https01 '' -tlsalpn01 '' -management 127.0.0.1:8055 >{PLACE}/dns.log 2>&1 & echo $!; "
        f"PEBBLE_VA_NOSLEEP=1 PEBBLE_AUTHZREUSE=100 {PLACE}/usr/bin/pebble -config {PLACE}/config.json -dnsserver 127.0.0.1:8053 "
        f">{PLACE}/log 2>&1 & echo $!"
    )
    processes = host.exec(["sh", "-c", start]).stdout.split()
    asked = ["curl", "-fs", "--cacert", f"{PLACE}/ca.crt"]
    until(lambda: host.exec([*asked, "https://localhost:14000/dir"], check=False).code == 0)
    root = directory / "root.pem"
    root.write_text(host.exec([*asked, "https://localhost:15000/roots/0"]).stdout)
    for name, value in (
        ("server", "https://localhost:14000/dir"),
        ("ca-bundle", f"{PLACE}/ca.crt"),
        ("email", "me@example.com"),
    ):
        host.exec(["dokkupy", "letsencrypt:set", "--global", name, value])
    yield Roots(root)
    for name in ("server", "ca-bundle", "email"):
        host.exec(["dokkupy", "letsencrypt:set", "--global", name])
    host.exec(["kill", *processes])
    host.exec(["rm", "-rf", PLACE])


def known(host: Host, *names: str) -> None:
    """Let the host resolve these names as the DNS would."""
    host.exec(["sh", "-c", f"echo 127.0.0.1 {' '.join(names)} >>/etc/hosts"])


def deploy(host: Host, app: str, repository: Repository) -> str:
    name = f"{app}.example.com"
    known(host, name)
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["dokkupy", "domains:set", app, name])
    host.git_push(repository.path, app)
    return name


def ticked(host: Host) -> bool:
    """Run the timer's job. One that ran less than a minute ago is not run again until the next minute."""
    return host.exec(["dokkupy", "tick"], check=False).code == 0


def report(host: Host, app: str) -> dict[str, str]:
    found = json.loads(host.exec(["dokkupy", "letsencrypt:report", app, "--format", "json"]).stdout)
    assert isinstance(found, dict)
    return found


def test_push_and_enable_serve_https_that_clients_trust(
    host: Host, app: str, repository: Repository, pebble: Roots
) -> None:
    name = deploy(host, app, repository)
    host.ssh(["letsencrypt:enable", app])
    answer = https_get(host, name, pebble)  # type: ignore[arg-type]
    assert (answer.status, answer.body) == (200, "Hello from dokkupy!\n")
    assert host.http_get(name).status == 301

    # the host's timer adds a new name to the certificate within a minute
    known(host, f"www-{name}")
    host.ssh(["domains:add", app, f"www-{name}"])
    host.exec(["dokkupy", "letsencrypt:auto-renew"])
    assert f"www-{name}" in report(host, app)["hostnames"]
    assert https_get(host, f"www-{name}", pebble).status == 200  # type: ignore[arg-type]

    # a name that does not point to the host is left out, and the others get their certificate
    host.ssh(["domains:add", app, f"gone-{name}"])
    said = host.ssh(["letsencrypt:enable", app]).stderr
    assert f"gone-{name} is left out: it is not in the DNS" in said or f"gone-{name}" in report(host, app)["left-out"]
    assert https_get(host, name, pebble).status == 200  # type: ignore[arg-type]
    assert host.http_get(f"gone-{name}").status == 200

    host.ssh(["letsencrypt:revoke", app], check=False)
    host.exec(["dokkupy", "letsencrypt:disable", app])
    assert host.http_get(name).status == 200


def test_many_apps_with_four_names_each_by_one_command(
    host: Host, app: str, repository: Repository, pebble: Roots
) -> None:
    """Five apps; twenty-five with --thorough."""
    deploy(host, app, repository)
    apps = [app, *(f"{app}-{number}" for number in range(amount(24, 4)))]
    names = {one: [f"{letter}.{one}.example.com" for letter in "abcd"] for one in apps}
    known(host, *(name for four in names.values() for name in four))
    try:
        for one in apps[1:]:
            host.exec(["dokkupy", "apps:clone", app, one])
        for one, four in names.items():
            host.exec(["dokkupy", "domains:set", one, *four])
        started = time.monotonic()
        done = json.loads(host.exec(["dokkupy", "letsencrypt:enable", "--all", "--format", "json"]).stdout)
        print(f"{len(apps)} certificates with {4 * len(apps)} names in {time.monotonic() - started:.0f} s")
        assert {row["app"]: row["issued"] for row in done if row["app"] in names} == dict.fromkeys(apps, True)
        for four in names.values():
            for name in four:
                assert https_get(host, name, pebble).status == 200  # type: ignore[arg-type]
        assert len({served(host, four[0]) for four in names.values()}) == len(apps)
    finally:
        for one in apps[1:]:
            host.exec(["dokkupy", "apps:destroy", one, "--force"], check=False)


def test_renewal_under_load_loses_no_request(host: Host, app: str, repository: Repository, pebble: Roots) -> None:
    repository.replace("web.py", '        elif path == "/health":\n', SLOW)
    repository.commit("a slow page")
    name = deploy(host, app, repository)
    host.exec(["dokkupy", "letsencrypt:enable", app])
    first = served(host, name)
    with constant_load(host, name, str(pebble.root)) as load:
        # The grace period is the certificate's whole validity now, so it is due at once and `tick` renews it.
        script = (
            f"import pathlib,re; p = pathlib.Path('/var/lib/dokkupy/apps/{app}/certs.toml'); "
            'p.write_text(re.sub(r\'not_after = "[^"]*"\', \'not_after = "2026-01-01T00:00:00+00:00"\', p.read_text()))'
        )
        host.exec(["python3", "-c", script])
        until(lambda: ticked(host) and served(host, name) != first, 90)
    assert load.get("failed", 0) == 0, load
    assert (
        served(host, name)
        == json.loads(host.exec(["dokkupy", "certs:report", app, "--verbose", "--format", "json"]).stdout)[
            "fingerprint"
        ]
    )


def test_certificate_stays_while_the_authority_is_down_and_the_next_attempt_is_reported(
    host: Host, app: str, repository: Repository, pebble: Roots
) -> None:
    name = deploy(host, app, repository)
    host.exec(["dokkupy", "letsencrypt:enable", app])
    first = served(host, name)
    host.exec(["dokkupy", "letsencrypt:set", app, "server", "https://localhost:1/dir"])
    failed = host.exec(["dokkupy", "letsencrypt:enable", app, "--force"], check=False)
    assert failed.code != 0 and "cannot reach the authority" in failed.stderr, failed.stderr
    assert served(host, name) == first and https_get(host, name, pebble).status == 200  # type: ignore[arg-type]
    assert report(host, app)["next-try"] and "cannot reach the authority" in report(host, app)["last-error"]
    doctor = host.exec(["dokkupy", "doctor"], check=False)
    assert f"{app}: renewal failed" in doctor.stdout + doctor.stderr
