"""What setup installs on the host and teardown removes: one include, one link, sudoers lines, a start-up check.

Each step is idempotent and lists its changes. Other sites are not changed, except that Debian's unmodified welcome site
is switched off, because it is a second default server. Teardown switches it on again.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import sys

from dokkupy_sdk.errors import HostError
from dokkupy_sdk.execute import execute
from dokkupy_sdk.files import make_directory, write_atomic

from dokkupy_nginx.inspect.streams import INCLUDE as STREAMS
from dokkupy_nginx.inspect.streams import is_included
from dokkupy_nginx.layout import Layout
from dokkupy_nginx.proxy import NginxProxy
from dokkupy_nginx.server import signals
from dokkupy_nginx.server.process import Nginx, signals_conf
from dokkupy_nginx.server.umask import UMASK
from dokkupy_nginx.setup import capacity, private_logs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

INCLUDE = """# Written by `dokkupy setup`; what it includes is generated. Paths are relative to nginx.conf, so
# that dokkupy can test a new tree in a twin of this directory before it replaces the one that serves.
include dokkupy.d/*.conf;
include dokkupy.d/apps/*.conf;
"""

UNITS = (
    "/etc/systemd/system/nginx.service",
    "/usr/lib/systemd/system/nginx.service",
    "/lib/systemd/system/nginx.service",
)


class Wiring:
    """The setup of one host. dry_run: list the changes without making them."""

    def __init__(self, proxy: NginxProxy, *, dry_run: bool) -> None:
        self.proxy = proxy
        self.layout = proxy.layout
        self.nginx = Nginx(self.layout)
        self.dry_run = dry_run
        self.lines: list[str] = []

    # setup

    def setup(self) -> list[str]:
        if not self.nginx.installed:
            raise HostError("nginx is not installed", hint="apt-get install nginx, then run: dokkupy setup")
        self.check_version()
        self.own_directory()
        self.served_directories()
        self.switch_off_welcome_site()
        self.nobody_certificate()
        self.first_tree()
        self.put_link()
        self.put(self.layout.include, INCLUDE, 0o644)
        more = [self.more_connections(), self.include_streams()]
        self.check_configuration()
        if any(more):
            self.reload_if_running()
        self.permissions()
        self.start_up_check()
        self.private_logs()
        self.serve()
        return self.lines

    def check_version(self) -> None:
        if not os.path.isdir(os.path.join(self.layout.etc, "conf.d")):
            raise HostError(
                f"{self.layout.etc}/conf.d does not exist",
                hint="Create it, and include conf.d/*.conf in http {} of nginx.conf.",
            )

    def own_directory(self) -> None:
        for path in (self.layout.base, self.layout.trees):
            if not os.path.isdir(path) and self.changes(f"make {path}"):
                make_directory(path, 0o750)
                self.layout.hand_over(path)

    def served_directories(self) -> None:
        for directory in self.layout.served:
            if not os.path.isdir(directory) and self.changes(f"make {directory}"):
                make_directory(directory, 0o755)
                os.chmod(os.path.dirname(directory), 0o755)  # independent of the umask
                os.chmod(directory, 0o711 if directory == self.layout.users else 0o755)
                self.layout.hand_over(directory)

    def switch_off_welcome_site(self) -> None:
        link = os.path.join(self.layout.etc, "sites-enabled", "default")
        site = os.path.join(self.layout.etc, "sites-available", "default")
        if os.path.islink(link) and os.path.realpath(link) == os.path.realpath(site) and self.is_as_packaged(site):
            if self.changes(f"switch off Debian's welcome site ({link})"):
                os.unlink(link)
                self.put(self.welcome_note, site + "\n", 0o640, say=False)

    def fewer_connections(self) -> None:
        now = read(self.nginx_conf)
        if capacity.lowered(now) != now:
            write_atomic(self.nginx_conf, capacity.lowered(now).encode(), mode=0o644)

    @property
    def welcome_note(self) -> str:
        return os.path.join(self.layout.base, "welcome-site")

    def is_as_packaged(self, site: str) -> bool:
        """Whether a file is unmodified, by the package's own record."""
        try:
            with open(site, "rb") as file:
                digest = hashlib.md5(file.read(), usedforsecurity=False).hexdigest()
        except OSError:
            return False
        done = execute(["dpkg-query", "-W", "-f", "${Conffiles}", "nginx-common"], check=False)
        return f" {self.layout.packaged(site)} {digest}" in done.stdout

    def nobody_certificate(self) -> None:
        """Create a certificate for unknown names, because nginx before 1.19.4 cannot refuse a handshake."""
        directory = os.path.join(self.layout.base, "nobody")
        if self.nginx.facts().reject_handshake or os.path.exists(os.path.join(directory, "server.crt")):
            return
        if self.changes("make a certificate for unknown names"):
            make_directory(directory, 0o750)
            key, crt = os.path.join(directory, "server.key"), os.path.join(directory, "server.crt")
            execute(
                [
                    "openssl",
                    "req",
                    "-x509",
                    "-newkey",
                    "rsa:2048",
                    "-nodes",
                    "-days",
                    "7300",
                    "-subj",
                    "/CN=unknown",
                    "-keyout",
                    key,
                    "-out",
                    crt,
                ]
            )
            for path in (directory, key, crt):
                self.layout.hand_over(path)

    def first_tree(self) -> None:
        if not self.proxy.trees.live and self.changes("write the catch-all that refuses unknown host names"):
            self.proxy.ensure_tree()

    def put_link(self) -> None:
        link = self.layout.link
        if os.path.islink(link) and os.readlink(link) == self.layout.live:
            return
        if os.path.lexists(link) and not os.path.islink(link):
            raise HostError(
                f"{link} exists and was not created by dokkupy",
                hint="Move it to another directory, then run: dokkupy setup",
            )
        if self.changes(f"link {link} to {self.layout.live}"):
            if os.path.islink(link):
                os.unlink(link)
            os.symlink(self.layout.live, link)

    @property
    def nginx_conf(self) -> str:
        return os.path.realpath(os.path.join(self.layout.etc, "nginx.conf"))

    def more_connections(self) -> bool:
        before = read(self.nginx_conf)
        wanted = capacity.numbers(capacity.most_files())
        names = capacity.lacking(before, wanted)
        if not names or not self.changes(f"raise {' and '.join(names)} in {self.nginx_conf}"):
            return False
        write_atomic(self.nginx_conf, capacity.raised(before, wanted).encode(), mode=0o644)
        return True

    def include_streams(self) -> bool:
        """TCP and UDP ports stand beside `http {}`. Empty as long as no app has one."""
        text = read(self.nginx_conf)
        if is_included(self.layout) or not self.changes(f"include {STREAMS} in {self.nginx_conf}"):
            return False
        line = f"include {STREAMS}; {capacity.REMARK} not there\n"
        write_atomic(self.nginx_conf, f"{text.rstrip(chr(10))}\n{line}".encode(), mode=0o644)
        return True

    def reload_if_running(self) -> None:
        master = self.nginx.pid()
        if master is not None:
            self.nginx.reload(master)

    def check_configuration(self) -> None:
        """Verify that nginx accepts its whole configuration with dokkupy's include; otherwise remove the include again."""
        if self.dry_run:
            return
        words = self.nginx.test(os.path.join(self.layout.etc, "nginx.conf"))
        if words:
            from dokkupy_nginx.recovery.quarantine import clean

            try:
                clean(self.proxy)
            except HostError as error:
                remove(self.layout.include)
                self.fewer_connections()
                raise HostError(
                    "nginx refuses its configuration; dokkupy's part was removed again",
                    details=tuple(words.splitlines()),
                    hint="Fix the configuration under /etc/nginx, then run: dokkupy setup",
                ) from error

    def permissions(self) -> None:
        try:
            owner = os.stat(self.layout.root).st_uid
        except FileNotFoundError:  # a dry run on a bare host, where core's own setup has not created both
            user = "dokkupy"
            names = [user]
        else:
            if owner == 0:
                return  # root itself runs dokkupy here
            user = pwd.getpwuid(owner).pw_name
            names = sorted(one.pw_name for one in pwd.getpwall() if one.pw_uid == owner)
        text = sudoers(user, self.layout)
        path = self.layout.on_system("/etc/sudoers.d/dokkupy-nginx")
        if read(path) != text and self.changes(f"let {user} test, reload, start and stop nginx ({path})"):
            self.check_sudoers(text)
            self.put(path, text, 0o440, say=False)
        # After the line that permits their use, which are used where they are.
        self.put(self.layout.signals, signals_conf(self.nginx.pid_file()), 0o644)
        self.put(self.layout.signaller, signals.script(self.nginx.pid_file()), 0o755)
        for name in names:  # a group lists login names, and SSH uses another login name of the same user
            if not self.reads_logs(name) and self.changes(f"let {name} read nginx's logs (group adm)"):
                execute(["gpasswd", "-a", name, "adm"])

    def check_sudoers(self, text: str) -> None:
        draft = os.path.join(self.layout.base, "sudoers.tmp")
        write_atomic(draft, text.encode(), mode=0o440)
        try:
            execute(["visudo", "-cf", draft])
        finally:
            os.unlink(draft)

    def reads_logs(self, user: str) -> bool:
        import grp

        try:
            return user in grp.getgrnam("adm").gr_mem
        except KeyError:
            return True

    def private_logs(self) -> None:
        logs = self.layout.logs
        if self.layout.private or not os.path.isdir(logs):
            return
        if not private_logs.inherits_group(logs) and self.changes(f"give new logs the group of {logs}"):
            private_logs.let_inherit_group(logs)
        for path in private_logs.open_to_all(logs):
            if self.changes(f"let only root and the group of {logs} read {path}"):
                private_logs.close(path, os.stat(logs).st_gid)

    def start_up_check(self) -> None:
        unit = next((path for path in UNITS if os.path.exists(self.layout.on_system(path))), None)
        if unit is None:
            return
        text = drop_in(read(self.layout.on_system(unit)), self.layout.root)
        if self.put(self.layout.on_system(DROP_IN), text, 0o644) and os.path.isdir("/run/systemd/system"):
            execute(["systemctl", "daemon-reload"])

    def serve(self) -> None:
        master = self.nginx.pid()
        if master is None:
            if self.changes("start nginx"):
                start(self.nginx)
        elif not self.dry_run and self.proxy.served_generation() != self.proxy.trees.generation:
            if self.changes("reload nginx"):
                self.proxy.reload()

    # teardown

    def teardown(self) -> list[str]:
        for path in (
            self.layout.include,
            self.layout.link,
            self.layout.signals,
            self.layout.signaller,
            self.layout.on_system("/etc/sudoers.d/dokkupy-nginx"),
            self.layout.on_system(DROP_IN),
        ):
            if os.path.lexists(path) and self.changes(f"remove {path}"):
                remove(path)
        for directory in self.layout.served:
            if os.path.isdir(directory) and self.changes(f"remove {directory}"):
                shutil.rmtree(directory)
                if not os.listdir(os.path.dirname(directory)):
                    os.rmdir(os.path.dirname(directory))
        if capacity.REMARK in read(self.nginx_conf) and self.changes(f"put {self.nginx_conf} back as it was"):
            self.fewer_connections()
        site = read(self.welcome_note).strip()
        link = os.path.join(self.layout.etc, "sites-enabled", "default")
        if (
            site
            and os.path.exists(site)
            and not os.path.lexists(link)
            and self.changes("switch Debian's welcome site on again")
        ):
            os.symlink(site, link)
            remove(self.welcome_note)
        if self.lines and not self.dry_run:
            if os.path.isdir("/run/systemd/system"):
                execute(["systemctl", "daemon-reload"])
            master = self.nginx.pid()
            if master is not None and not self.nginx.test(os.path.join(self.layout.etc, "nginx.conf")):
                self.nginx.reload(master)
        return self.lines

    # how

    def changes(self, what: str) -> bool:
        """Note a change. Returns whether to make it."""
        self.lines.append(f"nginx: {what}")
        return not self.dry_run

    def put(self, path: str, text: str, mode: int, *, say: bool = True) -> bool:
        if read(path) == text:
            return False
        if say and not self.changes(f"write {path}"):
            return False
        make_directory(os.path.dirname(path), 0o755)
        write_atomic(path, text.encode(), mode=mode)
        return True


DROP_IN = "/etc/systemd/system/nginx.service.d/dokkupy.conf"
PID_FILE = "/run/nginx.pid"


def sudoers(user: str, layout: Layout) -> str:
    """Permits exactly the commands of `Nginx.command` and `Signals`. `""` after a program means: without any argument."""
    binary = layout.binary
    check = os.path.join(layout.check, "nginx.conf")
    return f"""# Written by `dokkupy setup`: all that {user} may do as root, word for word.
Cmnd_Alias DOKKUPY_NGINX_TEST = {binary} -t -q -c {check}
Cmnd_Alias DOKKUPY_NGINX = {binary} -s reload, {binary} -s reload -c {layout.signals}, {binary} -s stop, {binary} "", \\
    {layout.signaller} "", /usr/bin/systemctl start nginx, /usr/bin/systemctl stop nginx, \\
    /usr/sbin/service nginx start, /usr/sbin/service nginx stop
# The test makes the log files of an app. Not for a start: the pid file is for everybody to read.
Defaults!DOKKUPY_NGINX_TEST umask={UMASK:04o}, umask_override
# Each switch of traffic waits for both: a session of PAM has nothing to add to one program with fixed arguments.
Defaults!DOKKUPY_NGINX,DOKKUPY_NGINX_TEST !requiretty, !lecture, !pam_session
{user} ALL=(root) NOPASSWD: DOKKUPY_NGINX_TEST, DOKKUPY_NGINX
"""


def drop_in(unit: str, root: str) -> str:
    """Sets aside what nginx would refuse before the unit's own test. With `-`, a failure of this prevents nothing."""
    own = "\n".join(line for line in unit.splitlines() if line.startswith("ExecStartPre="))
    pid = next((line.removeprefix("PIDFile=") for line in unit.splitlines() if line.startswith("PIDFile=")), PID_FILE)
    return f"""# Written by `dokkupy setup`: one app's bad file must not keep nginx from starting, and its logs are not everybody's.
[Service]
UMask={UMASK:04o}
ExecStartPre=
ExecStartPre=-{sys.executable} -I -m dokkupy_nginx.boot {root}
{own}
# The umask is for the logs. Who cannot read the pid file takes nginx for stopped.
ExecStartPost=-/bin/chmod 0644 {pid}
"""


def start(nginx: Nginx, command: str = "") -> None:
    service(nginx, "start", command)


def service(nginx: Nginx, verb: str, command: str = "") -> None:
    """Start or stop nginx. command: systemctl, service or nginx; empty: systemctl if systemd runs, else nginx."""
    way = command or ("systemctl" if os.path.isdir("/run/systemd/system") and not nginx.layout.private else "nginx")
    sudo = ["sudo", "-n"] if nginx.layout.sudo else []
    if way == "systemctl":
        execute([*sudo, "/usr/bin/systemctl", verb, "nginx"])
    elif way == "service":
        execute([*sudo, "/usr/sbin/service", "nginx", verb])
    else:
        words = ["-s", "stop"] if verb == "stop" else []
        if nginx.layout.private:
            words = ["-c", os.path.join(nginx.layout.etc, "nginx.conf"), *words]
        execute(nginx.command(*words))  # with the usual umask, because everybody may read the pid file


def read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def leftovers(layout: Layout) -> Iterator[str]:
    """The existing files that setup created outside the state directory."""
    for path in (
        layout.include,
        layout.link,
        layout.signals,
        layout.signaller,
        layout.on_system("/etc/sudoers.d/dokkupy-nginx"),
        layout.on_system(DROP_IN),
        *layout.served,
    ):
        if os.path.lexists(path):
            yield path
