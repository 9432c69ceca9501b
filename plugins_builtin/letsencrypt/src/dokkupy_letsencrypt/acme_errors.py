"""Errors of certbot and the authority: what they mean, what to do, and how long to wait."""

from __future__ import annotations

import errno
import os
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from dokkupy_sdk.errors import HostError
from dokkupy_sdk.files import unwritable
from dokkupy_sdk.names import AppName

FULL = "disk_full"
"""The code of errors that are caused by a full disk, and that end when there is space again."""

UNKNOWN_ACCOUNT = (
    r"accountDoesNotExist|account\b[^.\n]{0,100}(does not exist|not found|expired|deactivated|revoked)|Unable to validate JWS"
    r"|unable to find account|account is not valid"
)

LIMITED = r"rateLimited|rate limit|too many (new |currently |failed |invalid )?(certificates|requests|orders|registrations|authorizations|identifiers)"
"""https://letsencrypt.org/docs/rate-limits/"""

RETRY_AFTER = re.compile(r"retry after (\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)", re.IGNORECASE)
HEADER = re.compile(r"HTTP (?:429|503)\n(?:[^\n]+\n)*?retry-after: *([^\n]+)", re.IGNORECASE)
"""The form of a response in certbot's log."""

PROBLEM = re.compile(r"^acme\.messages\.Error: (urn:ietf:params:acme:error:\w+)", re.MULTILINE)
"""The form of the last error in certbot's log. certbot's output has only the authority's text, which could be anything."""

LONGEST_WAIT = timedelta(days=366)


class RateLimited(HostError):
    """The authority's rate limit is reached. until: when the next request is allowed; None if the authority did not say."""

    code = "rate_limited"

    def __init__(self, message: str, *, until: datetime | None, hint: str = "", details: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint, details=details)
        self.until = until


def retry_after(printed: str, log: str, now: datetime) -> datetime | None:
    """When the next request is allowed, from the authority's message or else from the last response in the log."""
    found = RETRY_AFTER.findall(printed)
    if found:
        try:
            return max(datetime.fromisoformat(f"{day}T{hour}+00:00") for day, hour in found)
        except ValueError:
            pass
    headers = HEADER.findall(log)
    if not headers:
        return None
    text = headers[-1].strip()
    if text.isdigit():
        return now + min(timedelta(seconds=int(text[:9])), LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def fault(app: AppName, printed: str, log: str = "", status: int = 1, *, now: datetime) -> HostError:
    """The error with the authority's message, and what to do. log: certbot's, with the authority's responses."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(NOISE)]
    text, details = " ".join([*lines, problem(log)]), tuple(lines[-12:])
    if re.search(LIMITED, text, re.IGNORECASE):
        until = retry_after(text, log, now)
        return RateLimited(
            f"No certificate for {app}: the authority's rate limit is reached{said_until(until)}",
            until=until,
            details=details,
            hint=f"It is asked again then. To test: letsencrypt:set {app} server staging",
        )
    for pattern, reason, hint, code in REASONS:
        if re.search(pattern, text, re.IGNORECASE):
            return HostError(f"No certificate for {app}: {reason}", details=details, hint=hint, code=code)
    if status in ENDED:
        return HostError(
            f"No certificate for {app}: certbot {ENDED[status]}",
            details=details,
            code="acme",
            hint="The served certificates do not change. Check whether the host ran out of memory: journalctl -k",
        )
    return HostError(
        f"No certificate for {app}: the authority or certbot refused it",
        details=details,
        code="acme",
        hint="The reason is above; the served certificates do not change.",
    )


def problem(log: str) -> str:
    """The type of the authority's error that ended certbot; empty if there was none."""
    found = PROBLEM.findall(log)
    return str(found[-1]) if found else ""


def account_is_unknown(printed: str, log: str) -> bool:
    return bool(re.search(UNKNOWN_ACCOUNT, f"{printed}\n{problem(log)}", re.IGNORECASE))


def said_until(until: datetime | None) -> str:
    return f" until {until:%Y-%m-%d %H:%M:%S} UTC" if until else ""


NO_SPACE = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
AGAIN = "It is retried automatically; the served certificates do not change."


def not_written(app: AppName, where: str, error: OSError = NO_SPACE) -> HostError:
    """The error for a file of certbot's that cannot be written, by the rule for all files. where: empty if the error
    names it."""
    shared = unwritable(error, where)
    hint = f"{shared.hint} {AGAIN}" if shared.hint else "Run it as root on the server: dokkupy setup"
    return HostError(f"No certificate for {app}: {shared.message}", code=shared.code, hint=hint)


NOISE = ("Saving debug log", "Ask for help", "See the logfile")

ENDED = {
    124: "did not end within its time limit",
    137: "was killed",
    -9: "was killed",
    143: "was asked to end",
    -15: "was asked to end",
}
"""Reasons by exit status: of timeout(1), and signals."""

REASONS = (
    (
        r"No space left on device|Errno 28\b",
        "no space left on device",
        f"{unwritable(NO_SPACE).hint} {AGAIN}",
        FULL,
    ),
    (
        r"dns-[\w-]+ plugin does not appear to be installed|unrecognized arguments: --dns-",
        "certbot does not have this DNS plugin",
        "Install it: dokkupy plugin:install certbot-dns-PROVIDER; or letsencrypt:set APP dns-provider hook",
        "acme",
    ),
    (
        r"no plugin can write to the DNS",
        "no plugin on this host can write to the domain's DNS",
        "Install one with the hook resolve_dns_challenge, or use one of certbot's: letsencrypt:set APP dns-provider cloudflare",
        "acme",
    ),
    (
        r"another instance of certbot is already running",
        "another certbot works on the same directories",
        "It ends by itself; then: letsencrypt:enable APP",
        "acme",
    ),
    (
        UNKNOWN_ACCOUNT,
        "the authority does not know this host's account",
        "Check the server: letsencrypt:report APP",
        "acme",
    ),
    (
        r"\bcaa\b",
        "the domain's CAA record does not allow this authority",
        "Add the authority to the CAA record.",
        "acme",
    ),
    (
        r"NXDOMAIN|no valid (A|IP)|DNS problem",
        "a name is not in the DNS",
        "Make it point to this host, or remove it from the app: domains:remove",
        "acme",
    ),
    (
        r"(unauthorized|Invalid response)",
        "another server answers for a name",
        "Make its DNS record point to this host, and check for a CDN or another proxy in front of it",
        "acme",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError",
        "this host does not trust the authority's own certificate",
        "letsencrypt:set APP ca-bundle PATH",
        "acme",
    ),
    (
        r"(Timeout during connect|Connection refused|connection)",
        "the authority cannot reach this host, or this host cannot reach the authority",
        "Check that port 80 is open in the firewall, and that this host can reach the authority's directory",
        "acme",
    ),
    (
        r"externalAccountRequired|external account binding",
        "the authority requires external account binding",
        "letsencrypt:set APP eab-kid KID, and eab-hmac-key KEY",
        "acme",
    ),
)
"""(the authority's message, what it means, what to do, code); the first match counts."""
