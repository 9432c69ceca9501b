"""Parses and validates certificates and keys in PEM.

By `cryptography` (the Python Cryptographic Authority's own), which a plugin that imports this declares as
`dokkupy-sdk[certificates]`; it is loaded by the first call, not by the import.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from dokkupy_sdk.values import dataclass

from dokkupy_certs.forms import bad, not_pem, unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
"""The authorities that this host trusts (Debian's package ca-certificates)."""

LARGEST = 256 * 1024
"""The largest size of a chain or key, in bytes. A certificate with 100 names has 5 KB."""

LONGEST = 10
"""The largest number of certificates in a chain. Public authorities use two or three."""

LEAST_RSA = 2048
"""The smallest RSA key, in bits (CA/Browser Forum, Baseline Requirements 6.1.5)."""

CURVES = ("secp256r1", "secp384r1", "secp521r1")
WEAK = ("md5", "sha1")
ORDER = "The certificate comes first, then the one that signed it, and so on."
PEM_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
PEM_KEY = re.compile(rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----.*?-----END (?:[A-Z]+ )?PRIVATE KEY-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Facts:
    """The content of a certificate. id: SHA-256 of its DER form, in hex. names: DNS names of subjectAltName, or of the subject
    where it has none, in lower case. not_before, not_after: UTC. key: such as `RSA 2048` or `EC secp256r1`. outdated: it has
    its name in the subject alone (`openssl req -subj /CN=NAME`), where browsers do not look (RFC 9110, section 4.3.4)."""

    id: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    issuer: str
    subject: str
    key: str
    self_signed: bool = False
    outdated: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """A chain, beginning with the leaf, and its key, as normalized PEM. trusted: whether the host trusts the chain. flaw: why
    clients may refuse it, as a sentence; empty if it is trusted."""

    chain: bytes
    key: bytes
    facts: Facts
    trusted: bool
    flaw: str = ""


def read_pair(
    chain: bytes, key: bytes, *, bundle: bytes = b"", incomplete: bool = False, now: datetime | None = None
) -> Pair:
    """Parse and validate a chain and its key. bundle: the trusted authorities as PEM. incomplete: accept a chain that ends
    at an authority which is neither in it nor trusted. Raises UserError with the reason."""
    from cryptography.hazmat.primitives import serialization

    at = now or datetime.now(UTC)
    certificates = read_chain(plain_text(chain))
    private = read_key(plain_text(key))
    leaf = certificates[0]
    check_owner(certificates, private)
    facts = facts_of(leaf)
    check_leaf(leaf, facts, at)
    check_order(certificates)
    flaw = flaw_of(certificates, bundle, at, incomplete=incomplete)
    if facts.outdated and not flaw:
        flaw = "Browsers refuse it: the certificate has its name in the subject (CN), but not in subjectAltName"
    return Pair(
        b"".join(one.public_bytes(serialization.Encoding.PEM) for one in certificates),
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        facts,
        not flaw,
        flaw,
    )


def plain_text(data: bytes) -> bytes:
    """PEM in one encoding. Binary content is not changed, so that the error can name it."""
    from dokkupy_sdk.files import decode_text

    try:
        return decode_text(data).encode()
    except ValueError:
        return data


def read_chain(text: bytes) -> list[Certificate]:
    from cryptography import x509

    if len(text) > LARGEST:
        raise bad(f"The certificate has {len(text)} bytes: more than {LARGEST}", "Give the certificate and its chain.")
    begun = text.count(b"-----BEGIN CERTIFICATE-----")
    if not begun:
        raise not_pem(text, "certificate")
    try:
        found = x509.load_pem_x509_certificates(text)
    except ValueError:
        raise unreadable(begun) from None
    if len(found) < begun:
        raise unreadable(begun)
    if len(found) > LONGEST:
        raise bad(f"There are {len(found)} certificates in the chain", "Give the certificate and its intermediates.")
    return list(found)


def read_key(text: bytes) -> PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if len(text) > LARGEST:
        raise bad(f"The key has {len(text)} bytes: more than {LARGEST}", "Give only the private key.")
    found = PEM_KEY.findall(text)
    if not found:
        raise not_pem(text, "key")
    if len(found) > 1:
        raise bad("There are several private keys in the key's file", "Give only the key of the certificate.")
    try:
        key = serialization.load_pem_private_key(found[0], password=None)
    except TypeError:
        raise bad("The key is encrypted", "Decrypt it first: openssl pkey -in FILE -out FILE.plain") from None
    except (ValueError, UnsupportedAlgorithm):
        # The library's message could contain parts of the key.
        raise bad("The key cannot be read", "Look at it: openssl pkey -noout -in FILE") from None
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < LEAST_RSA:
            raise bad(f"The key is too weak: RSA with {key.key_size} bits", f"Use {LEAST_RSA} bits or more, or EC.")
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        if key.curve.name not in CURVES:
            raise bad(f"The key's curve {key.curve.name} is not for TLS", f"Use one of: {', '.join(CURVES)}.")
    elif not isinstance(key, ed25519.Ed25519PrivateKey):
        raise bad("The key is neither RSA nor EC", "Make one: openssl ecparam -name prime256v1 -genkey -noout")
    return key


def facts_of(leaf: Certificate) -> Facts:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    try:
        alternative = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        listed = tuple(dict.fromkeys(name.lower() for name in alternative.get_values_for_type(x509.DNSName)))
    except x509.ExtensionNotFound:
        listed = ()
    names = listed or name_of_subject(leaf)
    public = leaf.public_key()
    key = type(public).__name__.removesuffix("PublicKey")
    if isinstance(public, rsa.RSAPublicKey):
        key = f"RSA {public.key_size}"
    elif isinstance(public, ec.EllipticCurvePublicKey):
        key = f"EC {public.curve.name}"
    return Facts(
        id=leaf.fingerprint(hashes.SHA256()).hex(),
        names=names,
        not_before=leaf.not_valid_before_utc,
        not_after=leaf.not_valid_after_utc,
        issuer=leaf.issuer.rfc4514_string(),
        subject=leaf.subject.rfc4514_string(),
        key=key,
        self_signed=leaf.issuer == leaf.subject,
        outdated=names != listed,
    )


def name_of_subject(leaf: Certificate) -> tuple[str, ...]:
    """The common name, if it is a domain."""
    from cryptography.x509.oid import NameOID
    from dokkupy_sdk.errors import UserError
    from dokkupy_sdk.names import Domain

    texts = [str(one.value).lower() for one in leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if len(texts) != 1 or "." not in texts[0]:
        return ()
    try:
        return (Domain(texts[0]),)
    except UserError:
        return ()


def check_owner(certificates: Sequence[Certificate], private: PrivateKeyTypes) -> None:
    """Raise UserError unless the key belongs to the first certificate."""
    from cryptography.hazmat.primitives import serialization

    encoding, plain = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    public = private.public_key().public_bytes(encoding, plain)
    owned = [one.public_key().public_bytes(encoding, plain) == public for one in certificates]
    if owned[0]:
        return
    if any(owned):
        subject = certificates[owned.index(True)].subject.rfc4514_string()
        raise bad(f"The chain is in the wrong order: the key's certificate, {subject}, is not the first", ORDER)
    raise bad("The key does not belong to the certificate", "Give the key that the certificate was requested with.")


def check_leaf(leaf: Certificate, facts: Facts, now: datetime) -> None:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509.oid import ExtendedKeyUsageOID

    if facts.not_after <= now:
        raise bad(
            f"The certificate expired at {facts.not_after:%Y-%m-%d %H:%M} UTC", "Give a certificate that is valid."
        )
    if facts.not_before > now:
        raise bad(
            f"The certificate is valid only from {facts.not_before:%Y-%m-%d %H:%M} UTC on",
            "Check the host's clock, or wait until then.",
        )
    try:
        algorithm = leaf.signature_hash_algorithm
    except UnsupportedAlgorithm:
        raise bad("The certificate has a signature of an unknown kind", "Have it signed with SHA-256.") from None
    if algorithm is not None and algorithm.name in WEAK:
        raise bad(
            f"The certificate is signed with {algorithm.name}, which no client trusts",
            "Have it signed again with SHA-256.",
        )
    if not facts.names:
        raise bad(
            "The certificate has no DNS name, neither in subjectAltName nor as its common name",
            "Request a certificate that has the names in subjectAltName.",
        )
    try:
        usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if ExtendedKeyUsageOID.SERVER_AUTH not in usage and ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE not in usage:
        raise bad("The certificate is not for servers (extendedKeyUsage)", "Request a certificate for TLS servers.")


def issued(one: Certificate, by: Certificate) -> bool:
    try:
        one.verify_directly_issued_by(by)
    except Exception:  # any reason: names, algorithms, signatures
        return False
    return True


def check_order(certificates: Sequence[Certificate]) -> None:
    for one, above in zip(certificates, certificates[1:], strict=False):
        if issued(one, above):
            continue
        subject = one.subject.rfc4514_string()
        if one == above:
            raise bad(f"{subject} is in the chain twice", "Give each certificate once.")
        if any(issued(one, other) for other in certificates if other is not one):
            raise bad(
                f"The chain is in the wrong order after {subject}",
                ORDER,
            )
        raise bad(
            f"The chain is broken: {above.subject.rfc4514_string()} did not sign {subject}",
            "Remove the certificates that do not belong to it, or add the missing one.",
        )


def authorities(bundle: bytes) -> Iterator[Certificate]:
    """The certificates in a bundle, without old roots that the library cannot parse."""
    import warnings

    from cryptography import x509

    for block in PEM_CERTIFICATE.findall(bundle):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                found = x509.load_pem_x509_certificate(block)
            except (ValueError, Warning):
                continue
        yield found


def flaw_of(certificates: Sequence[Certificate], bundle: bytes, now: datetime, *, incomplete: bool) -> str:
    """Why clients may refuse the chain. Raises UserError if it is incomplete, unless that is accepted."""
    for one in certificates[1:]:
        if one.not_valid_after_utc <= now:
            subject, end = one.subject.rfc4514_string(), one.not_valid_after_utc
            return f"{subject} in the chain expired at {end:%Y-%m-%d %H:%M} UTC: clients may refuse it"
    last = certificates[-1]
    if any(last == one or (last.issuer == one.subject and issued(last, one)) for one in authorities(bundle)):
        return ""
    if last.issuer == last.subject:
        return "It is not signed by an authority that this host trusts: clients may refuse it"
    missing = last.issuer.rfc4514_string()
    if incomplete:
        return (
            f"The host does not trust {missing}, which signed {last.subject.rfc4514_string()} and is not in the chain: clients "
            "may refuse it, unless you append the authority's certificates"
        )
    raise bad(
        f"The chain is incomplete: the certificate of {missing} is missing",
        "Append the authority's intermediate certificates, and for a private authority also its root.",
    )


def covers(names: Sequence[str], domain: str) -> bool:
    """Whether one of a certificate's names is this domain; `*` stands for one label (RFC 6125, section 6.4.3)."""
    domain = domain.lower()
    return domain in names or (not domain.startswith("*.") and f"*.{domain.partition('.')[2]}" in names)


# OCSP


AD_OCSP = bytes.fromhex("06082b06010505073001")
"""DER of id-ad-ocsp, the access method of a responder (RFC 5280, section 4.2.2.1)."""


def may_have_responder(chain: bytes) -> bool:
    """Whether the leaf names an OCSP responder, by its bytes. This avoids loading the library, because most name none."""
    import binascii

    block = PEM_CERTIFICATE.search(chain)
    if block is None:
        return False
    try:
        return AD_OCSP in binascii.a2b_base64(b"".join(block[0].splitlines()[1:-1]))
    except binascii.Error:
        return False


def responder(chain: bytes, bundle: bytes) -> tuple[str, bytes] | None:
    """The leaf's OCSP responder and, as PEM, the authorities above the leaf up to the root: what the responder's answers
    are checked by. bundle: the authorities that this host trusts. None where the leaf names no responder to be asked by HTTP,
    and where the chain does not end in a trusted authority: whoever made it himself names any address of the host's network."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.x509.oid import AuthorityInformationAccessOID

    leaf, *above = read_chain(chain)
    try:
        access = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except (x509.ExtensionNotFound, ValueError):
        return None
    urls = [
        one.access_location.value
        for one in access
        if one.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(one.access_location, x509.UniformResourceIdentifier)
    ]
    whole = trusted_path(leaf, above, bundle)
    if not urls or not urls[0].startswith("http://") or not whole:
        return None
    return urls[0], b"".join(one.public_bytes(serialization.Encoding.PEM) for one in whole)


def trusted_path(leaf: Certificate, above: Sequence[Certificate], bundle: bytes) -> list[Certificate]:
    """The authorities from the leaf's issuer up to one that is trusted; empty when they lead to none, or one of them may
    not sign for others."""
    path = [leaf, *above]
    anchors = [one for one in authorities(bundle) if one == path[-1] or issued(path[-1], one)]
    if not anchors:
        return []
    if path[-1] not in anchors:
        path.append(anchors[0])
    if not all(issued(one, by) for one, by in zip(path, path[1:], strict=False)):
        return []
    return path[1:] if all(is_authority(one) or one in anchors for one in path[1:]) else []


def is_authority(certificate: Certificate) -> bool:
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False
