"""What is refused of certificates and keys, and why."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from dokkupy_certs.x509 import covers, may_have_responder, read_pair, responder
from dokkupy_sdk.errors import UserError

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass
class Signed:
    """A certificate and its key."""

    certificate: x509.Certificate
    private: Any

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(PEM)

    def key(self, password: bytes = b"", form: Any = PEM) -> bytes:
        lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        return bytes(self.private.private_bytes(form, serialization.PrivateFormat.PKCS8, lock))


def sign(
    subject: str,
    by: Signed | None = None,
    *,
    ca: bool = False,
    names: tuple[str, ...] = (),
    private: Any = None,
    start: datetime = NOW - timedelta(days=1),
    end: datetime = NOW + timedelta(days=90),
    usage: Any = None,
) -> Signed:
    private = private or ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(by.certificate.subject if by else name(subject))
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
    if usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return Signed(builder.sign(by.private if by else private, hashes.SHA256()), private)


ROOT = sign("Root", ca=True)
MIDDLE = sign("Middle", ROOT, ca=True)
OTHER = sign("Other", ca=True)
LEAF = sign("blog", MIDDLE, names=("blog.example.com", "*.blog.example.com"))


def read(chain: bytes, key: bytes, bundle: bytes = ROOT.pem, **options: Any) -> Any:
    return read_pair(chain, key, bundle=bundle, now=NOW, **options)


def test_a_good_pair_is_taken_and_described() -> None:
    pair = read(LEAF.pem + MIDDLE.pem, LEAF.key())
    assert pair.trusted and pair.facts.names == ("blog.example.com", "*.blog.example.com")
    assert (pair.facts.key, pair.facts.issuer, pair.facts.self_signed) == ("EC secp256r1", "CN=Middle", False)
    assert pair.facts.not_after == NOW + timedelta(days=90)
    assert pair.facts.id == LEAF.certificate.fingerprint(hashes.SHA256()).hex()


def test_text_around_it_and_a_key_in_the_chain_s_file_are_left_out() -> None:
    pair = read(b"subject=blog\n" + LEAF.pem + LEAF.key() + MIDDLE.pem, b"Key:\n" + LEAF.key())
    assert pair.chain == LEAF.pem + MIDDLE.pem and pair.key == LEAF.key()


def test_a_private_authority_s_chain_is_accepted_with_its_root_or_as_incomplete() -> None:
    assert not read(LEAF.pem + MIDDLE.pem + ROOT.pem, LEAF.key(), bundle=b"").trusted
    assert not read(LEAF.pem, LEAF.key(), bundle=b"", incomplete=True).trusted


def test_flaw_of_a_chain_says_what_clients_may_refuse() -> None:
    assert read(LEAF.pem + MIDDLE.pem, LEAF.key()).flaw == ""
    incomplete = read(LEAF.pem, LEAF.key(), bundle=b"", incomplete=True)
    assert "does not trust CN=Middle, which signed CN=blog and is not in the chain" in incomplete.flaw
    private = read(LEAF.pem + MIDDLE.pem + ROOT.pem, LEAF.key(), bundle=b"")
    assert private.flaw.startswith("It is not signed by an authority that this host trusts")
    ended = sign("Ended", ROOT, ca=True, start=NOW - timedelta(days=90), end=NOW - timedelta(days=1))
    below = sign("blog", ended, names=("blog.example.com",))
    pair = read(below.pem + ended.pem, below.key())
    assert not pair.trusted and pair.flaw.startswith("CN=Ended in the chain expired at 2026-05-31")


def test_a_self_signed_one_is_taken_and_said_to_be_so() -> None:
    own = sign("blog.example.com", names=("blog.example.com",))
    pair = read(own.pem, own.key())
    assert pair.facts.self_signed and not pair.trusted


def leaf(**options: Any) -> Signed:
    return sign("blog", MIDDLE, **{"names": ("blog.example.com",), **options})


def rsa_key(bits: int) -> Any:
    return rsa.generate_private_key(65537, bits)


EXPIRED = leaf(start=NOW - timedelta(days=90), end=NOW - timedelta(days=1))
EARLY = leaf(start=NOW + timedelta(days=1))
WEAK = leaf(private=rsa_key(1024))
CURVE = leaf(private=ec.generate_private_key(ec.SECP256K1()))
NAMELESS = leaf(names=())
CLIENT = leaf(usage=ExtendedKeyUsageOID.CLIENT_AUTH)
CHAIN = MIDDLE.pem

BAD: dict[str, tuple[Callable[[], tuple[bytes, bytes]], str]] = {
    "another's key": (lambda: (LEAF.pem + CHAIN, OTHER.key()), "does not belong to the certificate"),
    "an encrypted key": (lambda: (LEAF.pem + CHAIN, LEAF.key(b"secret")), "key is encrypted"),
    "no key": (lambda: (LEAF.pem + CHAIN, b"hello"), "not a private key in PEM"),
    "a certificate as the key": (lambda: (LEAF.pem + CHAIN, LEAF.pem), "The key is a certificate"),
    "a public key": (lambda: (LEAF.pem + CHAIN, public_key()), "The key is a public key"),
    "a key in DER": (lambda: (LEAF.pem + CHAIN, LEAF.key(form=DER)), "The key is in DER form"),
    "two keys": (lambda: (LEAF.pem + CHAIN, LEAF.key() + OTHER.key()), "several private keys"),
    "a broken key": (lambda: (LEAF.pem + CHAIN, LEAF.key().replace(b"\nM", b"\n!", 1)), "key cannot be read"),
    "a weak key": (lambda: (WEAK.pem + CHAIN, WEAK.key()), "too weak: RSA with 1024 bits"),
    "a curve of coins": (lambda: (CURVE.pem + CHAIN, CURVE.key()), "curve secp256k1 is not for TLS"),
    "a DSA key": (lambda: (LEAF.pem + CHAIN, dsa_key()), "neither RSA nor EC"),
    "no certificate": (lambda: (b"hello", LEAF.key()), "not PEM"),
    "DER": (lambda: (LEAF.certificate.public_bytes(DER), LEAF.key()), "in DER form"),
    "PKCS #12": (lambda: (pkcs12(), LEAF.key()), "certificate is in PKCS #12 form"),
    "PKCS #12 as the key": (lambda: (LEAF.pem + CHAIN, pkcs12()), "key is in PKCS #12 form"),
    "PKCS #7": (lambda: (pkcs7.serialize_certificates([LEAF.certificate], PEM), LEAF.key()), "in PKCS #7 form"),
    "a request": (lambda: (request(), LEAF.key()), "The certificate is a request for one"),
    "a key as the certificate": (lambda: (LEAF.key(), LEAF.key()), "The certificate is a private key"),
    "a chain that was cut off": (lambda: ((LEAF.pem + CHAIN)[:-40], LEAF.key()), "One of the 2 .* cut off"),
    "a broken certificate": (lambda: (LEAF.pem.replace(b"\nM", b"\nN", 1), LEAF.key()), "cannot be read"),
    "an expired one": (lambda: (EXPIRED.pem + CHAIN, EXPIRED.key()), "expired at 2026-05-31"),
    "one of tomorrow": (lambda: (EARLY.pem + CHAIN, EARLY.key()), "valid only from 2026-06-02"),
    "one without names": (lambda: (NAMELESS.pem + CHAIN, NAMELESS.key()), "no DNS name"),
    "one for clients": (lambda: (CLIENT.pem + CHAIN, CLIENT.key()), "not for servers"),
    "a missing intermediate": (lambda: (LEAF.pem, LEAF.key()), "incomplete: the certificate of CN=Middle"),
    "a stranger in the chain": (lambda: (LEAF.pem + OTHER.pem, LEAF.key()), "CN=Other did not sign CN=blog"),
    "the wrong order": (lambda: (LEAF.pem + ROOT.pem + MIDDLE.pem, LEAF.key()), "wrong order after CN=blog"),
    "the issuer first": (lambda: (CHAIN + LEAF.pem, LEAF.key()), "the key's certificate, CN=blog, is not the first"),
    "one twice": (lambda: (LEAF.pem + LEAF.pem + CHAIN, LEAF.key()), "CN=blog is in the chain twice"),
    "an endless chain": (lambda: (LEAF.pem + CHAIN * 20, LEAF.key()), "21 certificates"),
    "a giant": (lambda: (LEAF.pem + b"\n" * 300_000, LEAF.key()), "bytes: more than"),
}


def public_key() -> bytes:
    return bytes(LEAF.private.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo))


def pkcs12() -> bytes:
    return serialize_key_and_certificates(
        b"blog", LEAF.private, LEAF.certificate, [MIDDLE.certificate], serialization.BestAvailableEncryption(b"secret")
    )


def request() -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(name("blog"))
    return builder.sign(LEAF.private, hashes.SHA256()).public_bytes(PEM)


def dsa_key() -> bytes:
    private = dsa.generate_private_key(2048)
    return private.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@pytest.mark.parametrize("kind", BAD)
def test_bad_ones_are_refused_with_their_reason(kind: str) -> None:
    make, reason = BAD[kind]
    with pytest.raises(UserError, match=reason) as caught:
        read(*make())
    assert caught.value.code == "bad_certificate" and caught.value.hint
    assert "PRIVATE" not in caught.value.message


def test_one_signed_with_sha1_is_refused(tmp_path: Path) -> None:
    """The library signs no such thing any more; openssl does."""
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-sha1",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=old",
            "-addext",
            "subjectAltName=DNS:old.example.com",
            "-keyout",
            tmp_path / "key",
            "-out",
            tmp_path / "crt",
        ],
        check=True,
        capture_output=True,
    )
    with pytest.raises(UserError, match="signed with sha1"):
        read_pair((tmp_path / "crt").read_bytes(), (tmp_path / "key").read_bytes())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_files_that_windows_saved_are_the_same_certificate(encoding: str) -> None:
    chain, key = (data.decode().replace("\n", "\r\n").encode(encoding) for data in (LEAF.pem + MIDDLE.pem, LEAF.key()))
    assert read(chain, key) == read(LEAF.pem + MIDDLE.pem, LEAF.key())


def test_names_cover_domains_as_clients_see_it() -> None:
    names = ("blog.example.com", "*.shop.example.com")
    assert covers(names, "blog.example.com") and covers(names, "BLOG.example.com")
    assert covers(names, "a.shop.example.com") and covers(names, "*.shop.example.com")
    for other in ("shop.example.com", "a.b.shop.example.com", "x.blog.example.com", "*.example.com"):
        assert not covers(names, other)


def with_access(by: Signed, *access: tuple[Any, str]) -> Signed:
    """A leaf that names where more about its issuer is found."""
    described = [x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for method, url in access]
    private = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(name("a.example.com"))
        .issuer_name(by.certificate.subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
    )
    if described:
        builder = builder.add_extension(x509.AuthorityInformationAccess(described), critical=False)
    return Signed(builder.sign(by.private, hashes.SHA256()), private)


OCSP, ISSUERS = AuthorityInformationAccessOID.OCSP, AuthorityInformationAccessOID.CA_ISSUERS


def test_responder_of_the_leaf_and_the_authorities_up_to_the_root_are_found() -> None:
    root = sign("root", ca=True)
    middle = sign("middle", root, ca=True)
    url = "http://ocsp.example.com/" + "x" * 200  # a length of more than one byte
    leaf = with_access(middle, (ISSUERS, "http://example.com/middle.crt"), (OCSP, url))
    chain = leaf.pem + middle.pem
    assert may_have_responder(chain)
    assert responder(chain, sign("other", ca=True).pem + root.pem) == (url, middle.pem + root.pem)
    assert responder(chain + root.pem, root.pem) == (url, middle.pem + root.pem)
    assert responder(leaf.pem, middle.pem) == (url, middle.pem)


def test_responder_of_a_chain_that_somebody_made_himself_is_none() -> None:
    """nginx would ask whatever address of the host's network it names."""
    root, url = sign("root", ca=True), "http://127.0.0.1:2375/"
    own = sign("own", ca=True)
    below = sign("below", own, ca=True)
    leaf = with_access(below, (OCSP, url))
    for chain in (leaf.pem + below.pem + own.pem, leaf.pem + below.pem, leaf.pem + own.pem, leaf.pem + root.pem):
        assert responder(chain, root.pem) is None
    # A certificate of a trusted authority that is none itself signs for nobody.
    bought = sign("bought.example.com", root)
    assert responder(with_access(bought, (OCSP, url)).pem + bought.pem + root.pem, root.pem) is None
    # Trusted ones that have nothing to do with it, put behind it.
    assert responder(leaf.pem + below.pem + own.pem + root.pem, root.pem) is None


