"""certbot, which manages accounts and orders. It runs as the system user, with directories below the state.

Its settings are in a file, so that no secret is on an argv: https://eff-certbot.readthedocs.io/en/stable/using.html
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from dokkupy_sdk import Host
from dokkupy_sdk.errors import Busy, HostError
from dokkupy_sdk.execute import stream
from dokkupy_sdk.failpoints import failpoint
from dokkupy_sdk.files import make_directory, scratch_directory, unwritable, write_atomic
from dokkupy_sdk.locks import Lock
from dokkupy_sdk.model import Certificate
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.tls import challenge_server
from dokkupy_sdk.values import dataclass

from dokkupy_letsencrypt.acme_errors import account_is_unknown, fault, not_written
from dokkupy_letsencrypt.certbot import lineage, logs
from dokkupy_letsencrypt.settings import HOOK, SETTINGS, directory_of
from dokkupy_letsencrypt.validation import dns

SECONDS = 300
"""Seconds for one order. An authority may check each name from several networks."""

FAREWELL = 20
"""Seconds that certbot has to remove its challenges when it is ended."""

WAIT = 1800
"""Seconds to wait for orders of other apps, because certbot runs only once at a time."""

NEEDED = 4 * 1024 * 1024
"""Free bytes that an order requires, mostly for certbot's log. They are checked first, because the authority counts an issued
certificate even if it cannot be stored."""

NEEDED_FILES = 64

NONCE = ("badNonce", "invalid anti-replay nonce")
TRIES = 5
"""Attempts of an order that fails because of a nonce, which only means that a request was late (RFC 8555, section 6.5)."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order. lineage: certbot's name for the certificate and its successors."""

    app: AppName
    names: tuple[Domain, ...]
    lineage: str


