"""What the titles of nginx's processes say."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from dokkupy_nginx.server.process import command_line, is_accepting

from plugins_builtin.nginx.tests.conftest import wait_for


@pytest.mark.parametrize(
    ("title", "accepts"),
    [
        ("nginx: worker process", True),
        # just forked: it begins to accept although a reload has been asked for meanwhile
        ("nginx: master process /usr/sbin/nginx -g daemon on;", True),
        ("nginx: worker process is shutting down", False),
        ("nginx: cache manager process", False),
    ],
)
def test_a_child_accepts_connections_unless_it_shuts_down(title: str, accepts: bool) -> None:
    process = subprocess.Popen([title, "600"], executable=shutil.which("sleep"))
    try:
        wait_for(lambda: command_line(process.pid) != b"")
        assert is_accepting(process.pid) is accepts
    finally:
        process.kill()
        process.wait()
