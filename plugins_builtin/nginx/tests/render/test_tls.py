"""HTTPS as a scanner, a browser and somebody curious see it."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from dokkupy_sdk.model import Certificate, Port
from dokkupy_sdk.names import AppName, Domain

from plugins_builtin.nginx.tests.conftest import Backend, Rig, served

NAME = "blog.example.com"
VERSIONS = ("TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3")


def secure(rig: Rig, app: str = "blog", key: str = "ec", **fields: object) -> Backend:
    """An app that is served by HTTP and HTTPS."""
    backend, name = rig.backend(app), f"{app}.example.com"
    ports = (Port("http", rig.http, 5000), Port("https", rig.tls, 5000))
    values = {"ports": ports, "certificate": Certificate(*rig.certificate(name, algorithm=key)), **fields}
    rig.proxy.apply([rig.route(app, name, upstreams={5000: (backend.upstream,)}, **values)])
    return backend


# a scanner


def shake(port: int, version: str, ciphers: str = "ALL:COMPLEMENTOFALL", name: str = NAME) -> str:
    """The cipher that a client of one version of TLS agrees on with the server, or why there is none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):  # of versions that nobody should use
        context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    try:
        with socket.create_connection(("127.0.0.1", port), 60) as raw:
            with context.wrap_socket(raw, server_hostname=name or None) as tls:
                seen = tls.cipher()
                assert seen is not None and tls.compression() is None
                assert version == "TLSv1_3" or not (tls.session and tls.session.has_ticket)
                return seen[0]
    except ssl.SSLError as error:
        return f"refused: {error.reason}"
    except ConnectionError as error:
        return f"refused: {error}"


