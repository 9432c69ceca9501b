"""What use cases and plugins say while they work. The command line decides how it looks; nothing else prints."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO


class Console:
    """A silent console, and the interface of the others.

    The prefixes are Dokku's (reference, section 2.2): `section` is `-----> `, `title` is `=====> `, `detail` is
    seven spaces; `warn` goes to standard error with ` !     `. `header` is a title that `--quiet` leaves out.
    """

    log: IO[str] | None = None
    """A file that gets every line too: the log of a build."""

    is_json = False
    """Whether the answer is JSON for a program. Standard output is that document alone, so progress goes to standard
    error."""

    held: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def announce(self, text: str, *details: str) -> None:
        """Say as a section what a command is about to do. It appears with the operation's first step: what is refused
        before, for want of a permission or for a bad value, has announced nothing."""
        self.held = (*self.held, (text, details))

    def proceed(self) -> None:
        """What was announced begins, or has been done."""
        held, self.held = self.held, ()
        for text, details in held:
            self.section(text)
            for detail in details:
                self.detail(detail)

    def retract(self) -> None:
        """What was announced does not happen."""
        self.held = ()

    def section(self, text: str) -> None: ...

    def title(self, text: str) -> None: ...

    def header(self, text: str) -> None: ...

    def detail(self, text: str) -> None: ...

    def warn(self, text: str) -> None: ...

    def debug(self, text: str) -> None: ...

    def stream(self, line: str, *, error: bool = False) -> None:
        """A line that a build or a container printed; control sequences are made harmless."""
        self.detail(line)

    def progress(self, text: str) -> None:
        """What is going on right now, for a terminal's last line; nothing is kept of it elsewhere."""
