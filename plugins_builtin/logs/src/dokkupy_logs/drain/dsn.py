"""The value of `vector-sink`: `TYPE://?option=value&option=value`, as Dokku writes the options of Vector's sinks. No I/O."""

from __future__ import annotations

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import shown
from dokkupy_sdk.values import dataclass, field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

COMMON = {"encoding.codec"}
TLS = {"tls.ca_file", "tls.verify_certificate", "tls.verify_hostname"}
HTTP = {"auth.strategy", "auth.user", "auth.password", "auth.token", *TLS}
OPTIONS = {
    "http": {"uri", "method", "encoding.codec", *HTTP},
    "loki": {"endpoint", "path", "tenant_id", "encoding.codec", "out_of_order_action", *HTTP},
    "syslog": {"address", "tls.enabled", *TLS},
    "file": {"path", "encoding.codec"},
}
"""The sinks that dokkupy serves without Vector, and the options that it reads; of `http` and `loki` also
`request.headers.NAME`, of `loki` `labels.NAME`."""

REQUIRED = {"http": "uri", "loki": "endpoint", "syslog": "address", "file": "path"}
CODECS = {"http": ("json",), "loki": ("text", "json"), "file": ("text", "json")}
ON_HOST = ("tls.ca_file",)
"""Options that name a file of the host."""


@dataclass(frozen=True, slots=True)
class Dsn:
    """kind: the sink's type. options: decoded."""

    kind: str
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_served(self) -> bool:
        """Whether dokkupy's own drains support it; others require Vector."""
        return self.kind in OPTIONS

    def unknown(self) -> list[str]:
        """Options that only have an effect with Vector."""
        known = OPTIONS.get(self.kind, set())
        prefixes = {"http": ("request.headers.",), "loki": ("request.headers.", "labels.")}.get(self.kind, ())
        return sorted(name for name in self.options if name not in known and not name.startswith(prefixes or "\0"))

    def is_on(self, name: str, default: bool) -> bool:
        return self.options.get(name, str(default)).lower() == "true"

    @property
    def target(self) -> str:
        """The target without secrets: `https://logs.example.com`, `logs.example.com:6514`, a path."""
        from urllib.parse import urlsplit

        text = self.options.get(REQUIRED.get(self.kind, ""), "")
        if self.kind not in ("http", "loki"):
            return text
        parts = urlsplit(text)
        return f"{parts.scheme}://{parts.hostname or ''}" + (f":{parts.port}" if parts.port else "")


def parse_dsn(text: str) -> Dsn:
    from urllib.parse import parse_qsl

    kind, _, rest = text.partition("://")
    return Dsn(kind, dict(parse_qsl(rest.lstrip("?").removeprefix("/?"), keep_blank_values=True)))


def require_whole(dsn: Dsn) -> None:
    """Raises UserError for a supported sink with missing or invalid options."""
    if not dsn.is_served:
        return
    wanted = REQUIRED[dsn.kind]
    value = dsn.options.get(wanted, "")
    if not value:
        raise UserError(f"The sink {dsn.kind} has no {wanted}", hint=f"Write {dsn.kind}://?{wanted}=VALUE&OPTION=VALUE")
    if dsn.kind in ("http", "loki"):
        from dokkupy_sdk.outgoing import require_http

        require_http(value)
        if dsn.options.get("auth.strategy", "") not in ("", "basic", "bearer"):
            raise UserError(f"{shown(dsn.options['auth.strategy'])} is not one of: basic, bearer")
        if any(character < " " for text in dsn.options.values() for character in text):
            raise UserError("An option of the sink has control characters")
    if dsn.kind == "syslog":
        address_of(value)
    if dsn.kind == "file" and (not value.startswith("/") or ".." in value.split("/")):
        raise UserError(f"{shown(value)} is not an absolute path")
    codec = dsn.options.get("encoding.codec", "")
    if codec and codec not in CODECS.get(dsn.kind, (codec,)):
        raise UserError(f"{shown(codec)} is not one of: {', '.join(CODECS[dsn.kind])}")


def address_of(text: str) -> tuple[str, int]:
    """`HOST:PORT`, or `[IPV6]:PORT`. Raises UserError."""
    name, _, port = text.rpartition(":")
    if not name or not (port.isascii() and port.isdecimal()) or not 0 < int(port[:6]) < 65536:
        raise UserError(f"{shown(text)} is not an address HOST:PORT")
    return name.strip("[]"), int(port)
