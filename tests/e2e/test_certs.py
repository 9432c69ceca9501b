"""TLS with certificates that users add, as clients see it."""

from __future__ import annotations

import hashlib
import io
import json
import socket
import ssl
import subprocess
import tarfile
import warnings
from pathlib import Path

import pytest
from apps import Repository
from bed.engine import SOON
from bed.host import CommandResult, Host
from dokkupy_sdk.testing.effort import stride
from load import SecureConnection
from test_crash import KILLED, MOST
from test_no_request_lost import SLOW, constant_load


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir()
        self.root = directory / "root.crt"
        self.openssl(
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=Test root",
            "-keyout",
            "root.key",
            "-out",
            "root.crt",
            "-addext",
            "keyUsage=critical,keyCertSign",
        )

    def openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.directory, check=True, capture_output=True)

    def sign(self, extensions: str) -> None:
        """Make `crt` from the request `csr`, with the extensions that a file of the directory lists."""
        words = ["-in", "csr", "-CA", "root.crt", "-CAkey", "root.key", "-CAcreateserial", "-days", "20"]
        self.openssl("x509", "-req", *words, "-extfile", extensions, "-out", "crt")

    def issue(self, *names: str, key: str = "rsa:2048") -> tuple[bytes, bytes]:
        """(chain with the root, key)."""
        (self.directory / "ext").write_text("subjectAltName=" + ",".join(f"DNS:{name}" for name in names))
        self.openssl("req", "-newkey", key, "-nodes", "-subj", f"/CN={names[0]}", "-keyout", "key", "-out", "csr")
        self.sign("ext")
        leaf = (self.directory / "crt").read_bytes()
        return leaf + self.root.read_bytes(), (self.directory / "key").read_bytes()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


def archive(chain: bytes, key: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in (("tls/server.crt", chain), ("tls/server.key", key)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def send(host: Host, verb: str, app: str, pair: tuple[bytes, bytes], *, check: bool = True) -> object:
    """Do what `tar c ... | ssh dokku@host certs:add APP` does."""
    return host.ssh([verb, app], input=archive(*pair), check=check)


def fingerprint(pair: tuple[bytes, bytes]) -> str:
    leaf = pair[0].decode().partition("-----END CERTIFICATE-----")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert("".join(leaf[:2]))).hexdigest()


def served(host: Host, name: str) -> str:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection((host.ip, 443), timeout=SOON) as raw:
        with context.wrap_socket(raw, server_hostname=name) as secure:
            return hashlib.sha256(secure.getpeercert(binary_form=True) or b"").hexdigest()


def https_get(host: Host, name: str, authority: Authority, path: str = "/") -> CommandResult:
    connection = SecureConnection(host.ip, name, ssl.create_default_context(cafile=str(authority.root)))
    try:
        connection.request("GET", path, headers={"Host": name})
        response = connection.getresponse()
        headers = {key.lower(): value for key, value in response.getheaders()}
        return CommandResult(response.status, headers, response.read().decode())
    finally:
        connection.close()


def deploy(host: Host, app: str, repository: Repository) -> str:
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["dokkupy", "domains:set", app, f"{app}.example.com"])
    host.git_push(repository.path, app)
    return f"{app}.example.com"


def test_certificate_added_by_ssh_is_verified_by_clients_and_http_redirects_to_https(
    host: Host, app: str, repository: Repository, authority: Authority
) -> None:
    name = deploy(host, app, repository)
    pair = authority.issue(name)
    send(host, "certs:add", app, pair)
    answer = https_get(host, name, authority)
    assert (answer.status, answer.body) == (200, "Hello from dokkupy!\n")
    assert "max-age=" in answer.headers["strict-transport-security"]
    plain = host.http_get(name, "/path?query=1")
    assert (plain.status, plain.headers["location"]) == (301, f"https://{name}/path?query=1")

    report = json.loads(host.exec(["dokkupy", "certs:report", app, "--verbose", "--format", "json"]).stdout)
    assert report["fingerprint"] == fingerprint(pair) == served(host, name)
    assert host.exec(["stat", "-c", "%a %U", f"{report['dir']}/key.pem"]).stdout.strip() == "600 dokkupy"
    assert host.exec(["cat", f"{report['dir']}/key.pem"], user="nobody", check=False).code != 0
    doctor = host.exec(["dokkupy", "doctor"], check=False).stdout
    assert f"{app}: the certificate for {name} is good for" in doctor
    assert host.ssh(["apps:report", app]).stdout.count("PRIVATE") == 0

    # Another name of the app keeps http. A rename moves the certificate.
    host.exec(["dokkupy", "domains:add", app, f"other-{name}"])
    assert host.http_get(f"other-{name}").status == 200
    host.exec(["dokkupy", "certs:remove", app])
    assert host.http_get(name).status == 200


