"""OCSP stapling: by a real responder (`openssl ocsp`), nginx, and a client that asks for the answer."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dokkupy_certs.x509 import BUNDLE
from dokkupy_nginx.render.stapling import resolvers
from dokkupy_sdk.model import Certificate, Port
from dokkupy_sdk.testing.ports import free_port

from plugins_builtin.nginx.tests.conftest import Rig, wait_for

EXTENSIONS = """
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
[responder]
extendedKeyUsage = OCSPSigning
noCheck = ignored
[leaf]
subjectAltName = DNS:blog.example.com
authorityInfoAccess = OCSP;URI:http://127.0.0.1:{port}
[plain]
subjectAltName = DNS:blog.example.com
"""


class Authority:
    """A root, an authority below it, and a responder that has a certificate of its own for the answers."""

    def __init__(self, directory: Path, rig: Rig) -> None:
        self.directory = directory
        directory.mkdir()
        self.rig = rig
        self.port = free_port()
        text = EXTENSIONS.replace("noCheck = ignored\n", "").format(port=self.port)
        (directory / "ext").write_text(text)
        for name, by, section in (
            ("root", "", "ca"),
            ("middle", "root", "ca"),
            ("responder", "middle", "responder"),
            ("leaf", "middle", "leaf"),
            ("plain", "middle", "plain"),
        ):
            self.sign(name, by, section)
        self.trusted("root")
        # What `openssl ca` would have kept: valid, until, serial number, subject.
        index = "".join(f"V\t491231235959Z\t\t{self.serial(name)}\tunknown\t/CN={name}\n" for name in ("leaf", "plain"))
        (directory / "index").write_text(index)
        self.process = subprocess.Popen(
            [
                "openssl",
                "ocsp",
                "-index",
                "index",
                "-port",
                str(self.port),
                "-rsigner",
                "responder.crt",
                "-rkey",
                "responder.key",
                "-CA",
                "middle.crt",
                "-nmin",
                "5",
            ],
            cwd=directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def trusted(self, *names: str) -> None:
        """Make these all that the host trusts."""
        bundle = Path(self.rig.layout.on_system(BUNDLE))
        bundle.parent.mkdir(parents=True, exist_ok=True)
        bundle.write_text("".join((self.directory / f"{name}.crt").read_text() for name in names))

    def openssl(self, *words: str) -> str:
        return subprocess.run(
            ["openssl", *words], cwd=self.directory, check=True, capture_output=True, text=True
        ).stdout

    def sign(self, name: str, by: str, section: str) -> None:
        self.openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
        self.openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.csr")
        signer = ["-CA", f"{by}.crt", "-CAkey", f"{by}.key", "-CAcreateserial"] if by else ["-signkey", f"{name}.key"]
        self.openssl(
            "x509",
            "-req",
            "-in",
            f"{name}.csr",
            *signer,
            "-days",
            "20",
            "-extfile",
            "ext",
            "-extensions",
            section,
            "-out",
            f"{name}.crt",
        )

    def serial(self, name: str) -> str:
        return self.openssl("x509", "-in", f"{name}.crt", "-noout", "-serial").strip().partition("=")[2]

    def certificate(self, name: str) -> Certificate:
        chain = "".join((self.directory / f"{one}.crt").read_text() for one in (name, "middle", "root"))
        (self.directory / f"{name}.pem").write_text(chain)
        return Certificate(str(self.directory / f"{name}.pem"), str(self.directory / f"{name}.key"))

    def stapled(self) -> str:
        return self.openssl(
            "s_client",
            "-connect",
            f"127.0.0.1:{self.rig.tls}",
            "-servername",
            "blog.example.com",
            "-status",
            "-CAfile",
            "root.crt",
        )


@pytest.fixture
def authority(rig: Rig, tmp_path: Path) -> Iterator[Authority]:
    found = Authority(tmp_path / "authority", rig)
    try:
        yield found
    finally:
        found.process.kill()
        found.process.wait()


def serve(rig: Rig, certificate: Certificate, **fields: object) -> str:
    backend = rig.backend("blog")
    route = rig.route(
        "blog",
        "blog.example.com",
        ports=(Port("https", rig.tls, 5000),),
        certificate=certificate,
        upstreams={5000: (backend.upstream,)},
        **fields,
    )
    rig.proxy.apply([route])
    return rig.proxy.show(route.app)


TEMPLATE = """server { {% for one in PORTS[0].listen %}listen {{ one }}; {% endfor %} server_name {{ SERVER_NAMES }};
  ssl_certificate {{ SSL_CERTIFICATE }}; ssl_certificate_key {{ SSL_CERTIFICATE_KEY }}; return 200 mine; }"""


@pytest.mark.parametrize("template", [None, TEMPLATE], ids=["ours", "template"])
def test_answer_of_the_responder_is_stapled_and_good(rig: Rig, authority: Authority, template: str | None) -> None:
    text = serve(rig, authority.certificate("leaf"), template=template)
    assert "ssl_stapling_verify on;" in text
    # nginx asks the responder at the first handshake, and has the answer for those after it.
    wait_for(lambda: "OCSP Response Status: successful" in authority.stapled())
    seen = authority.stapled()
    assert "Cert Status: good" in seen and "Verify return code: 0 (ok)" in seen
    assert "OCSP" not in (rig.root / "log/error.log").read_text()
    assert len(os.listdir(rig.layout.ocsp)) == 1

    # One without a responder takes its place: nothing is said of stapling, and nothing left of the old one.
    assert "ssl_stapling" not in serve(rig, authority.certificate("plain"), template=template)
    assert "OCSP response: no response sent" in authority.stapled()
    assert os.listdir(rig.layout.ocsp) == []
    assert "stapling" not in (rig.root / "log/error.log").read_text()


def test_nobody_is_asked_for_a_certificate_of_an_authority_that_the_host_does_not_trust(
    rig: Rig, authority: Authority
) -> None:
    """Whoever signs his own certificate names any address in it, which the host would ask."""
    authority.trusted()
    assert "ssl_stapling" not in serve(rig, authority.certificate("leaf"))
    assert "OCSP response: no response sent" in authority.stapled()
    # An admin who trusts the authority needs no new certificate.
    authority.trusted("root")
    assert "ssl_stapling on;" in serve(rig, authority.certificate("leaf"))


def test_stapling_can_be_switched_off_and_is_the_hosts_own_where_its_files_have_it(
    rig: Rig, authority: Authority
) -> None:
    certificate = authority.certificate("leaf")
    assert "ssl_stapling" not in serve(rig, certificate, settings={"ssl-stapling": "off"})
    snippets = Path(rig.layout.snippets("blog"))
    snippets.mkdir(parents=True)
    (snippets / "own.conf").write_text("resolver 127.0.0.1;\nssl_stapling on;\n")
    assert "ssl_stapling" not in serve(rig, certificate)


def test_what_was_found_out_is_not_found_out_again(rig: Rig, authority: Authority) -> None:
    serve(rig, authority.certificate("leaf"))
    (file,) = Path(rig.layout.ocsp).iterdir()
    before = file.stat().st_mtime_ns
    serve(rig, authority.certificate("leaf"))
    assert file.stat().st_mtime_ns == before


def test_dead_responder_leaves_https_serving(rig: Rig, authority: Authority) -> None:
    authority.process.kill()
    serve(rig, authority.certificate("leaf"))
    for _ in range(3):
        assert "OCSP response: no response sent" in authority.stapled()
        time.sleep(0.1)
    assert rig.get("blog.example.com", tls=True).body == "blog /"


def test_name_servers_are_the_hosts(rig: Rig, tmp_path: Path) -> None:
    rig.layout.system = str(tmp_path / "system")
    assert resolvers(rig.layout) == []
    (tmp_path / "system/etc").mkdir(parents=True)
    (tmp_path / "system/etc/resolv.conf").write_text(
        "# nameserver 9.9.9.9\nnameserver 10.0.0.2\nnameserver\t2001:db8::53 \nnameserver fe80::1%eth0\nsearch x; y\n"
    )
    assert resolvers(rig.layout) == ["10.0.0.2", "[2001:db8::53]"]
