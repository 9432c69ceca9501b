"""Keeping the host up: the timer's work, recovery after a crash, the doctor."""

from __future__ import annotations

import os
import shutil
import time
from importlib import import_module

from dokkupy import hookspecs
from dokkupy.errors import Busy, DokkupyError, HostFault
from dokkupy.kernel.host import Host
from dokkupy.kernel.operation import as_errors, operation, unfinished
from dokkupy.model.checks import Finding
from dokkupy.model.names import AppName
from dokkupy.usecases.oneoff import retire_runs
from dokkupy.usecases.reconcile import reconcile
from dokkupy.usecases.retire import retire_due

BOOT_SECONDS = 120
"""How long `recover --boot` waits for the engine."""

LOW_DISK = 1024**3
"""Bytes below which the doctor warns."""


def do_tick(host: Host) -> list[str]:
    """What is due now. One part's failure is a warning and does not keep the others from their work."""
    lines = [f"retired {one.name}" for one in retire_due(host)]
    for subject in sorted({str(entries[0]["subject"]) for _, entries in unfinished(host) if entries}):
        lines += recover_subject_of(host, subject)
    try:
        retire_runs(host)
    except DokkupyError as error:
        host.out.warn(error.message)
    return lines + run_jobs(host)


def run_jobs(host: Host) -> list[str]:
    lines = []
    now = time.time()
    last = dict(host.store.read("global", "tick").get("last", {}))
    for plugin, job in host.hooks.gather(hookspecs.scheduled_jobs, host=host):
        if now - float(last.get(job.name, 0)) < job.every:
            continue
        module, _, function = job.run.partition(":")
        try:
            getattr(import_module(module), function)(host)
            lines.append(f"ran {job.name}")
        except Exception as error:
            host.out.warn(f"The job {job.name} of the plugin {plugin} failed: {error}")
        last[job.name] = now
        host.store.write("global", "tick", data={"last": last})
    return lines


def recover_subject_of(host: Host, subject: str) -> list[str]:
    """Finish or undo what is left of one subject; a living operation is left alone."""
    try:
        if subject.startswith("app:") and host.store.has_app(AppName(subject.removeprefix("app:"))):
            return reconcile(host, AppName(subject.removeprefix("app:")))
        with operation(host, "recover", subject, wait=0):
            return [f"recovered {subject}"]
    except Busy:
        return []


def recover_all(host: Host, *, boot: bool) -> tuple[list[str], list[str]]:
    """(what was done, what could not be). One app's trouble does not keep the others down."""
    if boot:
        wait_for_engine(host)
    lines: list[str] = []
    failed: list[str] = []
    subjects = {str(entries[0]["subject"]) for _, entries in unfinished(host) if entries}
    subjects |= {f"app:{app}" for app in host.store.apps()}
    for subject in sorted(subjects):
        try:
            lines += recover_subject_of(host, subject)
        except BaseException as error:
            known = as_errors(error)
            if not known:
                raise
            for one in known:
                host.out.warn(f"{subject}: {one.message}")
            failed.append(subject)
    return lines, failed


def wait_for_engine(host: Host) -> None:
    engine = host.engine()
    end = time.monotonic() + BOOT_SECONDS
    while not (ready := engine.prepare()).ready:
        if time.monotonic() > end:
            raise HostFault(ready.reason, hint=ready.remedy)
        time.sleep(0.5)


def examine(host: Host) -> list[Finding]:
    """What the host is like: core's own findings, the adapters', the plugins'."""
    findings = [state_finding(host), disk_finding(host), audit_finding(host)]
    for role in ("engine", "scheduler", "proxy", "source"):
        try:
            ready = host.role(role, host.only(role)).prepare()
        except DokkupyError as error:
            findings.append(Finding(role, "error", error.message, error.hint))
            continue
        level = "ok" if ready.ready else "error"
        findings.append(Finding(role, level, ready.reason or "ready", "" if ready.ready else ready.remedy))
    findings += [finding for _, finding in host.hooks.gather(hookspecs.doctor_checks, host=host)]
    findings += [
        Finding("plugin", "error", fault.message, fault.hint) for fault in host.hooks.quarantined.values()
    ]
    open_journals = [entries[0]["subject"] for _, entries in unfinished(host) if entries]
    if open_journals:
        findings.append(
            Finding("operations", "warning", f"unfinished: {', '.join(map(str, open_journals))}", "dokkupy recover")
        )
    return findings


def state_finding(host: Host) -> Finding:
    if not os.access(host.root, os.W_OK):
        return Finding("state", "error", f"{host.root} cannot be written", "Run dokkupy setup as root.")
    return Finding("state", "ok", f"{len(host.store.apps())} apps in {host.root}")


def disk_finding(host: Host) -> Finding:
    free = shutil.disk_usage(host.root).free
    text = f"{free / 1024**3:.1f} GiB free"
    return Finding("disk", "ok", text) if free > LOW_DISK else Finding("disk", "warning", text, "dokkupy cleanup")


def audit_finding(host: Host) -> Finding:
    broken = host.audit.broken_at()
    if broken is None:
        return Finding("audit", "ok", "the audit's chain is whole")
    return Finding("audit", "error", f"line {broken} of {host.audit.path} was changed or removed", "Ask who did it.")
