"""Services as the cause of an app's failure: one that is stopped, or that the app uses without a link."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from dokkupy_sdk import Host
from dokkupy_sdk.diagnosis import FACT, Cause, Evidence
from dokkupy_sdk.names import AppName

from dokkupy_services import records
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle.service import RUNNING
from dokkupy_services.model import Service, hostname_of


def service_causes(host: Host, app: AppName, evidence: Evidence) -> Iterator[Cause]:
    linked = [service for service, _ in records.linked_services(host, app)]
    down = [one for one in linked if one.state != RUNNING or not lifecycle.is_up(host, one)]
    yield from of_stopped(app, down)
    yield from of_unlinked(evidence, [one for one in records.services(host) if one not in linked])


def of_stopped(app: AppName, down: Iterable[Service]) -> Iterator[Cause]:
    for one in down:
        if one.state != RUNNING:
            yield Cause(f"{one.subject}, which {app} uses, is stopped", (f"{one.kind}:start {one.name}",), sure=FACT)
        else:
            fix = f"See why: {one.kind}:logs {one.name}; then {one.kind}:restart {one.name}"
            yield Cause(f"{one.subject}, which {app} uses, is not running", (fix,), sure=FACT)


def of_unlinked(evidence: Evidence, others: Iterable[Service]) -> Iterator[Cause]:
    """A service whose host name is in the output of an app without a link to it. Other services are not named, because
    they may belong to other apps."""
    named = {name.rstrip(".") for line in evidence.text for name in re.findall(r"[\w.-]+", line)}
    for one in others:
        if hostname_of(one.kind, one.name) in named:
            yield Cause(
                f"{evidence.app} calls {one.subject}, which is not linked to it",
                (f"{one.kind}:link {one.name} {evidence.app}",),
                sure=FACT,
            )
