"""Creates certificate signing requests."""

from __future__ import annotations

from collections.abc import Sequence


def request(key: bytes, names: Sequence[str]) -> bytes:
    """A certificate signing request (PEM) for these names, with an existing key."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519
    from cryptography.x509.oid import NameOID

    from dokkupy_certs.x509 import read_key

    private = read_key(key)
    algorithm = None if isinstance(private, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    builder = x509.CertificateSigningRequestBuilder()
    builder = builder.subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])]))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
    signed = builder.sign(private, algorithm)  # type: ignore[arg-type]
    return signed.public_bytes(serialization.Encoding.PEM)
