"""The audit's verdict, for `audit:verify` and the doctor."""

from __future__ import annotations

import os

from dokkupy_sdk import Host
from dokkupy_sdk.model import Finding

from dokkupy_host.audit import first_key
from dokkupy_host.audit.trail import lines
from dokkupy_host.audit.verify import Verdict, verify


def examine_audit(host: Host) -> tuple[Verdict, bool]:
    """The verdict, and whether the seals were checked."""
    first = first_key.first_key()
    return verify(lines(host), first, first_key.current_key(host)), first is not None


def audit_finding(host: Host) -> Finding:
    verdict, is_sealed = examine_audit(host)
    if verdict.problems:
        more = f", and {len(verdict.problems) - 1} more" if len(verdict.problems) > 1 else ""
        return Finding("audit", "error", verdict.problems[0] + more, "sudo dokkupy audit:verify")
    if is_sealed:
        return Finding("audit", "ok", f"the audit is complete: {verdict.lines} lines")
    if os.path.exists(first_key.PATH):
        return Finding(
            "audit", "ok", f"the numbers of the audit's {verdict.lines} lines have no gap; only root can check more"
        )
    return Finding("audit", "warning", "the lines of the audit are not sealed", "sudo dokkupy setup")
