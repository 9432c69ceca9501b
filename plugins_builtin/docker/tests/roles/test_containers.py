"""The rights that every container lacks."""

from __future__ import annotations

from pathlib import Path

import pytest
from dokkupy_docker.options.translate import body_of
from dokkupy_docker.roles.containers import confine
from dokkupy_sdk import Host
from dokkupy_sdk.testing import fake_host

pytestmark = pytest.mark.unit


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = fake_host(tmp_path, plugins=("docker",))
    made.store.write("apps", "blog", "app", data={"created_at": "now"})
    return made


@pytest.mark.parametrize(
    ("words", "security", "dropped", "pids"),
    [
        ([], ["no-new-privileges"], ["NET_RAW"], 4096),
        (["--security-opt", "seccomp=unconfined"], ["seccomp=unconfined", "no-new-privileges"], ["NET_RAW"], 4096),
        (["--security-opt", "no-new-privileges:false"], ["no-new-privileges:false"], ["NET_RAW"], 4096),
        (["--cap-add", "cap_net_raw"], ["no-new-privileges"], None, 4096),
        (["--cap-add", "ALL"], ["no-new-privileges"], None, 4096),
        (["--cap-drop", "ALL"], ["no-new-privileges"], ["ALL", "NET_RAW"], 4096),
        (["--pids-limit", "-1"], ["no-new-privileges"], ["NET_RAW"], -1),
        (["--privileged"], None, None, 4096),
    ],
)
def test_containers_lack_rights_unless_an_option_allows_them_by_name(
    words: list[str], security: list[str] | None, dropped: list[str] | None, pids: int
) -> None:
    host = body_of(words)["HostConfig"]
    confine(host)
    assert (host.get("SecurityOpt"), host.get("CapDrop"), host["PidsLimit"]) == (security, dropped, pids)


@pytest.mark.parametrize(
    ("words", "labels", "score"),
    [
        ([], {"dokkupy.app": "blog"}, 500),
        (["--oom-score-adj", "0"], {"dokkupy.app": "blog"}, 0),
        ([], {"dokkupy.service": "db"}, None),
    ],
)
def test_the_kernel_kills_apps_before_services_when_memory_ends(
    words: list[str], labels: dict[str, str], score: int | None
) -> None:
    host = body_of(words)["HostConfig"]
    confine(host, labels)
    assert host.get("OomScoreAdj") == score
