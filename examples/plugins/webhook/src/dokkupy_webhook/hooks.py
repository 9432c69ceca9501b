"""Observes how deploys and backups end, and what crashes. What an observer raises is a warning: what it observed stands."""

from __future__ import annotations

from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.names import AppName

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dokkupy_sdk.model import Crash, Deployment


@hookimpl
def on_deploy_finished(host: Host, app: AppName, deployment: Deployment | None, outcome: str, reason: str) -> None:
    release = deployment.release if deployment is not None else None
    facts = {
        "app": str(app),
        "kind": deployment.kind if deployment is not None else "",
        "outcome": outcome,
        "reason": reason,
        "release": release.number if release is not None else None,
        "revision": release.revision if release is not None else "",
    }
    notify(host, app, "deploy_finished", facts)


@hookimpl(optionalhook=True)  # another plugin's hook, and that may not be installed
def on_backup_finished(host: Host, subject: str, outcome: str, reason: str) -> None:
    kind, _, name = subject.partition(":")
    app = AppName(name) if kind == "app" else None
    notify(host, app, "backup_finished", {"subject": subject, "outcome": outcome, "reason": reason})


@hookimpl
def on_process_crashed(host: Host, crash: Crash) -> None:
    facts = {
        "app": str(crash.app) if crash.app is not None else None,
        "subject": crash.subject,
        "process": crash.process,
        "exit_code": crash.exit_code,
        "signal": crash.signal,
        "out_of_memory": crash.oom,
        "restarts": crash.restarts,
        "crashed_at": crash.at,
    }  # not its output, which may hold secrets
    notify(host, crash.app, "process_crashed", facts)


@hookimpl(optionalhook=True)
def on_cron_finished(
    host: Host,
    app: AppName | None,
    task: str,
    run: str,
    outcome: str,
    exit_code: int | None,
    seconds: float,
    reason: str,
) -> None:
    if outcome not in ("failed", "timed-out", "lost", "missed"):
        return
    facts = {
        "app": str(app) if app is not None else None,
        "task": task,
        "run": run,
        "outcome": outcome,
        "exit_code": exit_code,
        "seconds": seconds,
        "reason": reason,
    }
    notify(host, app, "cron_failed", facts)  # not its output either


def notify(host: Host, app: AppName | None, event: str, facts: dict[str, Any]) -> None:
    from dokkupy_webhook.settings import SETTINGS

    if not SETTINGS.get(host.store, app, "url"):
        return  # before anything heavy is imported
    from dokkupy_webhook.send import send

    for delivery in send(host, app, event, facts):
        if delivery.error:
            host.out.warn(f"Plugin webhook could not notify {delivery.place}: {delivery.error}")