def test_update_and_rollback_under_load_lose_no_request(
    host: Host, app: str, repository: Repository, authority: Authority
) -> None:
    repository.replace("web.py", '        elif path == "/health":\n', SLOW)
    repository.commit("a slow page")
    name = deploy(host, app, repository)
    pairs = [authority.issue(name), authority.issue(name, key="rsa:3072")]
    send(host, "certs:add", app, pairs[0])
    with constant_load(host, name, str(authority.root)) as report:
        send(host, "certs:update", app, pairs[1])
        assert served(host, name) == fingerprint(pairs[1])
        host.exec(["dokkupy", "certs:rollback", app])
        assert served(host, name) == fingerprint(pairs[0])
    assert report.get("failed", 0) == 0, report
    assert report["requests"] > 300, report


def test_invalid_certificate_is_refused_and_the_old_one_stays(
    host: Host, app: str, repository: Repository, authority: Authority
) -> None:
    name = deploy(host, app, repository)
    good = authority.issue(name)
    send(host, "certs:add", app, good)
    other = authority.issue(f"other.{name}")
    for pair, reason in (
        ((good[0], other[1]), "does not belong to the certificate"),
        ((good[0].partition(b"-----BEGIN CERTIFICATE-----")[0] or good[0][:900], good[1]), "cannot be read"),
        ((b"", b""), "not PEM"),
    ):
        failed = host.ssh(["certs:update", app], input=archive(*pair), check=False)
        assert failed.code != 0 and reason in failed.stderr, failed.stderr
        assert served(host, name) == fingerprint(good)
    assert https_get(host, name, authority).status == 200


def test_certificate_for_other_names_is_accepted_with_a_warning_and_can_be_rolled_back(
    host: Host, app: str, repository: Repository, authority: Authority
) -> None:
    """Dokku accepts it, too, because users add a certificate before its domains."""
    name = deploy(host, app, repository)
    good = authority.issue(name)
    send(host, "certs:add", app, good)
    kept = host.ssh(["certs:update", app], input=archive(*authority.issue(f"other.{name}")))
    assert f"covers other.{name}" in kept.stderr and f"certs:rollback {app}" in kept.stderr
    host.ssh(["certs:rollback", app])
    assert served(host, name) == fingerprint(good)


def test_update_killed_at_any_failpoint_serves_the_old_or_the_new_certificate(
    host: Host, app: str, repository: Repository, authority: Authority
) -> None:
    name = deploy(host, app, repository)
    pairs = [authority.issue(name), authority.issue(name)]
    for number, (chain, key) in enumerate(pairs):
        host.copy_in(chain, f"/run/certs-{app}/{number}.crt")
        host.copy_in(key, f"/run/certs-{app}/{number}.key")
    marks = [fingerprint(pair) for pair in pairs]
    host.exec(["dokkupy", "certs:add", app, f"/run/certs-{app}/0.crt", f"/run/certs-{app}/0.key"])
    for number in range(1, MOST, stride(10)):
        new = number % 2
        died = host.exec(
            ["dokkupy", "certs:update", app, f"/run/certs-{app}/{new}.crt", f"/run/certs-{app}/{new}.key"],
            env={"DOKKUPY_FAILPOINT": f"kill@{number}"},
            check=False,
        )
        assert died.code in (0, KILLED), died.stderr
        assert served(host, name) in marks, f"while dead at {number}"
        host.exec(["dokkupy", "recover"])
        report = json.loads(host.exec(["dokkupy", "certs:report", app, "--verbose", "--format", "json"]).stdout)
        assert served(host, name) == report["fingerprint"], number
        assert_whole(host, app, authority, number)
        if died.code == 0:
            break
    print(f"certs:update: {number - 1} boundaries")
    assert died.code == 0 and number > 4
    host.exec(["rm", "-rf", f"/run/certs-{app}"])


def assert_whole(host: Host, app: str, authority: Authority, number: int) -> None:
    assert https_get(host, f"{app}.example.com", authority).status == 200, number
    assert host.exec(["find", "/var/lib/dokkupy/journal/open", "-type", "f"]).stdout == "", number


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
def test_old_protocols_and_unknown_names_are_refused(
    host: Host, app: str, repository: Repository, authority: Authority, version: str
) -> None:
    name = deploy(host, app, repository)
    send(host, "certs:add", app, authority.issue(name))
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings(action="ignore"):  # obsolete versions of TLS
        old.minimum_version = old.maximum_version = ssl.TLSVersion[version]
    old.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection((host.ip, 443), timeout=SOON) as raw, pytest.raises((ssl.SSLError, OSError)):
        old.wrap_socket(raw, server_hostname=name)
    with pytest.raises((ssl.SSLError, OSError)):
        served(host, "nobody.example.org")
    assert served(host, name)
