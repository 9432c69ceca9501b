"""The record of a backup, its manifest. Pure.

It is kept in the state of the host and, as a second snapshot beside the dump's, in the repository: what it must have to
be listed is in that snapshot's tags, all of it in its content. The manifest is written last, and is what makes a backup
one: a dump's snapshot without it is a remainder of something that was interrupted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dokkupy_sdk.errors import StateError, UserError
from dokkupy_sdk.values import dataclass, field, replace

from dokkupy_backups.names import SubjectName

MANIFEST = "manifest.json"
FORMAT = 1
SHOWN_ID = 8


@dataclass(frozen=True, slots=True)
class Record:
    """id, manifest: ids of the two snapshots. identity: of what was backed up (`SubjectName.identity`). host_name: of the host that made it. file: the dump's name in its
    snapshot. why: hand, schedule or safety. started, finished: UTC, ISO 8601. whole: whether all of the manifest is
    here, or only what its tags say. verified: when it was proven, empty when never; failed: why its last proof failed."""

    id: str
    manifest: str
    subject: SubjectName
    target: str
    host_name: str
    file: str
    sha256: str
    size: int
    started: str
    finished: str = ""
    why: str = "hand"
    about: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    plugins: Mapping[str, str] = field(default_factory=dict)
    whole: bool = True
    verified: str = ""
    failed: str = ""
    identity: str = ""

    @property
    def short(self) -> str:
        return self.id[:SHOWN_ID]

    @property
    def state(self) -> str:
        return "failed" if self.failed else "verified" if self.verified else "done"

    def tags(self) -> list[str]:
        return [
            "manifest",
            f"subject={self.subject}",
            f"snapshot={self.id}",
            f"sha256={self.sha256}",
            f"size={self.size}",
            f"started={self.started}",
            f"why={self.why}",
            f"file={self.file}",
            f"identity={self.identity}",
        ]

    def body(self) -> bytes:
        """The content of the manifest's snapshot."""
        return json.dumps(
            {
                "format": FORMAT,
                "id": self.id,
                "subject": self.subject,
                "identity": self.identity,
                "host": self.host_name,
                "file": self.file,
                "sha256": self.sha256,
                "size": self.size,
                "started": self.started,
                "finished": self.finished,
                "why": self.why,
                "about": dict(self.about),
                "facts-before": dict(self.before),
                "facts-after": dict(self.after),
                "plugins": dict(self.plugins),
            },
            indent=1,
        ).encode()

    def row(self) -> dict[str, Any]:
        """The record as JSON of a command."""
        return {
            "id": self.id,
            "subject": str(self.subject),
            "target": str(self.target),
            "host": self.host_name,
            "state": self.state,
            "size": self.size,
            "started": self.started,
            "finished": self.finished,
            "why": self.why,
            "verified": self.verified,
            "failed": self.failed,
        }

    def completed(self, body: bytes) -> Record:
        """The record completed by its manifest. Raises StateError if the manifest is that of another backup."""
        try:
            found = json.loads(body)
            if found["format"] != FORMAT:
                raise StateError(
                    f"The manifest of {self.short} has the format {found['format']}, not {FORMAT}",
                    hint="A newer version of dokkupy made this backup: update dokkupy, then restore it.",
                )
            stored = (found["id"], found["subject"], found["sha256"], found["size"])
        except (ValueError, KeyError, TypeError) as error:
            raise StateError(
                f"The manifest of the backup {self.short} cannot be read",
                hint=f"Its target may be damaged. Check it: dokkupy backups:target-check {self.target}. Or use another backup: dokkupy backups:list {self.subject}",
            ) from error
        if stored != (self.id, self.subject, self.sha256, self.size):
            raise StateError(
                f"The manifest of the backup {self.short} belongs to another backup",
                hint=f"Use another backup: dokkupy backups:list {self.subject}",
            )
        return replace(
            self,
            whole=True,
            finished=str(found["finished"]),
            about=texts(found["about"]),
            before=texts(found["facts-before"]),
            after=texts(found["facts-after"]),
            plugins=texts(found["plugins"]),
        )


def texts(table: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in table.items()}


def from_tags(manifest: str, host_name: str, tags: Mapping[str, str], target: str) -> Record | None:
    """The record in a manifest's tags; None if they are from another program or a later version."""
    try:
        return Record(
            tags["snapshot"],
            manifest,
            SubjectName(tags["subject"]),
            target,
            host_name,
            tags["file"],
            tags["sha256"],
            int(tags["size"]),
            tags["started"],
            why=tags["why"],
            whole=False,
            identity=tags.get("identity", ""),
        )
    except (KeyError, ValueError, UserError):
        return None


def stamp(moment: datetime) -> str:
    """A time in milliseconds, so that two backups of a subject never have equal stamps, because stamps order them."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
