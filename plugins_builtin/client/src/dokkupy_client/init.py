"""`dokku init HOST [APP]`: a git remote, a key that the host knows, an app."""

from __future__ import annotations

import os
import sys

from dokkupy_client import remotes, ssh
from dokkupy_client.faults import Fault
from dokkupy_client.programs import captured, run
from dokkupy_client.remotes import DEFAULT, Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from dokkupy_client.arguments import Typed

KEYS = ("id_ed25519.pub", "id_ecdsa.pub", "id_rsa.pub")
USAGE = "Usage: dokku init HOST [APP] [--add-key NAME]"


def init(words: Sequence[str], typed: Typed) -> int:
    """Each step that is done already is left as it is, so it can be repeated."""
    names, key_name = [], ""
    rest = list(words)
    while rest:
        word = rest.pop(0)
        flag, equals, value = word.partition("=")
        if flag == "--add-key":
            key_name = value if equals else rest.pop(0) if rest else ""
            if not key_name:
                raise Fault("--add-key has no name for the key", USAGE)
        elif word.startswith("-"):
            raise Fault(f"init has no flag {word[:60]}", USAGE)
        else:
            names.append(word)
    if not 1 <= len(names) <= 2:
        raise Fault("init takes a host, and the name of an app", USAGE)
    if not is_repository(typed.folder):
        raise Fault(f"{typed.folder or os.getcwd()} is not in a git repository", "First: git init", 1)
    user, host, port = remotes.split_login(names[0])
    target = Target(host, user=user, port=port or os.environ.get("DOKKU_PORT", ""))
    app = names[1] if len(names) > 1 else typed.app or folder_name(typed.folder)
    name = typed.remote or DEFAULT
    require_free(target, app, name, typed.folder)
    if key_name:
        upload(target, key_name)
    require_access(target)
    create(target, app)
    add_remote(target, app, name, typed.folder)
    print(f"=====> {app} is ready: git push {name} HEAD:main")
    return 0


def upload(target: Target, name: str) -> None:
    """Add this machine's key over root's login, the one way before any key is known. The key goes by standard input."""
    key = public_key()
    as_root = Target(target.host, user="root", port=target.port)
    with open(key, "rb") as file:
        text = file.read()
    print(f"-----> Adding {key} as {name}, over {as_root.login}", flush=True)
    status = run(ssh.command(as_root, ["dokku", "ssh-keys:add", name]), stdin=text)
    if status != 0:
        raise Fault(f"The key was not added (exit status {status})", "The reason is above.", status)


def public_key() -> str:
    folder = os.path.join(os.path.expanduser("~"), ".ssh")
    for name in KEYS:
        if os.path.exists(os.path.join(folder, name)):
            return os.path.join(folder, name)
    raise Fault(f"{folder} has no public key", "Make one: ssh-keygen -t ed25519")


def require_access(target: Target) -> None:
    """Raise Fault unless the host knows the key."""
    status, _, err = captured(ssh.command(target, ["version"]))
    if status == 0:
        return
    text = err.decode("utf-8", "replace").strip()
    sys.stderr.write(text + "\n" if text else "")
    if status != ssh.FAILED:
        raise Fault(f"{target.host} refused the command version (exit status {status})", "", status)
    if "Permission denied" not in text:
        raise Fault(f"{target.host} cannot be reached by ssh", "Check the name, the port and the network.", status)
    raise Fault(
        f"{target.host} does not know the key of this machine",
        "If you may log in there as root, type the same with --add-key YOUR-NAME. Otherwise send an admin of the host your "
        "public key, to be added with ssh-keys:add: " + hint_of_key(),
        status,
    )


def hint_of_key() -> str:
    try:
        return public_key()
    except Fault as fault:
        return fault.hint


def create(target: Target, app: str) -> None:
    if captured(ssh.command(target, ["apps:exists", app]))[0] == 0:
        print(f"-----> The app {app} exists", flush=True)
        return
    status = run(ssh.command(target, ["apps:create", app]))
    if status != 0:
        raise Fault(f"The app {app} was not created", "The reason is above. The git remote is as it was.", status)


def require_free(target: Target, app: str, name: str, folder: str) -> str:
    """Raise Fault where a git remote of this name leads elsewhere. Returns the URL that it has; empty for none."""
    present = remotes.configured(folder)[0].get(name, "")
    if present not in ("", target.url(app)):
        raise Fault(
            f"The git remote {name} is {present}, not {target.url(app)}",
            "Choose another name: dokku --remote NAME init ...",
        )
    return present


def add_remote(target: Target, app: str, name: str, folder: str) -> None:
    if require_free(target, app, name, folder):
        return
    url = target.url(app)
    status = run([*remotes.git(folder), "remote", "add", "--", name, url])
    if status != 0:
        raise Fault(f"git did not add the remote {name}", "The reason is above.", status)
    print(f"-----> Added the git remote {name}: {url}", flush=True)


def is_repository(folder: str) -> bool:
    return captured([*remotes.git(folder), "rev-parse", "--git-dir"])[0] == 0


def folder_name(folder: str) -> str:
    """The name of the repository's folder, in the letters that an app may have."""
    _, out, _ = captured([*remotes.git(folder), "rev-parse", "--show-toplevel"])
    name = os.path.basename(out.decode("utf-8", "replace").strip() or os.getcwd()).lower()
    kept = "".join(mark if mark.isascii() and mark.isalnum() else "-" for mark in name).strip("-")
    return kept or "app"
