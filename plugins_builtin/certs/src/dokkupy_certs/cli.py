"""`certs:*` (reference, section 1.6)."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime

from dokkupy_apps.desired.domains import add_domains, domains_of
from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.access import check_access
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host, Opt
from dokkupy_sdk.errors import NotFound, UserError
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.settings import Settings

from dokkupy_certs import bundle, make
from dokkupy_certs.certificates import (
    BY_HAND,
    StoredCertificate,
    changing,
    choose,
    files_of,
    install,
    roll_back,
    slot_of,
    slots,
    trusted_bundle,
    uncovered,
)
from dokkupy_certs.certificates import remove as empty
from dokkupy_certs.expiry import days_left, level_of, validity
from dokkupy_certs.x509 import covers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_certs.x509 import Pair

group = Group("certs", "Manage the certificates of apps")

App = Annotated[AppName, Arg("app")]
Crt = Annotated[str, Arg("CRT", "Certificate with its chain, a file on the server")]
Key = Annotated[str, Arg("KEY", "Its key; without both files, a tar archive is read from standard input")]


def given(host: Host, app: AppName, crt: str, key: str) -> Pair:
    """Read the user's certificate. Refuses only what can never be served. Chains from a private authority, and incomplete
    ones that clients can complete, are accepted."""
    from dokkupy_sdk.users import as_caller

    from dokkupy_certs.x509 import read_pair

    pair = as_caller(host, lambda: read_given(host, app, crt, key))
    return read_pair(*pair, bundle=trusted_bundle(), incomplete=True)


def read_given(host: Host, app: AppName, crt: str, key: str) -> tuple[bytes, bytes]:
    host.store.require_app(app)
    if bool(crt) != bool(key):
        raise UserError("Give both files: the certificate and its key", hint="certs:add APP CRT KEY")
    if crt and host.who.startswith("key:"):
        # A key that may push an app may not read the server's files.
        raise UserError("Over SSH, send the certificate on standard input", hint=bundle.HINT)
    return (read_file(crt), read_file(key)) if crt else bundle.from_tar(sys.stdin.buffer)


def read_file(path: str) -> bytes:
    from dokkupy_certs.x509 import LARGEST

    try:
        with open(path, "rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise UserError(
            f"{path[:120]!r} cannot be read: {error.strerror}",
            hint="Check the path, or pass a tar archive on standard input: tar c server.crt server.key | ... certs:add APP",
        ) from None


def store(
    host: Host, verb: str, app: AppName, pair: Pair, *, origin: str = "file", adding: tuple[Domain, ...] = ()
) -> CommandResult:
    """adding: domains that the app gets at the same time."""
    host.store.require_app(app)
    names = pair.facts.names
    lost = losing(host, app, names)
    with changing(host, verb, app) as tx:
        if adding:
            add_domains(tx, app, adding)
        one = install(tx, app, pair, slot=BY_HAND, origin=origin)
    left = uncovered(host, app, names)
    covered = [domain for domain in domains_of(host, app) if domain not in left and domain != "_"]
    if left:
        host.out.warn(
            f"The certificate covers {', '.join(names[:5])}; these names stay without TLS: {', '.join(left[:5])}"
        )
    lost = [domain for domain in lost if domain in left]
    if lost:
        host.out.warn(
            f"{', '.join(lost[:5])} had TLS until now; to go back to the previous certificate: certs:rollback {app}"
        )
    if pair.flaw and not pair.facts.self_signed:
        host.out.warn(pair.flaw)
    if level_of(days_left(one, datetime.now(UTC))) != "ok":
        host.out.warn(f"It ends soon, at {one.not_after[:16].replace('T', ' ')} UTC: get a new one in time")
    served = f"is served until {one.not_after[:10]}"
    host.out.header(
        f"Certificate for {', '.join(names[:5])} "
        + (served if covered else f"is stored, and is served once the app has such a domain: domains:add {app} NAME")
    )
    return CommandResult(facts(host, app, one))


def losing(host: Host, app: AppName, names: tuple[str, ...]) -> list[Domain]:
    """The app's domains that would lose TLS with a certificate for these names."""
    slot = slot_of(host, app, BY_HAND)
    served = [domain for domain in domains_of(host, app) if slot and covers(slot.current.names, domain)]
    return [domain for domain in served if not covers(names, domain)]


