"""The properties of `nginx:set`: Dokku's 31, and others. Each has a validator, so that a value can be nothing but a value
in nginx's configuration."""

from __future__ import annotations

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import digits
from dokkupy_sdk.settings import AT_ONCE, BUILD, ROUTE, Property, Settings, boolean, integer, one_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Callable

LOGS = "/var/log/nginx"
"""The directory of nginx's logs. Log files must be directly in it."""

SIZE = r"([0-9]{1,9})([kKmMgG]?)"
TIME = r"([0-9]{1,7})(ms|s|m|h|d)?"
LOG_FILE = r"/var/log/nginx/([A-Za-z0-9_-]{1,200}(?:\.[A-Za-z0-9_-]+)*\.log)"
VARIABLE_TEXT = r"(?:\$[a-z][a-z0-9_]*|[A-Za-z0-9.:,_ -])+"
IPV4 = r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}"
UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
SECONDS = {"ms": 0.001, "": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def matched(pattern: str, text: str) -> re.Match[str] | None:
    """Like `re.fullmatch`, but `re` is imported only here, because half of the commands do not use it."""
    import re

    return re.fullmatch(pattern, text)


def refuse(text: str, what: str) -> UserError:
    return UserError(f"{ascii(text[:80])} is not {what}")


def size(limit: str) -> Callable[[str], str]:
    """A number of bytes in nginx's notation (`4k`, `20m`), at most `limit`."""
    most = in_bytes(limit)

    def parse(text: str) -> str:
        if not matched(SIZE, text) or in_bytes(text) > most:
            raise refuse(text, f"a size such as 1m, of at most {limit}")
        return text.lower()

    return parse


def in_bytes(text: str) -> int:
    return int(text.rstrip("kKmMgG")) * UNITS[text[-1].lower() if text[-1].isalpha() else ""]


def duration(text: str) -> str:
    """A time in nginx's notation: `60s`, `500ms`, `1h`. A bare number means seconds. At most 365 days."""
    found = matched(TIME, text)
    if not found or int(found[1]) * SECONDS[found[2] or ""] > 365 * 86400:
        raise refuse(text, "a time such as 60s, 500ms or 1h (at most 365d)")
    return text


def durations(text: str) -> str:
    """One time, or two: the timeout, and the value of the header `Keep-Alive`."""
    parts = text.split(" ")
    if len(parts) > 2:
        raise refuse(text, "one or two times such as 75s")
    return " ".join(duration(part) for part in parts)


def buffers(text: str) -> str:
    """`8 4k`: the number of buffers for each connection, and their size."""
    count, space, each = text.partition(" ")
    if not space or not 2 <= (digits(count) or 0) <= 256:
        raise refuse(text, "a number of buffers from 2 to 256 and their size, such as 8 4k")
    return f"{int(count)} {size('1m')(each)}"


def on_off(text: str) -> str:
    return "on" if boolean(text) == "true" else "off"


def log_path(text: str) -> str:
    """`off`, `/dev/null`, or a file directly in /var/log/nginx that ends in .log."""
    if text in ("off", "/dev/null"):
        return "off"
    if not matched(LOG_FILE, text) or text in (f"{LOGS}/access.log", f"{LOGS}/error.log"):
        raise refuse(text, f"off, or a file of its own in {LOGS} whose name ends in .log")
    return text


def own_log(app: str, path: str) -> bool:
    """Whether a log file's name can belong to this app only: `APP-<word>.log`, split at the last hyphen."""
    owner, hyphen, _ = path.removeprefix(f"{LOGS}/").rpartition("-")
    return path == "off" or (bool(hyphen) and owner == app)


def format_name(text: str) -> str:
    """The name of a `log_format`, such as nginx's own `combined`."""
    if not matched(r"[A-Za-z][A-Za-z0-9_-]{0,63}", text):
        raise refuse(text, "the name of a log format that nginx knows, such as combined")
    return text


def variable_text(text: str) -> str:
    """A header's value: letters, digits, `. : , _ -`, spaces and nginx variables."""
    if len(text) > 200 or not matched(VARIABLE_TEXT, text) or text != text.strip():
        raise refuse(text, "a header value of letters, digits, spaces, . : , _ - and nginx variables such as $scheme")
    return text


def ipv4(text: str) -> str:
    if not matched(IPV4, text) or any(int(part) > 255 for part in text.split(".")):
        raise refuse(text, "an IPv4 address")
    return ".".join(str(int(part)) for part in text.split("."))


def ipv6(text: str) -> str:
    """An IPv6 address, with or without brackets. It is stored with brackets, as in nginx's configuration."""
    import socket

    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        packed = socket.inet_pton(socket.AF_INET6, bare)
    except (OSError, ValueError):
        raise refuse(text, "an IPv6 address such as [::]") from None
    return f"[{socket.inet_ntop(socket.AF_INET6, packed)}]"


def template_path(text: str) -> str:
    from dokkupy_sdk.names import RelativePath

    return str(RelativePath(text))


SETTINGS = Settings(
    "nginx",
    Property(
        "access-log-format",
        help="Name of the log format of the access log (default: combined, and how long each request took)",
        parse=format_name,
    ),
    Property("access-log-path", f"{LOGS}/{{app}}-access.log", help="File of the access log, or off", parse=log_path),
    Property("bind-address-ipv4", help="IPv4 address to listen on (default: all)", parse=ipv4),
    Property("bind-address-ipv6", "[::]", help="IPv6 address to listen on", parse=ipv6),
    Property("client-body-timeout", "60s", help="Time between two reads of a request's body", parse=duration),
    Property(
        "client-header-timeout",
        "20s",
        help="Time to receive a request's header; shorter than Dokku's 60s, which lets an attacker hold many "
        "connections",
        parse=duration,
    ),
    Property("client-max-body-size", "1m", help="Largest request body; 0: no limit", parse=size("1024g")),
    Property("disable-custom-config", "false", help="Ignore the template of the app's repository", parse=boolean),
    Property("error-log-path", f"{LOGS}/{{app}}-error.log", help="File of the error log, or off", parse=log_path),
    Property("hsts", "true", help="Send Strict-Transport-Security if there is a certificate", parse=boolean),
    Property("hsts-include-subdomains", "true", help="Apply HSTS to subdomains too", parse=boolean),
    Property("hsts-max-age", "15724800", help="Seconds for which HSTS is valid", parse=integer(0, 2**31 - 1)),
    Property("hsts-preload", "false", help="Ask for the browsers' HSTS preload list", parse=boolean),
    Property(
        "ssl-stapling",
        "auto",
        parse=one_of("auto", "off"),
        help="auto: staple the OCSP response if the certificate names a responder",
    ),
    Property(
        "tls-profile",
        "intermediate",
        scope="global",
        parse=one_of("modern", "intermediate"),
        help="modern: TLS 1.3 only; intermediate: also 1.2, with ciphers that have forward secrecy",
    ),
    Property(
        "requests-per-address",
        "2000",
        scope="global",
        parse=integer(0, 1000000),
        help="Requests from one address that are served at the same time, including WebSockets; 0: no limit",
    ),
    Property(
        "http3",
        "false",
        help="Also serve HTTP/3 if nginx supports it (a deploy of any app then interrupts HTTP/3 connections)",
        parse=boolean,
    ),
    Property("keepalive-timeout", "75s", help="How long an idle client connection is kept", parse=durations),
    Property("lingering-timeout", "5s", help="How long to wait for more data from a refused client", parse=duration),
    Property(
        "nginx-conf-sigil-path",
        "nginx.conf.sigil",
        parse=template_path,
        applies=BUILD,
        help="Path of the app's own template in its repository: Jinja (nginx.conf.j2 is found without setting this)",
    ),
    Property(
        "nginx-service-command",
        help="How nginx is started and stopped: systemctl, service or nginx (default: detected)",
        parse=one_of("systemctl", "service", "nginx"),
        applies=AT_ONCE,
    ),
    Property(
        "proxy-buffer-size",
        "32k",
        help="Buffer for the head of a response; Dokku's 4k is too small for the cookies of today's frameworks",
        parse=size("1m"),
    ),
    Property("proxy-buffering", "on", help="Buffer the app's responses for slow clients", parse=on_off),
    Property(
        "proxy-buffers",
        "8 16k",
        help="Number and size of the buffers for one response; more if proxy-busy-buffers-size requires it",
        parse=buffers,
    ),
    Property(
        "proxy-busy-buffers-size",
        "64k",
        help="Size of the buffers that may be busy sending; at least proxy-buffer-size and one of proxy-buffers",
        parse=size("16m"),
    ),
    Property("proxy-connect-timeout", "60s", help="Time to connect to an instance", parse=duration),
    Property(
        "proxy-keepalive",
        "64",
        help="Idle connections kept to the app by each worker of nginx; 0: a new connection for each request",
        parse=integer(0, 10000),
    ),
    Property("proxy-read-timeout", "60s", help="Time between two reads of the app's response", parse=duration),
    Property("proxy-send-timeout", "60s", help="Time between two writes of a request to the app", parse=duration),
    Property("send-timeout", "60s", help="Time between two writes of a response to the client", parse=duration),
    Property("underscore-in-headers", "off", help="Pass on header names with underscores", parse=on_off),
    Property("x-forwarded-for-value", "$remote_addr", help="Value of X-Forwarded-For", parse=variable_text),
    Property("x-forwarded-port-value", "$server_port", help="Value of X-Forwarded-Port", parse=variable_text),
    Property("x-forwarded-proto-value", "$scheme", help="Value of X-Forwarded-Proto", parse=variable_text),
    Property("x-forwarded-ssl", help="Value of X-Forwarded-Ssl", parse=variable_text),
    applies=ROUTE,
)

LEGACY_ENV = {
    r"DOKKU_NGINX_(SSL_)?PORT": "ports:set APP SCHEME:HOST_PORT:CONTAINER_PORT",
    r"DOKKU_(NGINX_)?HSTS.*": "nginx:set APP hsts true|false",
    r"DOKKU_NGINX_.*": "nginx:set APP PROPERTY VALUE",
}
"""Dokku's variables, and the commands that replace them."""
