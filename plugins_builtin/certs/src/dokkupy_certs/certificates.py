"""Stores an app's certificates. A new one is validated before it replaces another, and verified afterwards.

An app has slots: `app` for what was given by hand, others for what issuers bring. Each has a current certificate and
the one before it, for a way back. Files are `apps/APP/tls/ID/{chain,key}.pem`, never changed once written; the table
`apps/APP/certs.toml` says which of them count. The slot that was filled first after having been empty comes last.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from dokkupy_apps.desired.domains import domains_of
from dokkupy_apps.releases.serving import is_deployed
from dokkupy_apps.routing.routes import stored_route
from dokkupy_apps.routing.traffic import rerouting
from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError, UserError
from dokkupy_sdk.files import make_directory, unwritable, write_atomic
from dokkupy_sdk.model import Certificate
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.operation import Transaction, call
from dokkupy_sdk.records import Record
from dokkupy_sdk.tls import tls_probe
from dokkupy_sdk.values import dataclass, replace

from dokkupy_certs.x509 import BUNDLE, Pair, covers

BY_HAND = "app"
"""The slot of `certs:*`."""


@dataclass(frozen=True, slots=True)
class StoredCertificate:
    """A certificate of an app. origin: who added it. The rest as in `dokkupy_certs.x509.Facts`, with times in ISO 8601."""

    id: str
    origin: str
    names: tuple[str, ...]
    not_before: str
    not_after: str
    issuer: str
    subject: str
    key: str
    trusted: bool


@dataclass(frozen=True, slots=True)
class Slot:
    """previous: None if there is no certificate to roll back to."""

    name: str
    current: StoredCertificate
    previous: StoredCertificate | None = None


class CertificatesFile(Record, file="apps/*/certs"):
    """An app's slots, in the order in which they are searched for a name."""

    slots: tuple[Slot, ...] = ()


def slots(host: Host, app: AppName) -> list[Slot]:
    """The slots in the order in which they are searched for a name."""
    return list(host.store.load(CertificatesFile, app).slots)


def slot_of(host: Host, app: AppName, name: str) -> Slot | None:
    return next((slot for slot in slots(host, app) if slot.name == name), None)


def place(host: Host, app: AppName, identifier: str) -> str:
    return os.path.join(host.store.directory("apps", app), "tls", identifier[:32])


def files_of(host: Host, app: AppName, one: StoredCertificate) -> Certificate:
    directory = place(host, app, one.id)
    return Certificate(os.path.join(directory, "chain.pem"), os.path.join(directory, "key.pem"))


def choose(host: Host, app: AppName, domain: Domain | None) -> StoredCertificate | None:
    """The first certificate that covers a name. name: None for an app without names, or for any."""
    for slot in slots(host, app):
        if domain is None or domain == "_" or covers(slot.current.names, domain):
            return slot.current
    return None


def uncovered(host: Host, app: AppName, names: tuple[str, ...]) -> list[Domain]:
    """The app's domains that these names do not cover."""
    return [domain for domain in domains_of(host, app) if domain != "_" and not covers(names, domain)]


def trusted_bundle() -> bytes:
    try:
        with open(BUNDLE, "rb") as file:
            return file.read()
    except OSError:
        return b""


@contextmanager
def changing(host: Host, verb: str, app: AppName, *, takes_away: bool = False) -> Iterator[Transaction]:
    """An operation that changes an app's certificates; the proxy follows, and what it serves is looked at. When that is
    not what the state says, all of it is undone (takes_away: but where the proxy refused the app before). Afterwards the files of those that no slot names any more go."""
    with rerouting(host, verb, app, check=partial(check_served, host, app), takes_away=takes_away) as tx:
        yield tx
    host.act("remove the files of certificates that are no longer kept", partial(sweep, host, app))


def install(tx: Transaction, app: AppName, pair: Pair, *, slot: str, origin: str) -> StoredCertificate:
    """Put a certificate into a slot. The old one is kept for a rollback."""
    host, facts = tx.host, pair.facts
    one = StoredCertificate(
        id=facts.id,
        origin=origin,
        names=facts.names,
        not_before=facts.not_before.isoformat(),
        not_after=facts.not_after.isoformat(),
        issuer=facts.issuer,
        subject=facts.subject,
        key=facts.key,
        trusted=pair.trusted,
    )
    before = slot_of(host, app, slot)
    if not os.path.isdir(place(host, app, one.id)):
        tx.step(
            "store the certificate",
            partial(write_files, host, app, one.id, pair),
            undo=call(remove_files, app=app, identifier=one.id),
        )
    if before is not None and before.current.id == one.id:
        put(tx, app, replace(before, current=one))
    else:
        put(tx, app, Slot(slot, one, before.current if before else None))
    return one


