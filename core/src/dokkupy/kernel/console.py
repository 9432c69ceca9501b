"""The output of use cases and plugins while they work. The command line decides how it looks; nothing else prints."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO


class Console:
    """A silent console, and the interface of the others. The prefixes are Dokku's (reference, section 2.2): `section` is
    `-----> `, `title` is `=====> `, `detail` is seven spaces; `warn` and `error` go to standard error with ` !     `.
    `header` is a title that `--quiet` leaves out."""

    log: IO[str] | None = None
    """A file that also receives every line, such as the log of a build."""

    is_json = False
    """Whether the result is JSON. Standard output then holds that document alone, and progress goes to standard error."""
    held: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def announce(self, text: str, *details: str) -> None:
        """Hold what a command is about to do. The operation's first step prints it; a refused command announces nothing."""
        self.held = (*self.held, (text, details))

    def proceed(self) -> None:
        """Print the announcement, because the work begins or is done."""
        held, self.held = self.held, ()
        for text, details in held:
            self.section(text)
            for detail in details:
                self.detail(detail)

    def retract(self) -> None:
        """Drop the announcement, because the work does not happen."""
        self.held = ()

    def section(self, text: str) -> None: ...

    def title(self, text: str) -> None: ...

    def header(self, text: str) -> None: ...

    def detail(self, text: str) -> None: ...

    def warn(self, text: str) -> None: ...

    def error(self, text: str) -> None:
        self.warn(text)

    def debug(self, text: str) -> None: ...

    def stream(self, line: str, *, error: bool = False) -> None:
        """Print a line from a build or a container, without its control sequences."""
        self.detail(line)

    def record(self, line: str) -> None:
        """Write a line to the log alone, because it is of use only to somebody who looks for a fault."""
        if self.log is not None:
            self.log.write(f"       {line}\n")

    def progress(self, text: str) -> None:
        """Show on a terminal's last line what is happening now. It is recorded nowhere."""
