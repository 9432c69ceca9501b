"""Requests to a service's HTTP API as an app sends them, by the curl of its image."""

from __future__ import annotations

import json
from typing import Any

from dokkupy_services.role import ServiceExec


def ask(
    inside: ServiceExec, method: str, url: str, body: str = "", *, login: str, content: str = "application/json"
) -> dict[str, Any]:
    """The JSON of the answer, even if the request is refused. url: on the host `service`, such as `service:9200/rows`. login:
    a line of curl's configuration; it and the body are on standard input. content: the type of the body."""
    config = f'{login}\nrequest = "{method}"\nurl = "http://{url}"\nheader = "Content-Type: {content}"\n'
    if body:
        config += f"data-binary = {json.dumps(body, ensure_ascii=False)}\n"
    answer: dict[str, Any] = json.loads(inside.run(("curl", "-sS", "-K", "-"), stdin=config.encode()))
    return answer
