"""Checks of real containers."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from dokkupy_checks import hooks
from dokkupy_checks.run import stay_alive
from dokkupy_sdk import Host
from dokkupy_sdk.entry import main
from dokkupy_sdk.errors import CheckFailed
from dokkupy_sdk.model import Instance

from plugins_builtin.checks.tests.conftest import APP, Start, docker, release, times

pytestmark = pytest.mark.docker

HTTPD = "mkdir -p /www/cgi-bin; echo 'all is well' > /www/index.html; exec httpd -f -p 5000 -h /www"
SILENT = "exec sleep 300"


def healthchecks(*entries: dict[str, Any], process: str = "web") -> dict[str, str]:
    rows = [{"type": "startup", **entry} for entry in entries]
    return {"app.json": json.dumps({"healthchecks": {process: rows}})}


def open_at_the_first_report(host: Host, start: Start) -> Instance:
    """A web that listens once the check has printed that it waits."""
    instance = start(f"until [ -e /tmp/go ]; do sleep 0.1; done; {HTTPD}")
    host.out.on["Still waiting for"] = lambda: docker("exec", instance.id, "touch", "/tmp/go")  # type: ignore[attr-defined]
    return instance


def test_a_web_that_listens_passes_at_once_by_default(host: Host, start: Start) -> None:
    instance = start(HTTPD)
    times(host, wait="3600")  # an answered check does not wait for this
    hooks.check(host, release(), [instance])
    assert "web.1     answers on port 5000" in host.out.text  # type: ignore[attr-defined]


def test_a_web_that_starts_late_passes_soon_after_it_listens(
    host: Host, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dokkupy_checks.probe.REPORT", 1.0)
    times(host, wait="3600")  # between attempts, not between looks at the port
    hooks.check(host, release(), [open_at_the_first_report(host, start)])
    assert "web.1     answers on port 5000" in host.out.text  # type: ignore[attr-defined]


def test_a_web_that_never_listens_fails_with_the_reason(host: Host, start: Start) -> None:
    instance = start(SILENT)
    times(host, attempts="1", timeout="1", wait="0")
    with pytest.raises(CheckFailed) as caught:
        hooks.check(host, release(), [instance])
    assert "nothing listened" in caught.value.message
    assert "it listens on no port" in caught.value.message
    assert caught.value.instances == (instance,)


def test_the_error_says_that_web_listens_only_on_loopback(host: Host, start: Start) -> None:
    instance = start("exec httpd -f -p 127.0.0.1:5000 -h /www")
    times(host, attempts="1", timeout="1")
    with pytest.raises(CheckFailed, match="it listens on 127.0.0.1 only") as caught:
        hooks.check(host, release(), [instance])
    assert caught.value.states[0].listens == ("127.0.0.1:5000",)


def test_the_error_names_the_port_on_which_web_listens_instead(host: Host, start: Start) -> None:
    instance = start("exec httpd -f -p 3000 -h /www")
    times(host, attempts="1", timeout="1")
    with pytest.raises(CheckFailed, match=r"it listens on .*:3000"):
        hooks.check(host, release(), [instance])


def test_an_instance_that_exits_fails_at_once_with_its_exit_code(host: Host, start: Start) -> None:
    good, bad = start(SILENT, "worker"), start("sleep 0.5; exit 7", "web")

    with pytest.raises(CheckFailed, match=r"blog web\.1 ended with exit code 7 while it was checked") as caught:
        hooks.check(host, release(), [good, bad])
    assert caught.value.instances == (bad,)
    assert "worker.1  up for" not in host.out.text  # type: ignore[attr-defined]


def test_an_instance_that_the_engine_restarts_has_failed(host: Host, start: Start) -> None:
    instance = start("sleep 0.3; exit 1", "worker", options=("--restart", "on-failure:5"))
    times(host, default_wait="5")
    with pytest.raises(CheckFailed, match=r"worker\.1 ended"):
        hooks.check(host, release(), [instance])


def test_a_new_instance_that_was_restarted_before_the_first_look_has_failed(host: Host, start: Start) -> None:
    instance = start("[ -e /tmp/once ] && sleep 60; touch /tmp/once; exit 1", "worker", options=("--restart", "always"))
    while not host.instances().status([instance])[0].restarts:
        time.sleep(0.05)
    times(host, default_wait="1")
    hooks.check(host, release(), [instance])
    with pytest.raises(CheckFailed, match=r"worker\.1 ended"):
        hooks.check(host, release(), [instance], new=True)


def test_idle_workers_pass_before_the_whole_wait_is_over(host: Host, start: Start) -> None:
    workers = [start(SILENT, "worker") for _ in range(3)]
    hooks.check(host, release(), workers)
    assert "worker.3  up for" in host.out.text  # type: ignore[attr-defined]


def test_a_worker_that_fails_after_its_imports_has_failed(host: Host, start: Start) -> None:
    instance = start("sleep 1.5; exit 1", "worker")
    with pytest.raises(CheckFailed, match=r"worker\.1 ended with exit code 1") as caught:
        hooks.check(host, release(), [instance])
    assert [(row.state, row.exit_code) for row in caught.value.states] == [("exited", 1)]


def test_a_worker_that_ends_without_an_error_has_failed_too(host: Host, start: Start) -> None:
    instance = start("sleep 0.3", "worker")
    with pytest.raises(CheckFailed, match=r"worker\.1 ended with exit code 0"):
        hooks.check(host, release(), [instance])


def test_a_set_wait_is_kept_exactly(host: Host, start: Start) -> None:
    times(host, default_wait="1")
    hooks.check(host, release(), [start(SILENT, "worker")])
    kept = re.search(r"worker\.1  up for ([\d.]+) s", host.out.text)  # type: ignore[attr-defined]
    assert kept and float(kept[1]) >= 1


def test_path_checks_status_and_content(host: Host, start: Start) -> None:
    instance = start(HTTPD)
    hooks.check(host, release(healthchecks({"path": "/", "content": "all is well"})), [instance])
    quick = {"attempts": 2, "wait": 0, "timeout": 2}
    with pytest.raises(CheckFailed, match="after 2 attempts: GET / was answered with 200, but without 'gone'"):
        hooks.check(host, release(healthchecks({"path": "/", "content": "gone", **quick})), [instance])
    with pytest.raises(CheckFailed, match="GET /absent was answered with 404, expected 2xx"):
        hooks.check(host, release(healthchecks({"path": "/absent", **quick})), [instance])


def test_the_request_carries_the_first_real_domain_and_the_sources_own_headers(host: Host, start: Start) -> None:
    script = (
        "mkdir -p /www/cgi-bin; printf '#!/bin/sh\\necho; echo host=$HTTP_HOST agent=$HTTP_USER_AGENT' "
        "> /www/cgi-bin/e;"
        "busybox chmod +x /www/cgi-bin/e; exec httpd -f -p 5000 -h /www"
    )
    instance = start(script)
    entry = {
        "path": "/cgi-bin/e",
        "content": "host=blog.example.com agent=mine",
        "attempts": 1,
        "httpHeaders": [{"name": "User-Agent", "value": "mine"}],
    }
    hooks.check(host, release(healthchecks(entry)), [instance])


def test_an_answer_that_arrives_byte_by_byte_is_cut_off_at_the_timeout(host: Host, start: Start) -> None:
    drip = "printf 'HTTP/1.1 200 OK\\r\\nContent-Length: 1000\\r\\n\\r\\n'; while sleep 0.3; do echo x; done"
    instance = start(
        f"echo '#!/bin/sh' > /tmp/d; echo \"{drip}\" >> /tmp/d; busybox chmod +x /tmp/d;"
        "while true; do nc -l -p 5000 -e /tmp/d; done"
    )
    entry = {"path": "/", "content": "never", "attempts": 1, "timeout": 1, "port": 5000}
    # The whole answer, which takes 150 s, would be one without 'never'.
    with pytest.raises(CheckFailed, match="no answer within 1 s|failed: "):
        hooks.check(host, release(healthchecks(entry)), [instance])


def test_command_checks_run_inside_the_container_and_are_repeated_until_they_pass(host: Host, start: Start) -> None:
    instance = start("sleep 1.2; touch /tmp/ready; exec sleep 300", "worker")
    entry = {"command": ["test", "-e", "/tmp/ready"], "attempts": 60, "wait": 1}
    hooks.check(host, release(healthchecks(entry, process="worker")), [instance])
    with pytest.raises(CheckFailed, match="the command exited with 3: out"):
        entry = {"command": ["sh", "-c", "echo out; exit 3"], "attempts": 1}
        hooks.check(host, release(healthchecks(entry, process="worker")), [instance])
    with pytest.raises(CheckFailed, match="the command took more than 1 s"):
        entry = {"command": ["sleep", "30"], "attempts": 1, "timeout": 1}
        hooks.check(host, release(healthchecks(entry, process="worker")), [instance])


def test_all_checks_of_all_instances_run_at_the_same_time(host: Host, start: Start, tmp_path: Path) -> None:
    """Each command waits until all six have begun."""
    workers = [start(SILENT, "worker", options=("-v", f"{tmp_path}:/met")) for _ in range(3)]
    script = "busybox mktemp /met/XXXXXX; until [ $(busybox ls /met/?????? | busybox wc -l) = 6 ]; do sleep 0.1; done"
    entries: list[dict[str, Any]] = [{"command": ["sh", "-c", script], "attempts": 1, "timeout": 60}] * 2
    hooks.check(host, release(healthchecks(*entries, process="worker")), workers)
    assert len(list(tmp_path.glob("?" * 6))) == 6


def test_a_warning_only_check_does_not_fail_the_deploy(host: Host, start: Start) -> None:
    instance = start(HTTPD)
    hooks.check(host, release(healthchecks({"path": "/no", "warn": True, "attempts": 1})), [instance])
    assert "warning only" in host.out.text  # type: ignore[attr-defined]


def test_on_failure_runs_its_command_in_the_container(host: Host, start: Start) -> None:
    instance = start(HTTPD)
    entry = {
        "path": "/no",
        "attempts": 1,
        "onFailure": {"command": ["sh", "-c", "echo notified from $HOSTNAME"], "url": "http://127.0.0.1:1/x"},
    }
    with pytest.raises(CheckFailed):
        hooks.check(host, release(healthchecks(entry)), [instance])
    text = host.out.text  # type: ignore[attr-defined]
    assert f"notified from {instance.id[:12]}" in text
    assert "'127.0.0.1' is an address of the host, private or reserved" in text


def test_skipped_and_disabled_types_are_not_checked(host: Host, start: Start) -> None:
    instance = start(SILENT)
    hooks.check(host, release(skipped="web"), [instance])
    hooks.check(host, release(disabled="_all_"), [instance])
    assert "Checks are disabled for: web" in host.out.text and "web.1" not in host.out.text  # type: ignore[attr-defined]


def test_a_legacy_file_is_used_with_a_warning(host: Host, start: Start) -> None:
    instance = start(HTTPD)
    hooks.check(host, release({"CHECKS": "WAIT=0\nATTEMPTS=1\n/index.html all is well\n"}), [instance])
    text = host.out.text  # type: ignore[attr-defined]
    assert "CHECKS is deprecated" in text and "web.1     GET /index.html 200" in text


def test_a_port_that_speaks_no_http_passes_in_the_end(host: Host, start: Start) -> None:
    instance = start("while true; do nc -l -p 5000 -e /bin/true; done")
    hooks.check(host, release(), [instance])


def deployed(host: Host, *instances: Instance) -> None:
    """State in which these instances serve."""
    rows = [
        {
            "process": str(one.process),
            "index": one.index,
            "id": one.id,
            "name": one.name,
            "address": one.address,
            "port": one.port,
            "release": 1,
            "deployment": "d",
        }
        for one in instances
    ]
    record = {"number": 1, "image": "sha256:0", "created_at": "", "source": "git-hook"}
    times(host, attempts="1", timeout="1")
    host.store.write("apps", APP, "releases", "000001", data=record)
    host.store.write("apps", APP, "deployment", data={"release": 1, "id": "1", "instances": rows})


def test_the_command_checks_the_running_instances(host: Host, start: Start, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["checks:run", "blog"], host=host) == 1
    assert "App blog has not been deployed" in capsys.readouterr().err
    deployed(host, start(HTTPD), start(SILENT), start(SILENT, "worker"))
    assert main(["checks:run", "blog", "worker"], host=host) == 0
    assert main(["checks:run", "blog", "web.1"], host=host) == 0
    assert main(["checks:run", "blog", "worker,web.1"], host=host) == 0
    capsys.readouterr()
    assert main(["checks:run", "blog", "web.2,worker"], host=host) == 1
    assert "blog web.2 failed its check: nothing listened" in capsys.readouterr().err
    for which, complaint in (("web.3", "no web.3"), ("web.x", "not a number"), ("cron", "runs no cron")):
        assert main(["checks:run", "blog", which], host=host) == 1
        assert complaint in capsys.readouterr().err


def test_a_failing_check_does_not_wait_for_a_command_that_hangs(host: Host, start: Start) -> None:
    instance = start(HTTPD)
    hangs = {"command": ["sleep", "6000"], "timeout": 6000}  # longer than a test may take
    with pytest.raises(CheckFailed, match="404"):
        hooks.check(host, release(healthchecks(hangs, {"path": "/no", "attempts": 1})), [instance])


def test_a_web_that_is_busy_gets_more_time_and_the_user_hears_until_when(
    host: Host, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dokkupy_checks.probe.REPORT", 1.0)
    times(host, attempts="1", timeout="1", wait="0", max_wait="300")
    host.scheduler(APP).working = True  # type: ignore[attr-defined]
    hooks.check(host, release(), [open_at_the_first_report(host, start)])
    text = host.out.text  # type: ignore[attr-defined]
    assert re.search(r"Still waiting for web\.1 on port 5000 \(1 of at most \d+ s, busy\)", text)
    assert "web.1     answers on port 5000" in text


def test_a_web_that_stays_busy_fails_at_max_wait_and_the_error_names_the_properties(host: Host, start: Start) -> None:
    times(host, attempts="1", timeout="1", wait="0", max_wait="3")
    host.scheduler(APP).working = True  # type: ignore[attr-defined]
    with pytest.raises(CheckFailed, match=r"within ([3-9]|\d\d+) s") as caught:
        hooks.check(host, release(), [start(SILENT)])
    assert "checks:set blog attempts N (now 1), timeout SECONDS (now 1)" in caught.value.hint
    assert [row.state for row in caught.value.states] == ["running"]


def test_a_web_that_answers_and_then_ends_has_failed(host: Host, start: Start) -> None:
    instance = start("httpd -p 5000 -h /www; sleep 1; exit 3")
    with pytest.raises(CheckFailed, match=r"web\.1 ended with exit code 3"):  # noqa: PT012
        hooks.check(host, release(), [instance])
        while True:
            stay_alive(host, release(), [instance], since=time.monotonic())
