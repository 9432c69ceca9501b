"""The client's own flags, before the command; all others are the host's."""

from __future__ import annotations

import os

from dokkupy_client.faults import Fault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

WITH_VALUE = {"--app": "app", "-a": "app", "--remote": "remote", "-r": "remote", "--app-path": "folder"}
OF_THE_HOST = ("--quiet", "--trace", "--force")


class Typed:
    """words: the command and its arguments. flags: the host's global flags. app, remote, folder: the client's."""

    __slots__ = ("app", "flags", "folder", "remote", "words")

    def __init__(self) -> None:
        self.words: list[str] = []
        self.flags: list[str] = []
        self.app = ""
        self.remote = ""
        self.folder = os.environ.get("DOKKU_APP_PATH", "")


def split(words: Sequence[str]) -> Typed:
    found = Typed()
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if name in WITH_VALUE:
            if not equals and not rest:
                raise Fault(f"The flag {name} has no value", f"Such as: dokku {name} NAME ps")
            value = value if equals else rest.pop(0)
            if not value:  # "$APP" of a script, unset: another app than the one that was meant would be changed
                raise Fault(f"The value of the flag {name} is empty", f"Such as: dokku {name} NAME ps")
            setattr(found, WITH_VALUE[name], value)
        elif word in OF_THE_HOST:
            found.flags.append(word)
        elif name == "--label":
            found.flags += [word] if equals else [word, *rest[:1]]
            rest = rest if equals else rest[1:]
        else:
            found.words = [*([] if word == "--" else [word]), *rest]
            break
    return found
