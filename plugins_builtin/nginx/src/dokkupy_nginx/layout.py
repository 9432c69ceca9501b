"""Where things are: the state tree, nginx's own configuration, its program. Tests put all of it elsewhere."""

from __future__ import annotations

import os

PROBE_NAME = "generation.dokkupy.invalid"
"""The host name under which nginx says which generation it serves; `.invalid` can never be somebody's (RFC 2606)."""


class Layout:
    """Paths and ports. etc: nginx's configuration directory. sudo: whether nginx is called through sudo. system: the
    directory below which paths of the host lie; where `etc` is not the host's, they are never the host's either."""

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
        """Give what root made to the owner of the state, who must be able to replace it."""
        if os.geteuid() == 0:
            owner = os.stat(self.root)
            if owner.st_uid != 0:
                os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)

    @property
    def private(self) -> bool:
        """Whether this is not the host's nginx but one of a test's."""
        return self.etc != "/etc/nginx"

    def on_system(self, path: str) -> str:
        """A path of the host outside nginx's directories; tests put it below a directory of theirs."""
        return self.system + path

    def packaged(self, path: str) -> str:
        """The path under which the package knows a file of nginx's directory."""
        return "/etc/nginx" + path.removeprefix(self.etc)

    @property
    def base(self) -> str:
        return os.path.join(self.root, "nginx")

    @property
    def live(self) -> str:
        """A symbolic link to the tree in force: replacing it switches everything at once."""
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
        """Authorities by which OCSP responders' answers are checked."""
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
    def challenges(self) -> str:
        """What nginx's workers serve to certificate authorities; they cannot read the state directory."""
        return self.on_system("/var/www/dokkupy/challenges")

    @property
    def waiting(self) -> str:
        """Pages for names that no route serves, each in a file of that name; nginx's workers read them."""
        return self.on_system("/var/www/dokkupy/waiting")

    @property
    def users(self) -> str:
        """Files of names and passwords (`render.password_file`); nginx's workers read them."""
        return self.on_system("/var/www/dokkupy/users")

    @property
    def waiting_records(self) -> str:
        """Which of them are of which app."""
        return os.path.join(self.base, "waiting")

    @property
    def served(self) -> tuple[str, ...]:
        """The directories from which nginx's workers read files."""
        return self.challenges, self.waiting, self.users

    def snippets(self, app: str) -> str:
        """The directory of the app's own configuration files, put there by the host's admin."""
        return os.path.join(self.root, "apps", app, "nginx.conf.d")
