"""gunicorn and uvicorn close idle connections after as long as nginx does, and no request is lost or sent twice.

tests/bench/kept_servers.py tries Node, puma, Go and Java, too.
"""

from __future__ import annotations

import sys
from pathlib import Path

from plugins_builtin.nginx.tests.application_servers import ASGI, WSGI, Server, drive
from plugins_builtin.nginx.tests.conftest import Rig

SECONDS = 6


def test_no_request_is_lost_or_sent_twice_while_servers_close_idle_connections(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "sync.py").write_text(WSGI)
    (tmp_path / "asyncapp.py").write_text(ASGI)
    bind = "127.0.0.1:{port}"
    threads = ["gunicorn", "sync:app", "-b", bind, "--threads", "8", "--keep-alive", "1"]
    loop = ["uvicorn", "asyncapp:app", "--port", "{port}", "--timeout-keep-alive", "1"]
    servers = [Server(words[0], 1, [sys.executable, "-m", *words]) for words in (threads, loop)]
    try:
        for server in servers:
            server.start(tmp_path)
        for server in servers:
            server.wait()
        assert drive(rig, servers, SECONDS) > 0
        for server in servers:
            assert server.lost() == 0, (server.name, server.statuses)
            assert server.statuses["200"] > 0
            assert server.twice()["POST"] == 0, server.name
    finally:
        for server in servers:
            server.stop()