@group.command("add", permission="app:write", mutating=True, keeps_root=True)
def add(host: Host, app: App, crt: Crt = "", key: Key = "") -> CommandResult:
    """Serve the app with TLS, with a certificate and key: two files on the server, or a tar on standard input.

    certs:add blog server.crt server.key
    certs:add blog < certificate.tar
    """
    return store(host, "certs:add", app, given(host, app, crt, key))


@group.command("update", permission="app:write", mutating=True, keeps_root=True)
def update(host: Host, app: App, crt: Crt = "", key: Key = "") -> CommandResult:
    """Replace the certificate; the one before it is kept for certs:rollback.

    certs:update blog server.crt server.key
    certs:update blog < certificate.tar
    """
    return store(host, "certs:update", app, given(host, app, crt, key))


@group.command("generate", permission="app:write", mutating=True)
def generate(host: Host, app: App, domain: Annotated[Domain, Arg("DOMAIN")]) -> CommandResult:
    """Create a key and a self-signed certificate for a domain, and add the domain; `certs:show APP csr` prints the signing request.

    certs:generate blog blog.example.com
    """
    from dokkupy_certs.self_signed import key_and_certificate
    from dokkupy_certs.x509 import read_pair

    host.store.require_app(app)
    if domain == "_":
        raise UserError(
            "A certificate covers names, and `_` is not one",
            hint=f"Give a domain: certs:generate {app} www.example.com",
        )
    pair = read_pair(*key_and_certificate([domain]))
    return store(host, "certs:generate", app, pair, origin="generated", adding=(domain,))


def require_certificate(host: Host, app: AppName) -> StoredCertificate:
    """The app's own certificate, else any other."""
    host.store.require_app(app)
    slot = slot_of(host, app, BY_HAND)
    one = slot.current if slot else choose(host, app, None)
    if one is None:
        raise NotFound(f"An app-specific SSL endpoint is not defined for {app}", hint=f"certs:add {app} CRT KEY")
    return one


@group.command("remove", permission="app:write", mutating=True)
def remove(host: Host, app: App) -> CommandResult:
    """Remove the certificate; the app is served without TLS, or with the certificate of an authority if it has one."""
    host.store.require_app(app)
    if slot_of(host, app, BY_HAND) is None:
        others = ", ".join(slot.current.origin for slot in slots(host, app))
        hint = f"Its certificate is managed by: {others}" if others else ""
        raise NotFound(f"An app-specific SSL endpoint is not defined for {app}", hint=hint)
    with changing(host, "certs:remove", app, takes_away=True) as tx:
        empty(tx, app, BY_HAND)
    host.out.header(f"Removed the certificate of {app}")
    return CommandResult({"app": app})


@group.command("rollback", permission="app:write", mutating=True)
def rollback(
    host: Host,
    app: App,
    *,
    force: Annotated[bool, Opt("--force", help="Go back even if the previous certificate has expired")] = False,
) -> CommandResult:
    """Go back to the previous certificate."""
    host.store.require_app(app)
    check_not_expired(host, app, force=force)
    with changing(host, "certs:rollback", app) as tx:
        one = roll_back(tx, app, BY_HAND)
    host.out.header(f"Certificate for {', '.join(one.names[:5])} is served until {one.not_after[:10]}")
    return CommandResult(facts(host, app, one))


