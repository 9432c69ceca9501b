"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, TypedDict

from dokkupy_sdk.answers import App, Time


class CertsAdd(TypedDict):
    dir: str
    enabled: str
    expires_at: str
    fingerprint: str
    hostnames: str
    issuer: str
    key: str
    origin: str
    previous: str
    starts_at: str
    subject: str
    verified: str


class CertsChain(TypedDict):
    subject: str
    issuer: str
    starts_at: str
    expires_at: str
    key: str
    fingerprint: str


class CertsKey(TypedDict):
    key: str
    matches: bool
    mode: str
    fingerprint: str


ANSWERS: dict[str, Any] = {
    "certs:add": CertsAdd,
    "certs:chain": list[CertsChain],
    "certs:generate": CertsAdd,
    "certs:key": CertsKey,
    "certs:remove": App,
    "certs:rollback": CertsAdd,
    "certs:show": None,
    "certs:update": CertsAdd,
}

REPORTS: dict[str, dict[str, Any]] = {
    "certs:report": {
        "expires_at": Time,
        "hostnames": list[str],
        "starts_at": Time,
    },
}
