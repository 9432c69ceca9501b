"""Names the form of a file that is not the certificate or key it should be, and the command that converts it."""

from __future__ import annotations

import re

from dokkupy_sdk.errors import UserError

FORMS = (
    (b"-----BEGIN PKCS7-----", "in PKCS #7 form", "openssl pkcs7 -print_certs -in FILE -out server.crt"),
    (b"-----BEGIN CERTIFICATE REQUEST-----", "a request for one", ""),
    (b"-----BEGIN NEW CERTIFICATE REQUEST-----", "a request for one", ""),
    (b"PRIVATE KEY-----", "a private key", ""),
    (b"-----BEGIN CERTIFICATE-----", "a certificate", ""),
    (b"-----BEGIN PUBLIC KEY-----", "a public key", ""),
)
"""What a file of another form has in it, the form's name, and the command that converts it."""

PKCS12 = re.compile(rb"\x30(?:[\x00-\x80]|\x81.|\x82..|\x83...)\x02\x01\x03", re.DOTALL)
"""The beginning of a PFX: a sequence that begins with the version 3 (RFC 7292, section 4)."""

FROM_PKCS12 = {
    "certificate": "openssl pkcs12 -in FILE -nokeys -out server.crt",
    "key": "openssl pkcs12 -in FILE -nocerts -noenc -out server.key",
}
FROM_DER = {
    "certificate": "openssl x509 -inform der -in FILE -out FILE.pem",
    "key": "openssl pkey -inform der -in FILE -out FILE.pem",
}
WANTED = {
    "certificate": "Give the certificate that the authority issued: it begins with -----BEGIN CERTIFICATE-----",
    "key": "Give the private key: it begins with -----BEGIN PRIVATE KEY-----",
}


def bad(reason: str, hint: str) -> UserError:
    return UserError(reason, hint=hint, code="bad_certificate")


def not_pem(text: bytes, what: str) -> UserError:
    """what: `certificate` or `key`."""
    form = "not PEM" if what == "certificate" else "not a private key in PEM form"
    command = ""
    if PKCS12.match(text):
        form, command = "in PKCS #12 form", FROM_PKCS12[what]
    elif text[:1] == b"\x30":
        form, command = "in DER form", FROM_DER[what]
    else:
        for mark, name, conversion in FORMS:
            if mark in text:
                form, command = name, conversion
                break
    return bad(f"The {what} is {form}", f"Convert it: {command}" if command else WANTED[what])


def unreadable(begun: int) -> UserError:
    which = "The certificate" if begun == 1 else f"One of the {begun} certificates"
    return bad(
        f"{which} cannot be read: it is damaged or cut off",
        "Copy the whole file again. Look at it: openssl x509 -noout -text -in FILE",
    )
