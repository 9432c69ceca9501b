"""Maintenance of the host: the timer's work, and recovery after a crash."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Iterable, Mapping
from functools import partial
from importlib import import_module

from dokkupy_apps.processes.reconcile import reconcile
from dokkupy_apps.rollout.retire import retire_due
from dokkupy_sdk import Host
from dokkupy_sdk.errors import Busy, HostError, Interrupted
from dokkupy_sdk.hooks import on_recover, scheduled_jobs
from dokkupy_sdk.locks import holder, is_maintenance
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import messages, operation, unfinished
from dokkupy_sdk.records import Record
from dokkupy_sdk.reserve import fill_reserve

from dokkupy_host.supervise.apps import supervise
from dokkupy_host.timer import RECOVER, TICK, temporary


class JobsFile(Record, file="global/tick"):
    """When each job of the timer ran last, in epoch seconds."""

    last: Mapping[str, float] = {}


BOOT_SECONDS = 120
"""How long `recover --boot` waits for the engine."""

JOIN_SECONDS = 30.0
"""How long `recover` waits for another recovery that works on the same subject."""


def do_tick(host: Host, patience: float | None = None) -> list[str]:
    """Do what is due now. A failing part causes a warning and does not stop the others.

    patience: seconds to wait for the plugins' jobs, which then continue in a separate process; None waits until they
    end.
    """
    jobs = run_jobs if patience is None else partial(run_jobs_aside, patience=patience)
    lines: list[str] = []
    for part in (
        retire_old,
        recover_unfinished,
        supervise,
        temporary.remove_left_over,
        keep_reserve,
        jobs,
    ):
        try:
            lines += part(host)
        except Interrupted:
            raise
        except Exception as error:
            for text in messages(error):
                host.out.warn(text)
    return lines


def keep_reserve(host: Host) -> list[str]:
    """Keep room for commands that make room on a full disk."""
    fill_reserve(host.root)
    return []


def retire_old(host: Host) -> list[str]:
    return [f"retired {one.name}" for one in retire_due(host)]


def recover_unfinished(host: Host) -> list[str]:
    subjects = {str(entries[0]["subject"]) for _, entries in unfinished(host) if entries}
    return recover_each(host, subjects)[0]


def run_jobs(host: Host) -> list[str]:
    """Run the plugins' jobs that are due."""
    return run_due(host, time.time())


def run_jobs_aside(host: Host, patience: float) -> list[str]:
    """The same in a separate process, for which this waits a limited time, because a backup of hours must not delay the
    next look at crashed processes. The timer's unit does not stop that process."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            run_jobs(host)
            sys.stderr.flush()
        finally:
            os._exit(0)
    descriptor = os.pidfd_open(child)
    try:
        ended = select.select([descriptor], [], [], patience)[0]
    finally:
        os.close(descriptor)
    if ended:
        os.waitpid(child, 0)
        return []
    return [f"left the jobs to process {child}"]


def run_due(host: Host, now: float) -> list[str]:
    """A job that is still running is not started a second time, and does not stop the others."""
    lines = []
    for plugin, job in host.hooks.gather(scheduled_jobs, host=host):
        name = f"{plugin}/{job.name}"  # a job's name is its plugin's own
        try:
            lock = host.lock(f"job:{name}", wait=0, command=host.command or TICK)
        except Busy:
            continue
        try:
            since = now - host.store.load_derived(JobsFile).last.get(name, 0)
            if 0 <= since < job.every:  # negative: the clock was set back, so the job runs now
                continue
            module, _, function = job.run.partition(":")
            try:
                getattr(import_module(module), function)(host)
                lines.append(f"ran {name}")
            except (Exception, SystemExit) as error:
                host.out.warn(f"The job {job.name} of the plugin {plugin} failed: {error}")
            note_run(host, name, now)
        finally:
            lock.release()
    return lines


def note_run(host: Host, name: str, now: float) -> None:
    """Add the times of the jobs that this process ran, because two processes may run jobs at the same time."""
    with host.lock("tick", wait=10, command=host.command or TICK, what="The timer's record"):
        jobs = host.store.load_derived(JobsFile)
        host.store.save(jobs.replace(last={**jobs.last, name: now}))


def recover_subject_of(host: Host, subject: str, *, joins: bool = False) -> list[str]:
    """Finish or undo interrupted operations of one subject; a running one is not touched.

    joins: wait for another recovery, so that the subject is consistent when this returns.
    """
    living = holder(host.root, subject)
    if living and not (joins and is_maintenance(living)):
        return []  # its journal is open because the operation is running; waiting for it would delay all others
    try:
        if subject.startswith("app:") and host.store.has_app(AppName(subject.removeprefix("app:"))):
            return reconcile(host, AppName(subject.removeprefix("app:")))
        with operation(host, RECOVER, subject, wait=JOIN_SECONDS if joins else 0):
            return [f"recovered {subject}"]
    except Busy:
        return []


def describe_unfinished(host: Host) -> list[str]:
    """The plan of a recovery: a line for each interrupted operation."""
    lines = []
    for _, entries in unfinished(host):
        if entries and not holder(host.root, str(entries[0]["subject"])):
            what = "finish" if any(entry["type"] == "commit" for entry in entries) else "roll back"
            lines.append(f"{what} {entries[0]['verb']} of {entries[0]['subject']}")
    return lines


def recover_all(host: Host, *, boot: bool) -> tuple[list[str], list[str]]:
    """(what was done, what failed). An error of one app does not prevent the recovery of others."""
    if boot:
        wait_for_engine(host)
    subjects = {str(entries[0]["subject"]) for _, entries in unfinished(host) if entries}
    host.hooks.notify(on_recover, host=host)
    lines, failed = recover_each(host, subjects | {f"app:{app}" for app in host.store.apps()}, joins=True)
    from dokkupy_host.state.check import faults

    for path, fault in faults(host):
        host.out.warn(f"{fault.message}. {fault.hint}")
        failed.append(path)
    return lines, failed


def recover_each(host: Host, subjects: Iterable[str], *, joins: bool = False) -> tuple[list[str], list[str]]:
    lines: list[str] = []
    failed: list[str] = []
    # Apps come last, because their routes depend on the other subjects (the host's domains), which must be
    # recovered first.
    for subject in sorted(subjects, key=lambda one: (one.startswith("app:"), one)):
        try:
            lines += recover_subject_of(host, subject, joins=joins)
        except Interrupted:
            raise
        except Exception as error:
            for text in messages(error):
                host.out.warn(f"{subject}: {text}")
            failed.append(subject)
    return lines, failed


def wait_for_engine(host: Host) -> None:
    engine = host.engine()
    end = time.monotonic() + BOOT_SECONDS
    while not (ready := engine.prepare()).ready:
        if time.monotonic() > end:
            raise HostError(ready.reason, hint=ready.remedy)
        time.sleep(0.5)
