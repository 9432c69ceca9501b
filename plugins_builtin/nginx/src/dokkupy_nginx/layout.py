"""Paths of the state, of nginx's configuration and of its program. Tests have others."""

from __future__ import annotations

import os

PROBE_NAME = "generation.dokkupy.invalid"
"""The host name at which nginx returns the generation that it serves. Nobody can own a name in `.invalid` (RFC 2606)."""
PROBE_ADDRESS = "127.86.66.1"
"""Where nginx is asked for its generation, an app or a certificate, unless the app has an address of its own. At 127.0.0.1,
another app that listens there alone would answer."""


class Layout:
    """Paths and ports. etc: nginx's configuration directory. sudo: whether nginx is called through sudo. system: the
    root of the host's paths; it is never the host's own root if `etc` is not the host's."""

    def __init__(
        self,
        root: str,
        *,
        etc: str = "/etc/nginx",
        binary: str = "/usr/sbin/nginx",
        logs: str = "/var/log/nginx",
        http_port: int = 80,
        tls_port: int = 443,
        sudo: bool | None = None,
        ipv6: bool | None = None,
        system: str = "",
    ) -> None:
        self.root = root
        self.etc = etc
        self.binary = binary
        self.logs = logs
        self.http_port = http_port
        self.tls_port = tls_port
        self.sudo = os.geteuid() != 0 if sudo is None else sudo
        self.system = system or (os.path.join(root, "system") if self.private else "")
        self.ipv6 = os.path.exists("/proc/net/if_inet6") if ipv6 is None else ipv6

    def hand_over(self, path: str) -> None:
        """Give what root created to the owner of the state, who must be able to replace it."""
        if os.geteuid() == 0:
            owner = os.stat(self.root)
            if owner.st_uid != 0:
                os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)

    @property
    def private(self) -> bool:
        """Whether this is a test's nginx instead of the host's."""
        return self.etc != "/etc/nginx"

    def on_system(self, path: str) -> str:
        """A path of the host outside nginx's directories; in tests, below a directory of their own."""
        return self.system + path

    def packaged(self, path: str) -> str:
        """The path that the package records for a file in nginx's directory."""
        return "/etc/nginx" + path.removeprefix(self.etc)

    @property
    def base(self) -> str:
        return os.path.join(self.root, "nginx")

    @property
    def live(self) -> str:
        """A symbolic link to the current tree. Replacing it switches everything at once."""
        return os.path.join(self.base, "live")

    @property
    def trees(self) -> str:
        return os.path.join(self.base, "trees")

    @property
    def check(self) -> str:
        """A twin of nginx's configuration directory whose `dokkupy.d` is the tree under test."""
        return os.path.join(self.base, "check")

    @property
    def quarantine(self) -> str:
        return os.path.join(self.base, "quarantine")

    @property
    def ocsp(self) -> str:
        """Certificates of authorities, by which nginx verifies OCSP responses."""
        return os.path.join(self.base, "ocsp")

    @property
    def include(self) -> str:
        return os.path.join(self.etc, "conf.d", "dokkupy.conf")

    @property
    def link(self) -> str:
        return os.path.join(self.etc, "dokkupy.d")

    @property
    def signals(self) -> str:
        """A configuration that only names the pid file: nginx reads a configuration before it sends a signal, and its
        own grows with the apps."""
        return self.on_system("/etc/dokkupy/nginx-signals.conf")

    @property
    def signaller(self) -> str:
        """The program by which the owner of the state signals nginx (`server.signals`)."""
        return self.on_system("/etc/dokkupy/nginx-signal")

    @property
    def challenges(self) -> str:
        """Files for certificate authorities. They are outside the state directory, which nginx's workers cannot read."""
        return self.on_system("/var/www/dokkupy/challenges")

    @property
    def waiting(self) -> str:
        """Pages for names that no route serves, each in a file with that name, for nginx's workers."""
        return self.on_system("/var/www/dokkupy/waiting")

    @property
    def users(self) -> str:
        """Files of names and passwords (`render.password_file`), for nginx's workers."""
        return self.on_system("/var/www/dokkupy/users")

    @property
    def waiting_records(self) -> str:
        """Lists of each app's names among `waiting`."""
        return os.path.join(self.base, "waiting")

    @property
    def served(self) -> tuple[str, ...]:
        """The directories from which nginx's workers read files."""
        return self.challenges, self.waiting, self.users

    def snippets(self, app: str) -> str:
        """The directory for the app's additional configuration files by the host's admin."""
        return os.path.join(self.root, "apps", app, "nginx.conf.d")
