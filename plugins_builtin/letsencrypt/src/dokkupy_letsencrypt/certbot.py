"""certbot, which has the accounts, the orders and the patience; run as the system user, on directories of ours.

What it is told stands in a file, so that no secret is on an argv: https://eff-certbot.readthedocs.io/en/stable/using.html
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostFault, UserError
from dokkupy_sdk.execute import execute
from dokkupy_sdk.files import make_directory, scratch_directory, write_atomic
from dokkupy_sdk.locks import take
from dokkupy_sdk.names import AppName, Domain

from dokkupy_letsencrypt import dns
from dokkupy_letsencrypt.settings import HOOK, SETTINGS, directory_of

SECONDS = 300
"""Of one order; an authority may look at each name from several places."""

WAIT = 1800
"""Seconds for which one order waits for those of other apps: certbot does one at a time."""

UNKNOWN_ACCOUNT = r"accountDoesNotExist|account .*(does not exist|not found|expired|deactivated|revoked)|Unable to validate JWS|unable to find account"

NONCE = ("badNonce", "invalid anti-replay nonce")
TRIES = 5
"""Of an order that failed by a nonce, which is no more than a request that came late (RFC 8555, section 6.5)."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for. renew: also when certbot thinks that what it has is good for long enough."""

    app: AppName
    names: tuple[Domain, ...]
    renew: bool = True


class Certbot:
    """Its directories below the state: config (accounts, keys, certificates), work and logs."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.root = host.path("letsencrypt")

    def program(self) -> str:
        path = os.path.join(os.path.dirname(sys.executable), "certbot")
        if not os.access(path, os.X_OK):
            raise HostFault(
                f"certbot is missing from {os.path.dirname(path)}", hint="Install dokkupy-letsencrypt again."
            )
        return path

    def live(self, app: AppName) -> tuple[str, str]:
        """Paths of the chain and the key that certbot got last."""
        place = os.path.join(self.root, "config", "live", app)
        return os.path.join(place, "fullchain.pem"), os.path.join(place, "privkey.pem")

    def issue(self, order: Order) -> tuple[bytes, bytes]:
        """(chain, key) of a new certificate. Raises HostFault with the authority's words."""
        lines = {
            "cert-name": str(order.app), "domains": ",".join(order.names), "renew-with-new-domains": "true",
            **({"force-renewal": "true"} if order.renew else {"keep-until-expiring": "true"}),
            **self.common(order.app),
        }  # fmt: skip
        self.run("certonly", lines, order.app)
        chain, key = self.live(order.app)
        return Path(chain).read_bytes(), Path(key).read_bytes()

    def revoke(self, app: AppName) -> None:
        """Raises UserError when there is nothing to be revoked."""
        if not os.path.exists(self.live(app)[0]):
            raise UserError(f"{app} has no certificate of an authority")
        self.run(
            "revoke", {"cert-name": str(app), "delete-after-revoke": "true", **self.common(app, account=False)}, app
        )

    def forget(self, app: AppName) -> None:
        """Remove what certbot keeps of an app."""
        if os.path.exists(os.path.join(self.root, "config", "renewal", f"{app}.conf")):
            self.run("delete", {"cert-name": str(app)}, app)

    def common(self, app: AppName, *, account: bool = True) -> dict[str, str]:
        store = self.host.store
        found = {"server": directory_of(SETTINGS.get(store, app, "server")), "agree-tos": "true"}
        if not account:
            return found
        email = SETTINGS.get(store, app, "email")
        found |= {"email": email, "no-eff-email": "true"} if email else {"register-unsafely-without-email": "true"}
        found["key-type"] = SETTINGS.get(store, app, "key-type")
        for name in ("eab-kid", "eab-hmac-key"):
            value = SETTINGS.get(store, app, name)
            if value:
                found[name] = value
        return found

    def run(self, verb: str, lines: dict[str, str], app: AppName) -> None:
        directories = {name: os.path.join(self.root, name) for name in ("config", "work", "logs")}
        for path in directories.values():
            make_directory(path)
        lines = {**lines, **{f"{name}-dir": path for name, path in directories.items()}, "non-interactive": "true",
                 "no-random-sleep-on-renew": "true", "no-directory-hooks": "true", "max-log-backups": "20"}  # fmt: skip
        bundle = SETTINGS.get(self.host.store, app, "ca-bundle")
        env = {"REQUESTS_CA_BUNDLE": bundle} if bundle else {}
        owner = {"command": f"certbot for {app}", "pid": os.getpid()}
        lease = take(self.host.root, "certbot", owner=owner, wait=WAIT)
        try:
            with scratch_directory(self.host.path("tmp", "certbot")) as directory:
                with self.answering(verb, app, directory) as answers:
                    file = os.path.join(directory, "certbot.ini")
                    text = "".join(f"{key} = {value}\n" for key, value in {**lines, **answers}.items())
                    write_atomic(file, text.encode())
                    self.order(app, [self.program(), verb, "--config", file], env)
        finally:
            lease.release()

    def order(self, app: AppName, words: list[str], env: dict[str, str]) -> None:
        for turn in range(TRIES):
            done = execute(words, check=False, timeout=SECONDS, env=env)
            if done.ok:
                return
            said = done.stdout + done.stderr
            if turn == 0 and re.search(UNKNOWN_ACCOUNT, said, re.IGNORECASE) and self.forget_account(app):
                continue
            if turn + 1 == TRIES or not any(word in said for word in NONCE):
                raise fault(app, said)

    def forget_account(self, app: AppName) -> bool:
        """An account that the authority does not know any more is of no use: the next try makes a new one."""
        from urllib.parse import urlsplit

        accounts = os.path.join(self.root, "config", "accounts")
        address = urlsplit(directory_of(SETTINGS.get(self.host.store, app, "server")))
        place = os.path.join(accounts, address.netloc, address.path.strip("/"))
        if not os.path.realpath(place).startswith(os.path.realpath(accounts) + "/") or not os.path.isdir(place):
            return False
        self.host.out.warn(f"{address.netloc} does not know our account any more: making a new one")
        shutil.rmtree(place)
        return True

    @contextmanager
    def answering(self, verb: str, app: AppName, directory: str) -> Iterator[dict[str, str]]:
        """Settings that say how the authority's questions are answered."""
        if verb != "certonly":
            yield {}
            return
        provider = SETTINGS.get(self.host.store, app, "dns-provider")
        if provider in ("", "none"):
            place = webroot(self.host.proxy(app).challenges())
            yield {"authenticator": "webroot", "webroot-path": place, "preferred-challenges": "http"}
        elif provider == HOOK:
            with dns.answering(self.host, app, directory) as lines:
                yield lines
        else:
            file = os.path.join(directory, "credentials.ini")
            write_atomic(file, credentials(SETTINGS.get(self.host.store, app, "dns-credentials")).encode())
            yield {"authenticator": f"dns-{provider}", f"dns-{provider}-credentials": file}