class Certbot:
    """certbot with its directories below the state: config (accounts, keys, certificates), work and logs."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.root = host.path("letsencrypt")
        self.config = os.path.join(self.root, "config")

    def program(self) -> str:
        path = os.path.join(os.path.dirname(sys.executable), "certbot")
        if not os.access(path, os.X_OK):
            raise HostError(
                f"certbot is missing from {os.path.dirname(path)}", hint="Install dokkupy-letsencrypt again."
            )
        return path

    def live(self, name: str) -> tuple[str, str]:
        """Paths of the newest chain and key."""
        return lineage.live(self.config, name)

    def issue(self, order: Order) -> tuple[bytes, bytes]:
        """(chain, key) of a new certificate. Raises HostError with the authority's message."""
        lines = {
            "cert-name": order.lineage,
            "domains": ",".join(order.names),
            "renew-with-new-domains": "true",
            "force-renewal": "true",
            **self.common(order.app),
        }
        with self.working(order.app):
            self.require_room(order.app)
            lineage.fix(self.config, order.lineage)
            self.run("certonly", lines, order.app)
            chain, key = self.live(order.lineage)
            return Path(chain).read_bytes(), Path(key).read_bytes()

    def revoke(self, app: AppName, files: Certificate, server: str) -> None:
        """Revoke a certificate with the authority that issued it. The certificate's own key authenticates the request."""
        lines = {
            "cert-path": files.chain,
            "key-path": files.key,
            "no-delete-after-revoke": "true",
            "server": server,
            "agree-tos": "true",
        }
        with self.working(app):
            try:
                self.run("revoke", lines, app)
            except HostError as error:
                # A command was killed before it had recorded this.
                if not any(re.search("already (been )?revoked", line, re.IGNORECASE) for line in error.details):
                    raise

    def forget(self, app: AppName) -> None:
        """Remove certbot's files of an app. Raises Busy if another order takes too long."""
        names = [name for name in lineage.names(self.config) if name.partition("@")[0] == app]
        if names:
            with self.working(app, wait=10):
                for name in names:
                    lineage.remove(self.config, name)

    def common(self, app: AppName) -> dict[str, str]:
        store = self.host.store
        found = {"server": directory_of(SETTINGS.get(store, app, "server")), "agree-tos": "true"}
        email = SETTINGS.get(store, app, "email")
        found |= {"email": email, "no-eff-email": "true"} if email else {"register-unsafely-without-email": "true"}
        found["key-type"] = SETTINGS.get(store, app, "key-type")
        for name in ("eab-kid", "eab-hmac-key"):
            value = SETTINGS.get(store, app, name)
            if value:
                found[name] = value
        return found

    @contextmanager
    def working(self, app: AppName, *, wait: float = WAIT) -> Iterator[None]:
        """Exclude every other certbot, including one whose dokkupy was killed."""
        lock = self.lock(f"certbot for {app}", wait=wait)
        try:
            self.wait_for_orphan()
            yield
        except OSError as error:
            if unwritable(error).hint:
                raise not_written(app, "" if error.filename else self.root, error) from error
            raise HostError(
                f"No certificate for {app}: {error.strerror or error}", hint="Check the host: dokkupy doctor"
            ) from error
        finally:
            lock.release()

    def lock(self, command: str, *, wait: float) -> Lock:
        return self.host.lock("certbot", wait=wait, command=command, what="The account at the certificate authority")

    def require_room(self, app: AppName) -> None:
        found = os.statvfs(self.root if os.path.isdir(self.root) else self.host.root)
        if found.f_bavail * found.f_frsize < NEEDED or (found.f_files and found.f_favail < NEEDED_FILES):
            raise not_written(app, self.root)

    def wait_for_orphan(self) -> None:
        """Wait for a certbot whose dokkupy was killed. The kernel has asked it to end, but it still uses its directories."""
        end = time.monotonic() + SECONDS + FAREWELL
        while self.locked():
            if time.monotonic() > end:
                raise Busy(
                    f"Another certbot is running on {self.root}", hint="Wait until it ends, or end that process."
                )
            time.sleep(0.1)

    def locked(self) -> bool:
        """Whether a certbot runs. Its lock is a record lock, which ends with its process; the file alone means nothing."""
        try:
            with open(os.path.join(self.config, ".certbot.lock"), "r+b") as file:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                return True
            raise
        return False

    def run(self, verb: str, lines: dict[str, str], app: AppName) -> None:
        bundle = SETTINGS.get(self.host.store, app, "ca-bundle")
        env = {"REQUESTS_CA_BUNDLE": bundle} if bundle else {}
        with scratch_directory(self.host.path("tmp", "certbot")) as directory:
            places = {
                "config": self.config,
                "work": os.path.join(self.root, "work"),
                "logs": os.path.join(directory, "logs"),
            }
            for path in places.values():
                make_directory(path)
            lines = {
                **lines,
                **{f"{name}-dir": path for name, path in places.items()},
                "non-interactive": "true",
                "no-random-sleep-on-renew": "true",
                "no-directory-hooks": "true",
                "max-log-backups": "0",
            }
            with self.answering(verb, app, directory) as answers:
                file = os.path.join(directory, "certbot.ini")
                text = "".join(f"{key} = {value}\n" for key, value in {**lines, **answers}.items())
                write_atomic(file, text.encode())
                failpoint(f"letsencrypt: before certbot {verb}")
                self.order(app, [self.program(), verb, "--config", file], env, places["logs"])
                failpoint(f"letsencrypt: after certbot {verb}")

    def order(self, app: AppName, words: list[str], env: dict[str, str], place: str) -> None:
        # If dokkupy is killed, timeout(1) forwards the kernel's signal, so that certbot can remove its challenges.
        patient = ["timeout", f"--kill-after={FAREWELL}", str(SECONDS), *words]
        secrets = self.secrets(app)
        for turn in range(TRIES):
            heard: list[str] = []
            status = stream(patient, heard.append, env=env)
            printed, log = (logs.redacted(text, secrets) for text in ("\n".join(heard), logs.read(place)))
            logs.keep(log, os.path.join(self.root, "logs"), f"{words[1]}-{app}-{turn}")
            if status == 0:
                return
            if turn == 0 and account_is_unknown(printed, log) and self.forget_account(app):
                continue
            if turn + 1 == TRIES or not any(word in printed for word in NONCE):
                raise fault(app, printed, log, status, now=datetime.now(UTC))

    def secrets(self, app: AppName) -> list[str]:
        """The secret settings of certbot."""
        pairs = credentials(SETTINGS.get(self.host.store, app, "dns-credentials")).split("\n")
        return [SETTINGS.get(self.host.store, app, "eab-hmac-key"), *(pair.partition("=")[2].strip() for pair in pairs)]

    def forget_account(self, app: AppName) -> bool:
        """Remove an account that the authority no longer knows, so that the next attempt registers a new one."""
        from urllib.parse import urlsplit

        accounts = os.path.join(self.config, "accounts")
        address = urlsplit(directory_of(SETTINGS.get(self.host.store, app, "server")))
        place = os.path.join(accounts, address.netloc, address.path.strip("/"))
        if not os.path.realpath(place).startswith(os.path.realpath(accounts) + "/") or not os.path.isdir(place):
            return False
        self.host.out.warn(f"{address.netloc} does not know this host's account any more: registering a new one")
        shutil.rmtree(place)
        return True

    @contextmanager
    def answering(self, verb: str, app: AppName, directory: str) -> Iterator[dict[str, str]]:
        """The settings for the authority's challenges."""
        if verb != "certonly":
            yield {}
            return
        provider = SETTINGS.get(self.host.store, app, "dns-provider")
        if provider in ("", "none"):
            place = webroot(challenge_server(self.host, app).directory())
            yield {"authenticator": "webroot", "webroot-path": place, "preferred-challenges": "http"}
        elif provider == HOOK:
            with dns.answering(self.host, app, directory) as lines:
                yield lines
        else:
            file = os.path.join(directory, "credentials.ini")
            write_atomic(file, credentials(SETTINGS.get(self.host.store, app, "dns-credentials")).encode())
            yield {"authenticator": f"dns-{provider}", f"dns-{provider}-credentials": file}


def credentials(text: str) -> str:
    """`key=value` pairs, separated by commas, in the form for certbot's DNS plugins: one per line."""
    return "".join(f"{pair.strip()}\n" for pair in text.split(",") if pair.strip())


def webroot(challenges: str) -> str:
    """certbot writes to `.well-known/acme-challenge` below its webroot, which is therefore a link to the proxy's directory."""
    root = os.path.join(challenges, ".root")
    inner = os.path.join(root, ".well-known")
    make_directory(inner, 0o755)
    link = os.path.join(inner, "acme-challenge")
    if not os.path.islink(link):
        os.symlink(challenges, link)
    return root
