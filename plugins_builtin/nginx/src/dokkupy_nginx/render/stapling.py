"""Which certificates have an OCSP responder, and the files by which nginx verifies its responses.

nginx connects to the address in a certificate, so the certificate must come from an authority that this host trusts. A
file is named by its chain and the trusted authorities, so that the result is computed only once. Most certificates have
no responder (Let's Encrypt's since 2025), which their bytes show without a library.
"""

from __future__ import annotations

import hashlib
import os
import re

from dokkupy_certs.x509 import BUNDLE, may_have_responder, responder
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.files import make_directory, write_atomic

from dokkupy_nginx.inspect.input_files import sorted_confs
from dokkupy_nginx.render.tls import stapling_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dokkupy_sdk.model import Certificate

    from dokkupy_nginx.layout import Layout

OWN_WORDS = re.compile(rb"^\s*(?:ssl_stapling|ssl_trusted_certificate|resolver)\b", re.MULTILINE)
"""Directives that nginx accepts only once, so that a file of the host's own overrides these lines."""


def staples(
    layout: Layout, certificates: Iterable[Certificate], snippets: Iterable[str]
) -> Mapping[Certificate, tuple[str, ...]]:
    """The lines for certificates with a responder. snippets: paths of the host's own files for the app."""
    found: dict[Certificate, tuple[str, ...]] = {}
    for one in certificates:
        path = authorities_of(layout, one)
        if path:
            found[one] = tuple(stapling_lines(path, resolvers(layout), ipv6=layout.ipv6))
    return {} if found and any(OWN_WORDS.search(read(path)) for path in snippets) else found


def authorities_of(layout: Layout, certificate: Certificate) -> str:
    """The file of the authorities above the certificate; empty if it has no responder that may be contacted."""
    chain = read(certificate.chain)
    if not may_have_responder(chain):
        return ""
    bundle = read(layout.on_system(BUNDLE))
    path = os.path.join(layout.ocsp, f"{hashlib.sha256(bundle + chain).hexdigest()[:32]}.pem")
    if not os.path.exists(path):
        try:
            known = responder(chain, bundle)
        except UserError:  # nginx itself will report the fault
            known = None
        make_directory(layout.ocsp, 0o750)
        write_atomic(path, known[1] if known else b"", mode=0o640)
        for one in (layout.ocsp, path):
            layout.hand_over(one)
    return path if os.path.getsize(path) else ""


def resolvers(layout: Layout) -> list[str]:
    """The host's name servers in nginx's notation, without addresses of an interface (`fe80::1%eth0`), which nginx does
    not support."""
    found = re.findall(
        rb"^nameserver[ \t]+([0-9A-Fa-f.:]+)[ \t]*$", read(layout.on_system("/etc/resolv.conf")), re.MULTILINE
    )
    return [f"[{one}]" if ":" in one else one for one in (word.decode() for word in found)]


def sweep(layout: Layout, directory: str, texts: Iterable[str]) -> None:
    """Remove the files in a directory that neither these texts nor quarantined files refer to."""
    aside = [read(os.path.join(layout.quarantine, name)).decode() for name in sorted_confs(layout.quarantine)]
    text = "".join([*texts, *aside])
    for name in os.listdir(directory):
        if name not in text:
            os.unlink(os.path.join(directory, name))


def read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