@pytest.mark.parametrize(
    "access", [(), ((ISSUERS, "http://example.com/root.crt"),), ((OCSP, "https://ocsp.example.com"),)], ids=len
)
def test_no_responder_is_found_where_none_can_be_asked(access: tuple[tuple[Any, str], ...]) -> None:
    root = sign("root", ca=True)
    leaf = with_access(root, *access)
    assert may_have_responder(leaf.pem) == any(method == OCSP for method, _ in access)
    assert responder(leaf.pem + root.pem, root.pem) is None


def test_responder_without_a_known_issuer_is_none() -> None:
    leaf = with_access(sign("root", ca=True), (OCSP, "http://ocsp.example.com"))
    assert responder(leaf.pem, sign("root", ca=True).pem) is None
    assert not may_have_responder(b"-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----")
    assert not may_have_responder(b"")


def test_a_name_in_the_subject_alone_counts_as_with_dokku_but_browsers_refuse_it() -> None:
    old = sign("Old.example.com", MIDDLE)
    pair = read_pair(old.pem + CHAIN, old.key(), bundle=ROOT.pem, now=NOW)
    assert (pair.facts.names, pair.facts.outdated, pair.trusted) == (("old.example.com",), True, False)
    assert "not in subjectAltName" in pair.flaw
    assert not read_pair(LEAF.pem + CHAIN, LEAF.key(), bundle=ROOT.pem, now=NOW).facts.outdated
    person = sign("Ann B. Smith", MIDDLE)
    with pytest.raises(UserError, match="no DNS name"):
        read_pair(person.pem + CHAIN, person.key(), bundle=ROOT.pem, now=NOW)