def check_not_expired(host: Host, app: AppName, *, force: bool) -> None:
    """Refuse a rollback to an expired certificate, which clients would refuse."""
    slot = slot_of(host, app, BY_HAND)
    if slot is None or slot.previous is None:
        return  # the roll back itself says so
    days = days_left(slot.previous, datetime.now(UTC))
    words = f"The certificate before this one for {', '.join(slot.previous.names[:5])} {validity(days)}"
    if days < 0 and not force:
        raise UserError(
            words, code="bad_certificate", hint=f"Replace it: certs:update {app} CRT KEY; to serve it anyway: --force"
        )
    if level_of(days) != "ok":
        host.out.warn(words)


@group.command("show", permission="app:read", formats=False)
def show(
    host: Host, app: App, what: Annotated[str, Arg("crt|key|csr", complete=("crt", "key", "csr"))]
) -> CommandResult:
    """Print the certificate with its chain, its key, or a signing request for its key and names."""
    host.store.require_app(app)
    if what not in ("crt", "key", "csr"):
        raise UserError(f"{what[:40]!r} is not crt, key or csr")
    one = require_certificate(host, app)
    if what == "key":
        check_access(host, "app:admin", app)
    place = files_of(host, app, one)
    if what == "csr":
        return CommandResult(raw=make.request(read_file(place.key), one.names))
    return CommandResult(raw=read_file(place.chain if what == "crt" else place.key))


@group.command("chain", permission="app:read")
def chain(host: Host, app: App) -> CommandResult:
    """Print the certificate's issuer, one authority per line."""
    from dokkupy_certs.x509 import facts_of, read_chain

    found = [facts_of(one) for one in read_chain(read_file(files_of(host, app, require_certificate(host, app)).chain))]
    rows = [
        {
            "subject": one.subject,
            "issuer": one.issuer,
            "starts-at": iso(one.not_before.isoformat()),
            "expires-at": iso(one.not_after.isoformat()),
            "key": one.key,
            "fingerprint": one.id,
        }
        for one in found
    ]
    return CommandResult(
        rows, [f"{row['subject']}  by {row['issuer']}  until {row['expires-at'][:10]}" for row in rows]
    )


@group.command("key", permission="app:read")
def key(host: Host, app: App) -> CommandResult:
    """Show the type of the certificate's key and whether the stored key belongs to it; `certs:show` prints the key."""
    from dokkupy_certs.x509 import read_pair

    one = require_certificate(host, app)
    place = files_of(host, app, one)
    read_pair(read_file(place.chain), read_file(place.key), incomplete=True)
    mode = f"{os.stat(place.key).st_mode & 0o777:04o}"
    row = {"key": one.key, "matches": "true", "mode": mode, "fingerprint": one.id}
    return CommandResult(row, [f"{one.key}; it belongs to the certificate {one.id[:16]}; file mode {mode}"])


def iso(text: str) -> str:
    return text.replace("+00:00", "Z")


def facts(host: Host, app: AppName, one: StoredCertificate | None) -> dict[str, str]:
    """The report's keys without their prefix."""
    verified = "" if one is None else "verified by a certificate authority" if one.trusted else "self signed"
    return {
        "dir": os.path.dirname(files_of(host, app, one).chain) if one else "",
        "enabled": "true" if one else "false",
        "expires-at": iso(one.not_after) if one else "",
        "fingerprint": one.id if one else "",
        "hostnames": " ".join(one.names) if one else "",
        "issuer": one.issuer if one else "",
        "key": one.key if one else "",
        "origin": one.origin if one else "",
        "previous": has_previous(host, app),
        "starts-at": iso(one.not_before) if one else "",
        "subject": one.subject if one else "",
        "verified": verified,
    }


BEYOND = ("fingerprint", "key", "origin", "previous")


def has_previous(host: Host, app: AppName) -> str:
    slot = slot_of(host, app, BY_HAND)
    return slot.previous.id if slot and slot.previous else ""


def extra(host: Host, app: AppName | None) -> dict[str, str]:
    if app is None:
        return {}
    slot = slot_of(host, app, BY_HAND)
    return facts(host, app, slot.current if slot else choose(host, app, None))


add_property_commands(group, Settings("certs"), extra=extra, prefix="ssl", title="ssl", beyond=BEYOND)
