"""The timer handles crashed servers, and leaves alone those that were stopped on purpose."""

from __future__ import annotations

import os
import time

import pytest
from dokkupy_sdk import Host
from dokkupy_sdk.events import latest
from dokkupy_sdk.model import Crash
from dokkupy_services import records
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.names import ServiceName
from dokkupy_services.timer import maintenance
from dokkupy_services.timer.supervise import CrashesFile

from plugins_builtin.services.tests.on_fakes import DB, engine_of, fake, new


@pytest.fixture
def host(empty_host: Host) -> Host:
    return empty_host


def test_a_service_whose_plugin_is_gone_is_left_alone_and_reported(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    new(host)
    monkeypatch.setattr(records, "kinds", lambda host: [])
    assert maintenance.bring_up_all(host) == []
    assert [one.level for one in maintenance.findings(host)] == ["error"]


def test_the_timer_changes_nothing_if_all_is_as_it_should_be(host: Host) -> None:
    for name in ("db", "paused", "stopped"):
        new(host, name)
    lifecycle.set_state(host, fake(host), ServiceName("paused"), "paused", "pause")
    lifecycle.set_state(host, fake(host), ServiceName("stopped"), "stopped", "stop")
    journals = os.listdir(host.path("journal", "closed"))
    assert maintenance.bring_up_all(host) == []
    assert os.listdir(host.path("journal", "closed")) == journals
    engine_of(host).containers.start("dokku.fake.paused")
    assert maintenance.bring_up_all(host) == ["fake:paused: paused"]


def test_a_crashed_server_is_reported_like_a_crashed_app_and_restarted(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Crash] = []
    monkeypatch.setattr(host.hooks, "notify", lambda spec, host, crash: seen.append(crash))
    service, engine = new(host), engine_of(host)
    engine.output["serve"] = [f"FATAL: password {service.password.reveal()}".encode()]
    assert maintenance.supervise(host) == []
    engine.end(service.container, 137, at=time.time(), oom=True, restarted=True)
    assert maintenance.supervise(host) == []
    assert [(one.subject, one.app, one.process, one.exit_code, one.oom) for one in seen] == [
        ("fake:db", None, service.container, 137, True)
    ]
    assert seen[0].lines == ("FATAL: password ***",)
    assert [one.level for one in maintenance.findings(host)] == ["warning"]
    assert "out of memory, 1 restart" in maintenance.findings(host)[0].message
    engine.end(service.container, 3, at=time.time())
    assert maintenance.supervise(host) == ["fake:db: started"]
    assert [(one.exit_code, one.restarts) for one in seen[1:]] == [(3, 1)]
    event = latest(host, 1)[0]
    assert (event["event"], event["service"], event["exit_code"]) == ("process_crashed", "fake:db", "3")


def test_crash_after_the_clock_was_set_back_a_year_is_reported(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Crash] = []
    monkeypatch.setattr(host.hooks, "notify", lambda spec, host, crash: seen.append(crash))
    service, engine = new(host), engine_of(host)
    maintenance.supervise(host)
    record = host.store.load(CrashesFile)
    host.store.save(record.replace(looked=time.time() + 365 * 86400))
    engine.end(service.container, 3, at=time.time())
    assert maintenance.supervise(host) == ["fake:db: started"]
    assert [one.exit_code for one in seen] == [3]


def test_a_server_that_was_stopped_or_removed_by_hand_or_by_a_boot_did_not_crash(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Crash] = []
    monkeypatch.setattr(host.hooks, "notify", lambda spec, host, crash: seen.append(crash))
    service, engine = new(host), engine_of(host)
    maintenance.supervise(host)
    engine.containers.stop(service.container, timeout=1)
    assert maintenance.supervise(host) == ["fake:db: started"]
    engine.containers.remove(service.container)
    assert maintenance.supervise(host) == ["fake:db: its container was created again"]
    engine.end(service.container, 1, at=time.time())
    engine.forget_endings()
    assert maintenance.supervise(host) == ["fake:db: started"]
    lifecycle.set_state(host, fake(host), DB, "paused", "pause")
    assert maintenance.supervise(host) == []
    assert seen == []
