"""Trees of configuration: built beside the current one, tested as a whole, and switched by renaming one symbolic link.

`trees/<generation>/` contains `default.conf` and `apps/<app>.conf`. Unchanged files are hard links, so that a tree takes a
link per app and no rendering. `live` points to the current tree. Whenever a process is killed, `live` points to a tree
that nginx has accepted; the next `apply` removes the others.
"""

from __future__ import annotations

import os

from dokkupy_sdk.failpoints import failpoint
from dokkupy_sdk.files import make_directory
from dokkupy_sdk.names import AppName

from dokkupy_nginx.config.claims import STREAMS
from dokkupy_nginx.layout import Layout
from dokkupy_nginx.render.streams import MAIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from dokkupy_nginx.server.process import Nginx

HEAD = 64 * 1024
"""The number of bytes of a file that are read for its claims."""


def new_generation() -> str:
    return os.urandom(8).hex()


class Trees:
    """The directory of trees of one host."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    @property
    def live(self) -> str:
        """The current tree; empty if there is none."""
        try:
            return os.path.join(self.layout.trees, os.path.basename(os.readlink(self.layout.live)))
        except OSError:
            return ""

    @property
    def is_whole(self) -> bool:
        """Whether the current tree exists."""
        return bool(self.live) and is_tree(self.live)

    def adopt_newest(self, nginx: Nginx) -> bool:
        """Make the newest accepted tree the current one, because the link is lost. Returns whether there was a tree."""
        try:
            found = [entry.path for entry in os.scandir(self.layout.trees) if is_tree(entry.path)]
        except OSError:
            return False
        if not found:
            return False
        # A tree that was being built is newer than the current one, but nginx has not accepted it.
        accepted = [tree for tree in sorted(found, key=os.path.getmtime, reverse=True) if self._accepted(nginx, tree)]
        if accepted:
            self.switch(accepted[0])
        return bool(accepted)

    def _accepted(self, nginx: Nginx, tree: str) -> bool:
        return not nginx.test(self.point_check_at(tree))

    @property
    def generation(self) -> str:
        return os.path.basename(self.live)

    def apps(self, tree: str = "") -> list[AppName]:
        names = names_in(os.path.join(tree or self.live, "apps"))
        return [AppName(name.removesuffix(".conf")) for name in sorted(names) if name.endswith(".conf")]

    def text(self, app: AppName, tree: str = "", *, head: bool = False) -> str:
        """The app's file, or with `head` its beginning; empty if it has none."""
        try:
            with open(os.path.join(tree or self.live, "apps", f"{app}.conf"), encoding="utf-8") as file:
                text = file.read(HEAD if head else -1)
        except (FileNotFoundError, NotADirectoryError):
            return ""
        streams = "" if head else content(os.path.join(tree or self.live, "streams", f"{app}.conf"))
        return text + (STREAMS + streams if streams else "")

    def default(self) -> str:
        return content(os.path.join(self.live, "default.conf"))

    def stage(self, generation: str, texts: Mapping[AppName, str], default: str, *, without: set[AppName]) -> str:
        """Build a tree from the current one, with these files replaced and some left out. It is durable afterwards."""
        tree = os.path.join(self.layout.trees, generation)
        apps, streams, main = (os.path.join(tree, name) for name in ("apps", "streams", "main"))
        for directory in (apps, streams, main):
            make_directory(directory, 0o750)
        for directory in (self.layout.base, self.layout.trees, tree, apps, streams, main):
            self.layout.hand_over(directory)
        live = self.live
        direct_before = {*names_in(os.path.join(live, "streams"))}
        for app in self.apps(live):
            if app not in texts and app not in without:
                name = f"{app}.conf"
                os.link(f"{live}/apps/{name}", f"{apps}/{name}")
                if name in direct_before:
                    os.link(f"{live}/streams/{name}", f"{streams}/{name}")
        failpoint("nginx: tree linked")
        for app, text in texts.items():
            web, _, direct = text.partition(STREAMS)
            self._write(os.path.join(apps, f"{app}.conf"), web)
            if direct:
                self._write(os.path.join(streams, f"{app}.conf"), direct)
        self._write(os.path.join(tree, "default.conf"), default)
        if os.listdir(streams):  # nginx without its module refuses the word itself
            self._write(os.path.join(main, "streams.conf"), MAIN)
        for directory in (apps, streams, main, tree, self.layout.trees):
            sync(directory)
        failpoint("nginx: tree staged")
        return tree

    def _write(self, path: str, text: str) -> None:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(fd)
        self.layout.hand_over(path)

    def switch(self, tree: str) -> None:
        """Make a tree the current one, by one rename."""
        self._link(os.path.join("trees", os.path.basename(tree)), self.layout.live)
        sync(self.layout.base)

    def point_check_at(self, tree: str) -> str:
        """Point the twin of nginx's configuration directory to this tree. Returns the twin's nginx.conf."""
        check = self.layout.check
        make_directory(check, 0o750)
        self.layout.hand_over(check)
        wanted = {name: os.path.join(self.layout.etc, name) for name in os.listdir(self.layout.etc)}
        wanted["dokkupy.d"] = tree
        for name in os.listdir(check):
            if name not in wanted:
                os.unlink(os.path.join(check, name))
        for name, target in wanted.items():
            self._link(target, os.path.join(check, name))
        return os.path.join(check, "nginx.conf")

    def _link(self, target: str, path: str) -> None:
        try:
            if os.readlink(path) == target:
                return
        except OSError:
            pass
        temporary = f"{path}.{os.getpid()}.tmp"
        if os.path.lexists(temporary):
            os.unlink(temporary)
        os.symlink(target, temporary)
        self.layout.hand_over(temporary)
        os.replace(temporary, path)

    def sweep(self, *keep: str) -> None:
        """Remove all trees except the current one and `keep`."""
        spared = {os.path.basename(tree) for tree in (self.live, *keep) if tree}
        try:
            names = os.listdir(self.layout.trees)
        except FileNotFoundError:
            return
        for name in names:
            if name not in spared:
                remove_tree(os.path.join(self.layout.trees, name))
        for name in os.listdir(self.layout.base):
            if name.endswith(".tmp"):
                os.unlink(os.path.join(self.layout.base, name))


def names_in(directory: str) -> list[str]:
    """The names of the files in a directory; none if it does not exist."""
    try:
        return os.listdir(directory)
    except OSError:
        return []


def content(path: str) -> str:
    """A file's text; empty when it is not there."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return ""


def is_tree(path: str) -> bool:
    return os.path.exists(os.path.join(path, "default.conf")) and os.path.isdir(os.path.join(path, "apps"))


def remove_tree(path: str) -> None:
    import shutil

    shutil.rmtree(path, ignore_errors=True)


def sync(path: str) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
