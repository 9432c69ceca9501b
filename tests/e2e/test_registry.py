"""A private registry with accounts, and with a certificate of a private authority: releases are pushed to it, and can
be pulled with a login."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from apps import Repository
from bed.engine import Ran
from bed.host import Host

APP, OTHER = "t-pushes", "t-pulls"
NAME = "registry.test"
SERVER = f"{NAME}:5443"
PLACE = "/var/tmp/own-registry"
PASSWORD = "canary-of-the-registry"
SET_UP = f"""
mkdir -p {PLACE}
cd {PLACE}
apt-get -q update
apt-get -q download docker-registry apache2-utils libaprutil1 libapr1
for package in *.deb; do dpkg-deb -x $package .; done
LD_LIBRARY_PATH=$(dirname $(find . -name 'libapr-1.so.0')) usr/bin/htpasswd -Bbn -C 4 ann {PASSWORD} >accounts
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 30 -subj /CN=own-authority
openssl req -newkey rsa:2048 -nodes -keyout key -out request -subj /CN={NAME}
printf 'subjectAltName=DNS:{NAME}' >names
openssl x509 -req -in request -CA ca.crt -CAkey ca.key -CAcreateserial -out crt -days 30 -extfile names
echo "$IP {NAME}" >>/etc/hosts
cat >config.yml <<END
version: 0.1
storage: {{filesystem: {{rootdirectory: {PLACE}/data}}}}
http: {{addr: $IP:5443, tls: {{certificate: {PLACE}/crt, key: {PLACE}/key}}}}
auth: {{htpasswd: {{realm: own, path: {PLACE}/accounts}}}}
END
usr/bin/docker-registry serve config.yml >log 2>&1 &
echo $! >pid
"""
TRUST = f"""
mkdir -p /etc/docker/certs.d/{SERVER}
cp {PLACE}/ca.crt /etc/docker/certs.d/{SERVER}/ca.crt
systemctl restart docker
"""
CLEAN_UP = f"""
kill $(cat {PLACE}/pid)
sed '/ {NAME}$/d' /etc/hosts >{PLACE}/hosts && cat {PLACE}/hosts >/etc/hosts
rm -rf {PLACE} /etc/docker/certs.d/{SERVER}
"""


@pytest.fixture
def registry(host: Host) -> Iterator[str]:
    host.exec(["sh", "-ec", f"IP={host.ip}{SET_UP}"])
    for app in (APP, OTHER):
        host.exec(["dokkupy", "apps:create", app])
    yield SERVER
    for app in (APP, OTHER):
        host.exec(["dokkupy", "apps:destroy", app, "--force"])
    host.exec(["sh", "-c", CLEAN_UP])


def log_in(host: Host, app: str, password: str = PASSWORD) -> Ran:
    command = f"printf %s {password} | dokkupy registry:login --password-stdin {app} {SERVER} ann"
    return host.exec(["sh", "-c", command], check=False)


def from_image(host: Host, image: str) -> Ran:
    return host.exec(["dokkupy", "git:from-image", OTHER, image], check=False)


def test_release_is_pushed_to_a_private_registry_and_only_pulled_with_a_login(
    host: Host, registry: str, tmp_path: Path
) -> None:
    untrusted = log_in(host, APP)
    assert untrusted.code == 1 and f"/etc/docker/certs.d/{SERVER}/ca.crt" in untrusted.stderr
    host.exec(["sh", "-ec", TRUST])
    host.engine_ready()
    assert "401" in log_in(host, APP, "wrong").stderr
    assert log_in(host, APP).stdout == "Login Succeeded\n"
    for name, value in (("server", SERVER), ("push-on-release", "true"), ("push-extra-tags", "latest")):
        host.exec(["dokkupy", "registry:set", APP, name, value])
    repository = Repository(tmp_path / "app")
    pushed = host.git_push(repository.path, APP)
    assert f"Pushing the image to the registry as {SERVER}/dokku/{APP}:1" in pushed.stderr
    ask = f"curl -sf --cacert {PLACE}/ca.crt -u ann:{PASSWORD} https://{SERVER}/v2/dokku/{APP}"
    assert sorted(host.exec(["sh", "-c", f"{ask}/tags/list"]).stdout.split('"')[7:10:2]) == ["1", "latest"]
    assert SERVER not in host.exec(["docker", "images"]).stdout

    image = f"{SERVER}/dokku/{APP}:1"
    refused = from_image(host, image)
    assert refused.code == 1 and f"registry:login {OTHER}" in refused.stderr
    log_in(host, OTHER)
    assert "Application deployed" in from_image(host, image).stdout
    host.exec(["dokkupy", "registry:logout", OTHER, SERVER])
    digest = host.exec(
        ["sh", "-c", f"{ask}/manifests/1 -I -H 'Accept: application/vnd.docker.distribution.manifest.v2+json'"]
    ).stdout.partition("sha256:")[2][:64]
    refused = from_image(host, f"{image}@sha256:{digest}")
    assert refused.code == 1 and f"{OTHER} may not use the image" in refused.stderr

    places = "/var/lib/dokkupy /var/log /etc/dokkupy /root"
    assert host.exec(["grep", "-rlF", PASSWORD, *places.split()], check=False).stdout == ""
    assert host.exec(["test", "-e", "/root/.docker"], check=False).code == 1
