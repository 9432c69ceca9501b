"""Requests to a service as its app, over the network, with the client of the image."""

from __future__ import annotations

from typing import Any

from dokkupy_services.role import ServiceExec
from dokkupy_services.testing.requests import ask

ROWS = "rows"


def as_app(
    inside: ServiceExec, method: str, path: str, body: str = "", *, user: str = "", password: str = ""
) -> dict[str, Any]:
    service = inside.service
    login = f'user = "{user or service.user}:{password or service.password.reveal()}"'
    return ask(inside, method, f"service:9200/{path}", body, login=login, content="application/x-ndjson")


def put(inside: ServiceExec, first: int, last: int) -> None:
    lines = "".join(f'{{"create": {{"_id": "{number}"}}}}\n{{"text": "row ☃"}}\n' for number in range(first, last))
    assert not as_app(inside, "POST", f"{ROWS}/_bulk?refresh=true", lines)["errors"]


def count(inside: ServiceExec) -> int:
    return int(as_app(inside, "GET", f"{ROWS}/_count")["count"])


def refuses(inside: ServiceExec) -> bool:
    """Whether a wrong password of each known user is refused."""
    users = (inside.service.user, "dokkupy", "elastic")
    return all(as_app(inside, "GET", "_cluster/health", user=one, password="wrong")["status"] == 401 for one in users)
