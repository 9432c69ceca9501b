"""The command of a container, arranged so that the stop signal reaches the process that does the work.

The engine gives the stop signal (the image's own STOPSIGNAL, else SIGTERM) to its init, and that to the one process
that it started. Where this is a shell, or something else that does not wait for its children, the container ends at
once and the app is killed. So `pass_signals.sh` stands before every command of a Procfile, before an image's command
that a shell runs, and before a program that may start others. It is a shell script, because a shell is the only program
that such an image certainly has. Not used, although simpler:

- `exec` in front of the text reaches neither `cd x && cmd` nor what a script starts;
- the init's TINI_KILL_PROCESS_GROUP kills the workers of a server (Celery, Resque) with the jobs that the server would
  have waited for, and the init still ends with the shell, before the app has done what it does on SIGTERM.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterable, Sequence
from functools import cache

from dokkupy_sdk.model import Image
from dokkupy_sdk.roles import Container, Images

SHELLS = frozenset(("sh", "bash", "dash", "ash", "ksh", "zsh"))
RUNNERS = frozenset(("npm", "npx", "yarn", "pnpm", "bundle", "make"))
"""Programs that run the app as a child, mostly by a shell."""

SHELL = "/bin/sh"
FIRST_LINE = "# Runs its arguments and passes signals on to them."

SHELL_LABEL = "dokkupy.has-shell"
"""The label of an app's containers with whether their image has SHELL. Looking into the image takes a container of its own,
so a restart reads the label instead. Empty if nobody looked; always set, because an image may have a label of this name."""

Words = tuple[str, ...]


class Shells:
    """Which images have SHELL: read once from a container's label, or else from the image."""

    def __init__(self) -> None:
        self.known: dict[str, bool] = {}

    def recall(self, present: Iterable[Container]) -> None:
        """Read the labels of containers of apps."""
        for one in present:
            if "dokkupy.app" in one.labels and (text := one.labels.get(SHELL_LABEL)):
                self.known.setdefault(one.image, text == "true")

    def has(self, images: Images, image: Image) -> bool:
        if image.id not in self.known:
            self.known[image.id] = images.has_file(image.id, SHELL)
        return self.known[image.id]

    def label(self, image: Image | None) -> dict[str, str]:
        """The label for a container of this image."""
        found = None if image is None else self.known.get(image.id)
        return {SHELL_LABEL: "" if found is None else "true" if found else "false"}


@cache
def script() -> str:
    with open(os.path.join(os.path.dirname(__file__), "pass_signals.sh"), encoding="utf-8") as file:
        return file.read()


def passing(shell: str) -> Words:
    """Arguments that run the arguments after them, and pass signals on to that command."""
    return (shell, "-c", script(), shell)


def started(
    shells: Shells,
    images: Images,
    image: Image | None,
    command: Words | str | None,
    *,
    interpreter: str,
    init: bool,
    options: Sequence[str],
) -> tuple[Words | None, Words | None]:
    """(entry point, command) of a container; None: the image's own. command: the text of a Procfile, words or None."""
    words = (interpreter, "-c", command) if isinstance(command, str) else command
    own_entry = any(option.partition("=")[0] == "--entrypoint" for option in options)
    if image is None or own_entry:
        return None, words
    if isinstance(command, str):
        chosen = interpreter if is_shell(interpreter) else ""
    else:
        # Without the init, the user expects the image's program as process 1.
        chosen = shell_for(shells, images, image, (*image.entrypoint, *(words or image.command))) if init else ""
    if not chosen:
        return None, words
    return (*passing(chosen), *image.entrypoint), (image.command if words is None else words)


def is_shell(program: str) -> bool:
    return os.path.basename(program) in SHELLS


def shell_for(shells: Shells, images: Images, image: Image, argv: Words) -> str:
    """The shell that passes signals on to an image's own command; empty if none is needed, or if the image has no
    shell."""
    if not argv or is_shell(argv[0]):
        return argv[0] if argv else ""
    if "/" in argv[0] or argv[0].endswith(".sh") or argv[0] in RUNNERS:
        return SHELL if shells.has(images, image) else ""
    return ""


def without_passing(argv: Words) -> Words:
    """The command of a container for people, without the part that passes signals on."""
    if len(argv) > 3 and argv[1] == "-c" and argv[2].startswith(FIRST_LINE):
        return argv[4:]
    return argv


def text_without_passing(text: str) -> str:
    """The same for the engine's one-line form, in which arguments with spaces are quoted."""
    if FIRST_LINE not in text:
        return text
    _, found, rest = text.partition(f"'{script()}' ")
    return rest.partition(" ")[2] if found else text