def accepted(port: int, version: str) -> set[str]:
    """Every cipher of this version that the server agrees to, each offered alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    offered = [one["name"] for one in context.get_ciphers() if one["protocol"] != "TLSv1.3"]
    assert len(offered) > 60
    return {name for name in offered if shake(port, version, name) == name}


@contextlib.contextmanager
def weak_server(rig: Rig) -> Iterator[int]:
    """A server that agrees to what a scanner should complain of, to see that ours can see it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.options |= ssl.OP_NO_TICKET
    context.load_cert_chain(*rig.certificate("weak.example.com", algorithm="rsa:2048"))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            while True:
                try:
                    with (
                        listener.accept()[0] as one,
                        contextlib.suppress(OSError),
                        context.wrap_socket(one, True) as tls,
                    ):
                        tls.recv(1)
                except OSError:
                    return

        threading.Thread(target=answer, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def test_scanner_sees_what_is_weak(rig: Rig) -> None:
    with weak_server(rig) as port:
        assert {version for version in VERSIONS if "refused" not in shake(port, version)} == {*VERSIONS}
        seen = accepted(port, "TLSv1_2")
        assert {"AES128-SHA", "AES256-GCM-SHA384", "ECDHE-RSA-AES128-SHA", "DHE-RSA-AES128-GCM-SHA256"} & seen


GOOD = {f"ECDHE-{{}}-{name}" for name in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")}


@pytest.mark.parametrize("key", ["ec", "rsa:2048"])
@pytest.mark.parametrize(("profile", "versions"), [("intermediate", {"TLSv1_2", "TLSv1_3"}), ("modern", {"TLSv1_3"})])
def test_scanner_finds_only_what_the_profile_says(rig: Rig, profile: str, versions: set[str], key: str) -> None:
    rig.host.store.write("global", "nginx", data={"properties": {"tls-profile": profile}})
    secure(rig, key=key)
    agreed = {version: shake(rig.tls, version) for version in VERSIONS}
    assert {version for version, cipher in agreed.items() if "refused" not in cipher} == versions
    good = {name.format("ECDSA" if key == "ec" else "RSA") for name in GOOD}
    assert accepted(rig.tls, "TLSv1_2") == (good if "TLSv1_2" in versions else set())


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("name", ["other.example.com", "example.com", ""], ids=["unknown", "parent", "none"])
def test_unknown_name_and_no_name_get_no_certificate(rig: Rig, version: str, name: str) -> None:
    secure(rig)
    assert shake(rig.tls, version, name=name) == "refused: TLSV1_UNRECOGNIZED_NAME"
    assert "refused" not in shake(rig.tls, version)


# a browser


@pytest.mark.parametrize(
    ("settings", "of_app", "expected"),
    [
        ({}, "", "max-age=15724800; includeSubDomains"),
        ({}, "max-age=1", "max-age=15724800; includeSubDomains"),
        ({"hsts-max-age": "60", "hsts-include-subdomains": "false"}, "max-age=1", "max-age=60"),
        ({"hsts": "false"}, "max-age=1", "max-age=1"),
        ({"hsts": "false"}, "", None),
    ],
)
def test_hsts_is_said_once_and_by_https_alone(
    rig: Rig, settings: dict[str, str], of_app: str, expected: str | None
) -> None:
    backend = secure(rig, settings=settings)
    backend.headers = [("Strict-Transport-Security", of_app)] if of_app else []
    answer = rig.get(NAME, tls=True)
    assert answer.headers.get("strict-transport-security") == expected
    assert answer.count("strict-transport-security") == (expected is not None)
    assert rig.get(NAME).count("strict-transport-security") == 0
    backend.close()
    failed = rig.get(NAME, tls=True)
    assert (failed.status, failed.count("strict-transport-security")) == (502, settings.get("hsts") != "false")
    rig.backends.remove(backend)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
def test_http_is_redirected_to_the_same_place(rig: Rig, method: str) -> None:
    backend = secure(rig)
    for path in (
        "/",
        "/a?b=c&d=%20e",
        "/%41%2fx/../y",
        "/a%0d%0aSet-Cookie:x",
        "//elsewhere.example.com/x",
        "/a?url=https://x/",
    ):
        answer = rig.get(NAME, path, method=method)
        assert (answer.status, answer.headers["location"]) == (301, f"https://{NAME}:{rig.tls}{path}")
    assert not backend.requests


# somebody curious


def test_a_name_is_reached_by_https_only_where_it_is_served_by_it(rig: Rig) -> None:
    secure(rig, "blog")
    shop = secure(rig, "shop")
    plain = rig.serve("plain", "plain.example.com")
    inside = secure(rig, "inside", settings={"bind-address-ipv4": "127.0.0.2", "bind-address-ipv6": "[::1]"})
    before = len(plain.requests)
    assert rig.get("blog.example.com", tls=True, sni="shop.example.com").body == "blog /"
    for name in ("plain.example.com", "inside.example.com", "unknown.example.com"):
        assert rig.get(name, tls=True, sni="blog.example.com").status == 0, name
        assert rig.get(name, tls=True).status == 0, name
    assert rig.get("inside.example.com").status == 0
    assert (len(plain.requests), inside.requests, shop.requests) == (before, [], [])


# many


def pair(place: Path, name: str, private: ec.EllipticCurvePrivateKey) -> Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    found = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(private, hashes.SHA256())
    )
    place.mkdir(parents=True)
    (place / "server.crt").write_bytes(found.public_bytes(serialization.Encoding.PEM))
    (place / "server.key").write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return Certificate(str(place / "server.crt"), str(place / "server.key"))


@pytest.mark.parametrize("apps", [1, 300])
def test_three_hundred_names_each_have_their_own_certificate(rig: Rig, apps: int) -> None:
    backend = rig.backend("blog")
    private = ec.generate_private_key(ec.SECP256R1())
    names = [f"n{number}.example.com" for number in range(300)]
    own = {name: pair(rig.root / "tls" / name, name, private) for name in names}
    ports = (Port("http", rig.http, 5000), Port("https", rig.tls, 5000))
    routes = [
        rig.route(
            f"blog-{number}",
            *names[number::apps],
            ports=ports,
            upstreams={5000: (backend.upstream,)},
            certificates={Domain(name): own[name] for name in names[number::apps]},
        )
        for number in range(apps)
    ]
    began = time.monotonic()
    rig.proxy.apply(routes)
    print(f"{apps} apps with 300 names, tested and served: {time.monotonic() - began:.2f} s")
    assert rig.proxy.nginx.test(str(rig.root / "etc/nginx.conf")) == ""
    assert len(rig.proxy.apps()) == apps and AppName("blog-0") in rig.proxy.apps()
    expected = {name: ssl.PEM_cert_to_DER_cert(Path(own[name].chain).read_text()) for name in names}
    assert {name: served(rig, name) for name in names} == expected
    assert len({hashlib.sha256(der).digest() for der in expected.values()}) == 300
    for name in (names[0], names[150], names[299]):
        assert rig.get(name).status == 301
        assert rig.get(name, tls=True).body == "blog /"
    assert rig.get("n300.example.com", tls=True).status == 0
