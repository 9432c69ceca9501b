"""OCSP answers on a real host: added by hand, requested from a responder, and stapled to the handshake."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest
from apps import Repository
from bed.host import Host
from test_buildpacks import until
from test_certs import Authority, authority, deploy, https_get, send

__all__ = ["authority"]
PLACE = "/var/tmp/ocsp"
PORT = 8062
TRUSTED = "/usr/local/share/ca-certificates/e2e-ocsp.crt"


@pytest.fixture
def responder(host: Host, app: str, authority: Authority) -> Iterator[tuple[bytes, bytes]]:
    """(chain, key) for the app's name. The authority's responder runs on the host."""
    name = f"{app}.example.com"
    (authority.directory / "more").write_text(
        f"subjectAltName=DNS:{name}\nauthorityInfoAccess=OCSP;URI:http://127.0.0.1:{PORT}\n"
    )
    _, key = authority.issue(name)
    authority.sign("more")
    words = ["openssl", "x509", "-in", "crt", "-noout", "-serial"]
    serial = subprocess.run(words, cwd=authority.directory, check=True, capture_output=True, text=True).stdout
    index = f"V\t491231235959Z\t\t{serial.strip().partition('=')[2]}\tunknown\t/CN={name}\n"
    host.copy_in(index.encode(), f"{PLACE}/index")
    for file in ("root.crt", "root.key"):
        host.copy_in((authority.directory / file).read_bytes(), f"{PLACE}/{file}")
    start = (
        f"cd {PLACE}; openssl ocsp -index index -port {PORT} -rsigner root.crt -rkey root.key -CA root.crt >log 2>&1 "
        "& echo $!"
    )
    process = host.exec(["sh", "-c", start]).stdout.strip()
    yield (authority.directory / "crt").read_bytes() + authority.root.read_bytes(), key
    host.exec(["kill", process], check=False)
    host.exec(["rm", "-rf", PLACE, TRUSTED])
    host.exec(["update-ca-certificates", "--fresh"])


def test_ocsp_answer_is_stapled_to_the_handshake(
    host: Host, app: str, repository: Repository, authority: Authority, responder: tuple[bytes, bytes]
) -> None:
    name = deploy(host, app, repository)
    send(host, "certs:add", app, responder)
    asked = [
        "openssl",
        "s_client",
        "-connect",
        f"{host.ip}:443",
        "-servername",
        name,
        "-status",
        "-CAfile",
        str(authority.root),
    ]

    def seen() -> str:
        return subprocess.run(asked, input="", check=True, capture_output=True, text=True).stdout

    # A self-signed certificate may name any address, so no responder is asked before an admin trusts the authority.
    assert "OCSP response: no response sent" in seen()
    assert "ssl_stapling" not in host.exec(["dokkupy", "nginx:show-config", app]).stdout
    host.copy_in(authority.root.read_bytes(), TRUSTED)
    host.exec(["update-ca-certificates"])
    host.exec(["dokkupy", "proxy:build-config", app])
    until(lambda: "OCSP Response Status: successful" in seen())
    assert "Cert Status: good" in seen()
    assert https_get(host, name, authority).status == 200
    kept = host.exec(["find", "/var/lib/dokkupy/nginx/ocsp", "-type", "f", "-printf", "%u %m\n"]).stdout
    assert kept.splitlines() == ["dokkupy 640"]

    send(host, "certs:update", app, authority.issue(name))
    assert "OCSP response: no response sent" in seen()
    log = host.exec(["cat", "/var/log/nginx/error.log"]).stdout
    assert "ssl_stapling" not in log and "OCSP" not in log
