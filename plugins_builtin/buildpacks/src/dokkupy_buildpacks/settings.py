"""The properties of the namespace `buildpacks`."""

from __future__ import annotations

import os

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import EnvKey, Pattern
from dokkupy_sdk.settings import BUILD, Property, Settings, plain

URL = Pattern(r"https?://[^\s'\"\\$`]+")
REGISTRY = Pattern(r"[a-z0-9][a-z0-9.-]*(:\d{1,5})?(/[a-z0-9._-]+)*")


def bundle(text: str) -> str:
    """An absolute path of a file with certificates, or `none`."""
    if text == "none":
        return text
    if not os.path.isabs(text) or not plain(text):
        raise UserError(f"{text[:80]!r} is neither an absolute path nor `none`")
    from dokkupy_sdk.files import read_file
    from dokkupy_sdk.text import reason_of

    try:
        if "BEGIN CERTIFICATE" not in read_file(text, 1 << 22):
            raise UserError(
                f"{text} has no certificate in PEM form",
                hint="A PEM file has lines with BEGIN CERTIFICATE. To convert: openssl x509 -inform der -in FILE -out FILE.pem",
            )
    except (OSError, ValueError) as error:
        raise UserError(
            f"{text} cannot be read: {reason_of(error)}",
            hint="Check that the file exists on the host, and that the user dokkupy can read it.",
        ) from None
    return text


def url(text: str) -> str:
    if not URL.fullmatch(text):
        raise UserError(f"{text[:80]!r} is not an http or https URL")
    return text


def registry(text: str) -> str:
    name = text.rstrip("/")
    if not REGISTRY.fullmatch(name):
        raise UserError(f"{text[:80]!r} is not a registry such as registry.example.com:5000/mirror")
    return name


def variables(text: str) -> str:
    """Names of variables with commas, or `*`."""
    return text if text == "*" else ",".join(EnvKey(name.strip()) for name in text.split(",") if name.strip())


SETTINGS = Settings(
    "buildpacks",
    Property("list", scope="app", help="URLs of the app's buildpacks, separated by commas", set_by="buildpacks:set"),
    Property("stack", help="Image to build and run on instead of the language's own base image"),
    Property(
        "image-registry", help="Registry from which official images are pulled instead of Docker Hub", parse=registry
    ),
    Property(
        "ca-bundle",
        parse=bundle,
        help="File with the CA certificates that builds trust; unset: the host's, if an administrator "
        "added any; none: no additional ones",
    ),
    Property(
        "install-variables",
        parse=variables,
        help="Variables of the app that the steps that install dependencies also get, separated by commas; *: all",
    ),
    Property("http-proxy", help="Proxy that builds use for HTTP", parse=url, secret=True),
    Property("https-proxy", help="Proxy that builds use for HTTPS", parse=url, secret=True),
    Property("no-proxy", help="Hosts that builds reach without the proxy, separated by commas"),
    Property("pip-index", help="Python package index that builds use", parse=url, secret=True),
    Property("npm-registry", help="npm registry that builds use", parse=url, secret=True),
    Property("go-proxy", help="Go module proxy that builds use", parse=url, secret=True),
    Property("gem-mirror", help="Mirror of RubyGems that builds use", parse=url, secret=True),
    Property("maven-mirror", help="Mirror of Maven repositories that builds use", parse=url, secret=True),
    Property(
        "debian-mirror",
        "http://deb.debian.org/debian",
        help="Mirror of Debian's packages for base images",
        parse=url,
        scope="global",
    ),
    applies=BUILD,
)

NETWORK = {
    "http-proxy": ("http_proxy", "HTTP_PROXY"),
    "https-proxy": ("https_proxy", "HTTPS_PROXY"),
    "no-proxy": ("no_proxy", "NO_PROXY"),
    "pip-index": ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"),
    "npm-registry": ("npm_config_registry", "YARN_NPM_REGISTRY_SERVER"),
    "go-proxy": ("GOPROXY",),
    "gem-mirror": ("BUNDLE_MIRROR__ALL",),
    "maven-mirror": ("MAVEN_MIRROR_URL",),
}
"""property -> the variables by which the tools of languages read it."""

HOST_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
LOCAL_CERTIFICATES = "/usr/local/share/ca-certificates"
"""The directory of the certificates that update-ca-certificates(8) adds to the bundle."""


def bundle_of(stated: str) -> str:
    """The path of the bundle that builds get; empty for none."""
    if stated:
        return "" if stated == "none" else stated
    try:
        added = any(name.endswith(".crt") for _, _, names in os.walk(LOCAL_CERTIFICATES) for name in names)
    except OSError:
        added = False
    return HOST_BUNDLE if added and os.path.isfile(HOST_BUNDLE) else ""
