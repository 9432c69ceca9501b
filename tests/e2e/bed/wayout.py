"""How this machine reaches package registries, so that the machines inside it can reach them in the same way.

A company's machine has its own certificate authority, proxy and package index. This configuration is read at run time
and copied to the bed's images. None of it is stored in this repository.
"""

from __future__ import annotations

import configparser
import io
import os
import tarfile
from pathlib import Path

from bed.engine import run

CERTIFICATES = Path("/usr/local/share/ca-certificates")
#: Variables that are passed on. Paths of certificate bundles are left out, because in the machines the system's own
#: bundle contains the CA.
VARIABLES = (
    "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
    "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT",
)


def environment() -> dict[str, str]:
    """The variables that configure this machine's package clients."""
    return {name: os.environ[name] for name in VARIABLES if os.environ.get(name)}


def files() -> dict[str, bytes]:
    """Path (without the leading slash) -> content of the files to copy to a fresh machine."""
    found = {
        f"{CERTIFICATES.relative_to('/')}/{certificate.name}": certificate.read_bytes()
        for certificate in sorted(CERTIFICATES.glob("*.crt"))
    }
    if proxies := _apt_proxies():
        found["etc/apt/apt.conf.d/80-way-out"] = proxies
    if pip := _pip_configuration():
        found["etc/pip.conf"] = pip
    return found


def archive(extra: dict[str, bytes] | None = None) -> bytes:
    """`files()` as a tar stream that is always the same for the same content."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in sorted({**files(), **(extra or {})}.items()):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            member.mode = 0o644
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def _apt_proxies() -> bytes:
    lines = run(["apt-config", "dump"], check=False).stdout.splitlines()
    return "".join(f"{line}\n" for line in lines if line.startswith("Acquire::") and "proxy" in line.lower()).encode()


def _pip_configuration() -> bytes:
    """pip's machine-wide configuration without its certificate bundle, because the installer must find that itself."""
    parser = configparser.RawConfigParser()
    parser.read("/etc/pip.conf")
    for section in parser.sections():
        parser.remove_option(section, "cert")
    if not any(parser.options(section) for section in parser.sections()):
        return b""
    text = io.StringIO()
    parser.write(text)
    return text.getvalue().encode()
