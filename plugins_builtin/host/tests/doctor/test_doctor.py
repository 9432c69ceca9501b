"""What the doctor reports."""

from __future__ import annotations

import os
from pathlib import Path

from dokkupy.host import Host
from dokkupy_host.doctor import interpreter
from dokkupy_host.doctor.examination import examine, scratch_finding


def test_the_doctor_reports_a_gap_in_the_audit(host: Host) -> None:
    def levels() -> dict[str, str]:
        return {found.check: found.level for found in examine(host)}

    for command in ("a", "b", "c"):
        host.audit.record(who="ann", command=command, status=0)
    before = levels()
    assert (before["audit"], before["owner"]) == ("warning", "ok")  # no seals without setup
    audit = Path(host.audit.path)
    audit.write_text("".join(audit.read_text().splitlines(keepends=True)[::2]))
    assert levels()["audit"] == "error"


def test_an_interpreter_in_an_inaccessible_directory_is_reported(host: Host, tmp_path: Path) -> None:
    program = tmp_path / "home" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text("")
    program.chmod(0o755)
    (tmp_path / "home").chmod(0o700)
    for uid, closed in ((os.getuid(), ""), (64999, str(tmp_path / "home"))):
        assert interpreter.blocked(str(program), uid, uid, 0o1) == closed
    assert interpreter.finding(host).level == "ok"


def test_temporary_files_of_ended_programs_are_counted(host: Host) -> None:
    children = Path(host.path("tmp", "children"))
    children.mkdir(parents=True)
    (children / "new").write_text("used")
    assert scratch_finding(host).message.startswith("1 temporary files")
