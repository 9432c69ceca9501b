"""Traces an error from nginx back to the app, the line in the file and the input that caused it."""

from __future__ import annotations

import re

from dokkupy_sdk.errors import AppError, DokkupyError, HostError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.values import dataclass

from dokkupy_nginx.layout import Layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

EMERG = re.compile(
    r"\[(?:emerg|crit|alert)\](?: [0-9]+#[0-9]+:)? (?P<message>.*?)(?: in (?P<file>/\S+?):(?P<line>[0-9]+))?$"
)
QUOTED_PATH = re.compile(r'"(/[^"]+)"')
BIND = re.compile(r"bind\(\) to (?P<address>\S+):(?P<port>[0-9]+) failed")

PROPERTY_OF = {
    "access_log": "access-log-path and access-log-format",
    "error_log": "error-log-path",
    "listen": "bind-address-ipv4, bind-address-ipv6 and the port map",
    "server_name": "the domains",
    "ssl_certificate": "the certificate",
    "ssl_certificate_key": "the certificate's key",
    "underscores_in_headers": "underscore-in-headers",
    "hash": "the domains",
}
"""Directive -> where its value comes from. Other directives come from the property of the same name, with hyphens."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One refusal. app: the app whose input is at fault; None if it is unknown. file, line: where nginx stopped."""

    message: str
    app: AppName | None = None
    file: str = ""
    line: int = 0
    text: str = ""
    cause: str = ""

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}" if self.file else ""

    @property
    def details(self) -> tuple[str, ...]:
        found = [f"nginx: {self.message}" + (f" in {self.where}" if self.where else "")]
        if self.text:
            found.append(f"line {self.line}: {self.text.strip()[:300]}")
        return tuple(found)


def read_complaint(words: str, layout: Layout, tree: str, apps: Mapping[AppName, str]) -> Complaint:
    """The first refusal in nginx's output. apps: the names and texts in the tested tree."""
    found = next((match for line in words.splitlines() if (match := EMERG.search(line))), None)
    if found is None:
        return Complaint(words.splitlines()[-1] if words else "no reason given")
    message = found["message"]
    if found["file"]:
        return in_file(message, found["file"], int(found["line"]), layout, tree, apps)
    paths = QUOTED_PATH.findall(message)
    for app, text in apps.items():
        if any(path in text for path in paths):
            number, line = line_with(text, next(path for path in paths if path in text))
            return Complaint(message, app, f"{tree}/apps/{app}.conf", number, line, cause_of(line))
    bind = BIND.search(message)
    if bind:
        for app, text in apps.items():
            if f"# socket {bind['address']} {bind['port']} " in text:
                return Complaint(message, app, cause=f"host port {bind['port']}")
    return Complaint(message)


def in_file(message: str, file: str, line: int, layout: Layout, tree: str, apps: Mapping[AppName, str]) -> Complaint:
    name = file.removeprefix(f"{layout.check}/dokkupy.d/").removeprefix(f"{tree}/")
    name = name.removeprefix(f"{layout.link}/")
    if name.startswith("apps/") and name.endswith(".conf"):
        app = AppName(name[len("apps/") : -len(".conf")])
        lines = apps.get(app, "").splitlines()
        text = lines[line - 1] if 0 < line <= len(lines) else ""
        return Complaint(message, app, f"{tree}/apps/{app}.conf", line, text, cause_of(text))
    prefix = f"{layout.root}/apps/"
    if file.startswith(prefix) and "/nginx.conf.d/" in file:
        app = AppName(file[len(prefix) :].partition("/")[0])
        return Complaint(message, app, file, line, line_of(file, line), f"the host's own file {file}")
    text = line_of(file, line)
    if file.startswith(f"{layout.check}/"):  # a link: the operator knows, and edits, the file itself
        file = layout.etc + file.removeprefix(layout.check)
    return Complaint(message, None, file, line, text)


def cause_of(line: str) -> str:
    """The input from which a line's directive comes."""
    directive, *args = line.strip().rstrip(";").split() or [""]
    if not directive:
        return ""
    from dokkupy_nginx.settings import SETTINGS

    if directive in ("proxy_set_header", "grpc_set_header") and args:
        name = args[0].lower()
        return next((f"the property {prop}" for prop in (f"{name}-value", name) if prop in SETTINGS.properties), "")

    known = PROPERTY_OF.get(directive)
    name = directive.replace("_", "-")
    if known is None and name in SETTINGS.properties:
        known = f"the property {name}"
    return known or ""


def line_with(text: str, part: str) -> tuple[int, str]:
    for number, line in enumerate(text.splitlines(), 1):
        if part in line and not line.startswith("# "):
            return number, line
    return 0, ""


def line_of(path: str, number: int) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for index, line in enumerate(file, 1):
                if index == number:
                    return line.rstrip("\n")
    except OSError:
        pass
    return ""


QUOTED = re.compile(r'"([^"]+)"')


def locate(complaint: Complaint, app: AppName, tree: str, text: str) -> Complaint:
    """Find the line of a complaint about this app's file, which nginx did not name, by the words that nginx quotes."""
    for word in QUOTED.findall(complaint.message):
        for candidate in (f"${word}", f" {word} ", word):
            number, line = line_with(text, candidate)
            if number:
                return Complaint(complaint.message, app, f"{tree}/apps/{app}.conf", number, line, cause_of(line))
    return Complaint(complaint.message, app)


def refused(complaint: Complaint, app: AppName | None) -> DokkupyError:
    """The error for a configuration that nginx refuses. app: the owner of the file; None if it belongs to no app."""
    if app is None:
        where = f" ({complaint.where})" if complaint.where else ""
        return HostError(
            f"nginx refuses its configuration{where}: {complaint.message}",
            details=complaint.details,
            code="proxy_refused",
            hint="The file is not part of an app: fix it, then run the command again.",
        )
    cause = f" Cause: {complaint.cause}." if complaint.cause else ""
    line = f" line {complaint.line}" if complaint.line else ""
    return AppError(
        f"App {app}: nginx refuses its configuration{line}: {complaint.message}.{cause}",
        details=complaint.details,
        hint="The previous configuration still serves. Fix the cause, then run: dokkupy proxy:build-config " + app,
        code="bad_proxy_input",
    )