def roll_back(tx: Transaction, app: AppName, slot: str) -> StoredCertificate:
    """Exchange the current and the previous certificate."""
    found = slot_of(tx.host, app, slot)
    if found is None or found.previous is None:
        raise UserError(
            f"{app} has no previous certificate to go back to", hint=f"Add one instead: certs:add {app} CRT KEY"
        )
    put(tx, app, Slot(slot, found.previous, found.current))
    return found.previous


def remove(tx: Transaction, app: AppName, slot: str) -> None:
    """Empty a slot."""
    write(tx, app, [one for one in slots(tx.host, app) if one.name != slot])


def put(tx: Transaction, app: AppName, slot: Slot) -> None:
    found = slots(tx.host, app)
    if any(one.name == slot.name for one in found):
        write(tx, app, [slot if one.name == slot.name else one for one in found])
    else:
        write(tx, app, [slot, *found])


def write(tx: Transaction, app: AppName, found: list[Slot]) -> None:
    if found:
        tx.save(CertificatesFile(slots=tuple(found)), app)
    else:
        tx.remove(CertificatesFile, app)


# files


def write_files(host: Host, app: AppName, identifier: str, pair: Pair) -> None:
    """Write all files or none, because the directory gets its name last."""
    target = place(host, app, identifier)
    draft = draft_of(target)
    shutil.rmtree(draft, ignore_errors=True)
    try:
        make_directory(draft)
        write_atomic(os.path.join(draft, "chain.pem"), pair.chain)
        write_atomic(os.path.join(draft, "key.pem"), pair.key)
        os.rename(draft, target)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise unwritable(error, "The certificate") from error


def draft_of(target: str) -> str:
    return f"{target}.new"


def remove_files(host: Host, *, app: str, identifier: str) -> None:
    """Undo `write_files`, but only for files that no slot refers to."""
    name = AppName(app)
    if not any(identifier == one.id for slot in slots(host, name) for one in (slot.current, slot.previous) if one):
        shutil.rmtree(place(host, name, identifier), ignore_errors=True)
    shutil.rmtree(draft_of(place(host, name, identifier)), ignore_errors=True)


def sweep(host: Host, app: AppName) -> None:
    """Remove the files of certificates that no slot refers to. Call it after an operation, never inside one."""
    for path in orphans(host, app):
        shutil.rmtree(path, ignore_errors=True)


def orphans(host: Host, app: AppName) -> list[str]:
    """Directories that no slot refers to: of replaced certificates, and partial ones of a killed process."""
    used = {place(host, app, one.id) for slot in slots(host, app) for one in (slot.current, slot.previous) if one}
    directory = os.path.join(host.store.directory("apps", app), "tls")
    try:
        entries = os.listdir(directory)
    except FileNotFoundError:
        return []
    return [path for path in (os.path.join(directory, entry) for entry in entries) if path not in used]


# verification


def check_served(host: Host, app: AppName) -> None:
    """Verify the certificate of each of the app's names by a handshake. Raises HostError if the proxy serves another."""
    for domain, number, expected in expectations(host, app):
        served = tls_probe(host, app).served(app, domain, number)
        if served != expected.id:
            what = f"another ({served[:16]})" if served else "none"
            raise HostError(
                f"The proxy should serve the certificate {expected.id[:16]} for {domain} on port {number}, but serves {what}",
                hint="Check whether another program or site uses this port: dokkupy doctor; dokkupy "
                "nginx:show-config " + app,
                code="not_served",
            )


def expectations(host: Host, app: AppName) -> list[tuple[Domain, int, StoredCertificate]]:
    """(name, port, certificate) that the proxy should serve now."""
    if not is_deployed(host, app):
        return []
    route = stored_route(host, app)
    if not host.proxy(app).show(app):
        return []
    ports = [port.host for port in route.ports if port.scheme in ("https", "grpcs")]
    found = []
    for domain in route.domains:
        one = choose(host, app, domain)
        if one is not None and domain != "_":
            found += [(domain, port, one) for port in ports]
    return found


def handshake(address: str, port: int, name: str, *, timeout: float = 5.0) -> str:
    """SHA-256 in hex of the certificate that a server shows for a name; empty when there is no handshake.

    A wildcard is asked for by a name that it covers.
    """
    import hashlib
    import socket
    import ssl

    from dokkupy_sdk.reach import asked_name

    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # it is compared, not trusted
    try:
        with socket.create_connection((address, port), timeout=timeout) as raw:
            with context.wrap_socket(raw, server_hostname=asked_name(name, address)) as secure:
                der = secure.getpeercert(binary_form=True)
    except OSError:
        return ""
    return hashlib.sha256(der).hexdigest() if der else ""