def credentials(text: str) -> str:
    """`key=value` pairs with commas as certbot's DNS plugins read them, a line each."""
    return "".join(f"{pair.strip()}\n" for pair in text.split(",") if pair.strip())


def webroot(challenges: str) -> str:
    """certbot puts `.well-known/acme-challenge` below its webroot: our directory is that, by a link."""
    root = os.path.join(challenges, ".root")
    inner = os.path.join(root, ".well-known")
    make_directory(inner, 0o755)
    link = os.path.join(inner, "acme-challenge")
    if not os.path.islink(link):
        os.symlink(challenges, link)
    return root


def fault(app: AppName, said: str) -> HostFault:
    """The authority's own words, and what to do about them."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("Saving debug log", "Ask for help", "See the logfile"))]
    text = " ".join(lines)
    for pattern, reason, hint in REASONS:
        if re.search(pattern, text, re.IGNORECASE):
            return HostFault(f"No certificate for {app}: {reason}", details=tuple(lines[-12:]), hint=hint, code="acme")
    return HostFault(
        f"No certificate for {app}: the authority or certbot refused", details=tuple(lines[-12:]), code="acme",
        hint="The reason is above; what is served stays as it is.",
    )  # fmt: skip


REASONS = (
    (r"dns-[\w-]+ plugin does not appear to be installed|unrecognized arguments: --dns-", "certbot does not have this DNS plugin",
     "Install it: dokkupy plugin:install certbot-dns-PROVIDER; or letsencrypt:set APP dns-provider hook"),
    (r"no plugin answers for the DNS", "no plugin of this host can write into the domain's DNS",
     "Install one with the hook dns_challenge, or use one of certbot's: letsencrypt:set APP dns-provider cloudflare"),
    (r"rateLimited|too many (certificates|requests|failed)", "the authority's rate limit is reached",
     "Wait as it says. To try things out: letsencrypt:set --global server staging"),
    (r"caa", "the domain's CAA record does not allow this authority", "Add the authority to the CAA record."),
    (r"NXDOMAIN|no valid (A|IP)|DNS problem", "a name is not in the DNS",
     "Make it point to this host, or take it off the app: domains:remove"),
    (r"(unauthorized|Invalid response)", "another server answers for a name",
     "Make its DNS record point to this host; is there a CDN or another proxy in front?"),
    (r"(Timeout during connect|Connection refused|connection)", "the authority does not reach this host, or it the authority",
     "Is port 80 open in the firewall, and the authority's directory reachable from here?"),
    (UNKNOWN_ACCOUNT, "the authority does not know our account", "Is it the right server? letsencrypt:report APP"),
    (r"externalAccountRequired|external account binding", "the authority wants external account binding",
     "letsencrypt:set APP eab-kid KID, and eab-hmac-key KEY"),
    (r"CERTIFICATE_VERIFY_FAILED|SSLError", "the authority's own certificate is not trusted here",
     "letsencrypt:set APP ca-bundle PATH"),
)  # fmt: skip
"""(what the authority says, what it means, what to do); the first that fits."""
