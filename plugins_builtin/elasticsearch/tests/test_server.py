"""Promises of a service of Elasticsearch, on the real server, which is started twice."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import replace

import pytest
from bed.servers import server
from dokkupy_sdk import Host
from dokkupy_services import records
from dokkupy_services.data import moving
from dokkupy_services.lifecycle import container
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle.container import Exec
from dokkupy_services.lifecycle.service import ServiceOptions
from dokkupy_services.names import ServiceName
from dokkupy_services.role import Datastore
from dokkupy_services.testing.hosts import host_for_services

from plugins_builtin.elasticsearch.tests.requests import as_app, count, put, refuses


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with host_for_services(tmp_path_factory.mktemp("host"), "elasticsearch") as made:
        yield made


@pytest.fixture(scope="module")
def datastore(host: Host) -> Datastore:
    return records.datastore(host, "elasticsearch")


@pytest.fixture(scope="module")
def inside(host: Host, datastore: Datastore) -> Exec:
    options = ServiceOptions(image=server("elasticsearch:8.19.7"))
    service = lifecycle.create(host, datastore, ServiceName(f"es-{secrets.token_hex(3)}"), options)
    return Exec(host, service, service.container)


def test_a_wrong_password_is_refused_and_none_is_in_the_container_s_configuration(
    host: Host, datastore: Datastore, inside: Exec
) -> None:
    assert refuses(inside)
    spec = container.spec_of(host, datastore, inside.service, name="x", instance="x")
    seen = json.dumps([*spec.options, *(spec.command or ()), *(one.reveal() for one in spec.env.values())])
    seen += inside.run(("cat", "/usr/share/elasticsearch/config/users"))
    for secret in (inside.service.password, inside.service.root_password):
        assert secret.reveal() not in seen


def test_an_app_uses_indices_and_does_not_administer_the_server(inside: Exec) -> None:
    template = '{"index_patterns": ["made-*"], "template": {"settings": {"number_of_replicas": 0}}}'
    assert as_app(inside, "PUT", "_index_template/made", template)["acknowledged"]
    assert as_app(inside, "PUT", "made-1/_doc/1?refresh=true", "{}")["result"] == "created"
    repository = '{"type": "fs", "settings": {"location": "x"}}'
    for method, path, body in (
        ("PUT", "_snapshot/x", repository),
        ("PUT", "_cluster/settings", '{"persistent": {"cluster.max_shards_per_node": 2}}'),
        ("GET", "_security/user", ""),
    ):
        assert as_app(inside, method, path, body)["status"] == 403


def test_the_port_of_clusters_is_on_loopback(inside: Exec) -> None:
    for port, is_open in ((9300, False), (9200, True)):
        assert inside.ok(("bash", "-c", f"exec 3<>/dev/tcp/service/{port}")) is is_open


def test_a_clone_by_a_snapshot_has_the_data_templates_and_passwords_of_its_own(
    host: Host, datastore: Datastore, inside: Exec
) -> None:
    put(inside, 0, 500)
    before = datastore.invariants(inside)
    assert before["documents of rows"] == "500"
    copy = moving.clone(host, datastore, inside.service.name, ServiceName(f"{inside.service.name}-2"), ServiceOptions())
    there = Exec(host, copy, copy.container)
    assert count(there) == 500 and datastore.invariants(there) == before
    assert as_app(there, "GET", "_index_template/made")["index_templates"]
    assert as_app(there, "GET", "rows/_count", password=inside.service.password.reveal())["status"] == 401
    put(there, 500, 501)
    assert datastore.invariants(there) != before and count(inside) == 500
    # a dump leaves no file, and no repository in the server
    for one in (inside, there):
        assert ".dokkupy" not in one.run(("ls", "-A", datastore.data))
        assert one.run(("curl", "-sS", "-K", "/run/dokkupy/curl", "http://127.0.0.1:9200/_snapshot")) == "{}"


def test_truncated_archive_is_refused(datastore: Datastore, inside: Exec) -> None:
    whole = b"".join(moving.pipes.pieces_of(datastore, inside))
    assert datastore.check_dump(whole[:65536], whole[-65536:], len(whole)) == ""
    half = whole[: len(whole) // 2]
    assert "end of the archive" in datastore.check_dump(half[:65536], half[-65536:], len(half))


def test_the_heap_is_half_of_a_memory_limit_and_small_without_one(datastore: Datastore, inside: Exec) -> None:
    assert datastore.container_config(inside.service).env["ES_JAVA_OPTS"].reveal() == "-Xms512m -Xmx512m"
    assert datastore.container_config(replace(inside.service, memory="2g")).env == {}
