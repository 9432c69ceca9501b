"""The properties of `letsencrypt` (reference, section 6.3)."""

from __future__ import annotations

import os
import re

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.settings import AT_ONCE, Applies, Property, Settings, integer, matching, plain

SERVERS = {
    "default": "https://acme-v02.api.letsencrypt.org/directory",
    "staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
}
"""https://letsencrypt.org/getting-started/"""

HOOK = "hook"
"""The dns-provider for plugins of dokkupy."""

DIRECTORY = re.compile(r"https://[A-Za-z0-9][A-Za-z0-9.-]*(:\d{1,5})?(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?")


def server(text: str) -> str:
    if text not in SERVERS and not DIRECTORY.fullmatch(text):
        raise UserError(f"{text[:80]!r} is not `default`, `staging` or the https address of an ACME directory")
    return text


def pairs(text: str) -> str:
    for pair in text.split(","):
        if not re.fullmatch(r"\s*[a-z][a-z0-9_]*\s*=\s*[^\s,;#'\"\\]+\s*", pair):
            raise UserError(
                "The value is not a list of pairs such as dns_cloudflare_api_token=TOKEN, separated by commas"
            )
    return text


def bundle(text: str) -> str:
    if not os.path.isabs(text) or not plain(text):
        raise UserError(f"{text[:80]!r} is not an absolute path")
    return text


NEXT_CERTIFICATE = Applies("the next certificate", "letsencrypt:enable {app} --force")

SETTINGS = Settings(
    "letsencrypt",
    Property(
        "email",
        help="E-mail address that the authority writes to",
        parse=matching(r"[^\s@,]+@[^\s@,]+\.[^\s@,]+", "an e-mail address"),
    ),
    Property(
        "server", "default", help="default, staging, or the directory URL of another ACME authority", parse=server
    ),
    Property(
        "graceperiod",
        "2592000",
        help="Seconds before expiry at which a certificate is renewed",
        parse=integer(60, 31536000),
        applies=AT_ONCE,
    ),
    Property(
        "certificates",
        "shared",
        help="shared: one for all names of the app; each: one for each name",
        parse=matching("shared|each", "shared or each"),
    ),
    Property("key-type", "ecdsa", help="ecdsa or rsa", parse=matching("ecdsa|rsa", "ecdsa or rsa")),
    Property(
        "dns-provider",
        help="For DNS-01, which wildcards require: a DNS plugin of certbot, such as cloudflare, or hook, or none",
        parse=matching(r"[a-z][a-z0-9-]{0,40}", "the name of a DNS plugin, such as cloudflare"),
    ),
    Property(
        "dns-credentials",
        help="Credentials of the DNS plugin: key=value, separated by commas",
        parse=pairs,
        secret=True,
    ),
    Property("ca-bundle", help="File with the CA certificate of the directory's TLS", parse=bundle),
    Property(
        "eab-kid",
        help="External account binding: identifier of the key",
        parse=matching(r"[\w.=+/:-]+", "an identifier"),
    ),
    Property(
        "eab-hmac-key",
        help="External account binding: the key",
        parse=matching(r"[A-Za-z0-9_=-]+", "base64url"),
        secret=True,
    ),
    applies=NEXT_CERTIFICATE,
)


def directory_of(text: str) -> str:
    """The URL of a server's directory."""
    return SERVERS.get(text, text)


LEGACY_ENV = {
    r"DOKKU_LETSENCRYPT_EMAIL": "letsencrypt:set APP email ADDRESS",
    r"DOKKU_LETSENCRYPT_SERVER": "letsencrypt:set APP server URL",
    r"DOKKU_LETSENCRYPT_.*": "letsencrypt:set APP PROPERTY VALUE",
}
"""Dokku's variables, and the commands that replace them."""
