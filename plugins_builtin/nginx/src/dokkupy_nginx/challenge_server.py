"""The role ChallengeServer by nginx: a directory that each of dokkupy's servers on the HTTP port serves."""

from __future__ import annotations

import os

from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.roles import ChallengeServer

from dokkupy_nginx.layout import Layout


class NginxChallengeServer(ChallengeServer):
    """layout: the paths; tests pass their own."""

    def __init__(self, host: Host, layout: Layout | None = None) -> None:
        self.host = host
        self.layout = layout or Layout(host.root)

    def directory(self) -> str:
        if not os.path.isdir(self.layout.challenges):
            raise HostError(f"{self.layout.challenges} is missing", hint="Run: dokkupy setup")
        return self.layout.challenges
