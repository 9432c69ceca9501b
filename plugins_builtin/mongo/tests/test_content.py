"""What a dump contains, how damaged dumps are detected, and who may see which data."""

from __future__ import annotations

import io
import os
import re
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import gridfs
import pymongo
import pytest
from bed.servers import server
from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from dokkupy_mongo.datastore import Mongo
from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.names import Secret
from dokkupy_sdk.testing.effort import amount, stride
from dokkupy_services import records
from dokkupy_services.data import moving, pipes
from dokkupy_services.data.subject import ServiceSubject
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle.container import Exec
from dokkupy_services.lifecycle.service import ServiceOptions
from dokkupy_services.model import Service
from dokkupy_services.names import ServiceName
from dokkupy_services.testing.hosts import host_for_services
from pymongo.errors import OperationFailure, WriteError

from plugins_builtin.mongo.tests import clients

MANY = amount(100_000, 500)
SECOND = "reporter"
FILE = os.urandom(amount(3_000_000, 600_000))
AWKWARD: list[dict[str, Any]] = [
    {"_id": "unicode", "Grüße": "世界 \U0001f600 \u202e", "nul": "a\x00b", "empty": "", "dotted.key": 1, "$dollar": 2},
    {"_id": "binary", "b": Binary(bytes(range(256)) * 3), "typed": Binary(b"\x00" * 16, 4), "user": Binary(b"x", 128)},
    {
        "_id": "numbers",
        "d": Decimal128("0.1"),
        "nan": Decimal128("NaN"),
        "wide": Decimal128("9" * 34),
        "i": 1,
        "f": 1.0,
        "l": Int64(1),
        "big": Int64(2**63 - 1),
        "small": 5e-324,
        "inf": float("-inf"),
        "zero": -0.0,
    },
    {
        "_id": "dates",
        "old": datetime(1, 1, 1, tzinfo=UTC),
        "now": datetime(2026, 2, 28, 12, 0, 0, 1000, tzinfo=UTC),
        "stamp": Timestamp(1, 2),
    },
    {"_id": "nested", "a": [[], [[1, [2, [None]]]], {"x": {"y": [{}]}}], "null": None, "t": True},
    {
        "_id": "kinds",
        "r": Regex("^a.*b$", "im"),
        "code": Code("function() {}"),
        "min": MinKey(),
        "max": MaxKey(),
        "o": ObjectId("5f5b1c9e8d3b2a0001234567"),
    },
    {"_id": ObjectId("5f5b1c9e8d3b2a0001234568")},
    {"_id": 7},
    {"_id": 7.5},
    {"_id": {"a": 1, "b": [2]}},
    {"_id": "large", "text": "x" * amount(4_000_000, 400_000)},
]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with host_for_services(tmp_path_factory.mktemp("host"), "mongo") as made:
        yield made


@pytest.fixture(scope="module")
def datastore(host: Host) -> Mongo:
    found = records.datastore(host, "mongo")
    assert isinstance(found, Mongo)
    return found


def made(host: Host, datastore: Mongo, name: str = "") -> Exec:
    options = ServiceOptions(image=server("mongo:8"))
    service = lifecycle.create(host, datastore, ServiceName(name or f"m-{secrets.token_hex(3)}"), options)
    return Exec(host, service, service.container)


@pytest.fixture(scope="module")
def inside(host: Host, datastore: Mongo) -> Exec:
    """A service with difficult content. The app's user made all of it, except the second user."""
    found = made(host, datastore)
    with clients.as_app(found) as db:
        db.things.insert_many(AWKWARD)
        db.create_collection("capped", capped=True, size=8192, max=5)
        db.capped.insert_many([{"_id": number} for number in range(9)])
        db.validated.insert_one({"_id": "older than the rule"})
        db.command("collMod", "validated", validator={"$jsonSchema": {"required": ["name"]}}, validationLevel="strict")
        db.validated.insert_one({"_id": "newer", "name": "Ann"})
        people = db["people of Köln"]
        people.insert_many(
            [{"mail": f"{n}@x", "at": datetime.now(UTC), "text": "lorem ipsum", "a": n, "b": -n} for n in range(50)]
        )
        people.create_index("mail", unique=True)
        people.create_index("at", expireAfterSeconds=86400 * 365)
        people.create_index([("a", 1), ("b", -1)], name="both")
        people.create_index("a", name="partial", partialFilterExpression={"a": {"$gt": 10}})
        people.create_index("missing", sparse=True)
        db.create_collection("empty")
        db.create_collection("adults", viewOn="people of Köln", pipeline=[{"$match": {"a": {"$gte": 18}}}])
        gridfs.GridFS(db).put(FILE, filename="ﬁle.bin", metadata={"k": [1]})
        for first in range(0, MANY, 2_000):
            db.many.insert_many(
                {"n": n, "text": f"row {n}", "f": n * 1.5} for n in range(first, min(first + 2_000, MANY))
            )
        db.many.create_index("n", unique=True)
    with clients.as_root(found) as db:
        db.command(
            "createRole",
            "looks",
            privileges=[{"resource": {"db": db.name, "collection": "things"}, "actions": ["find"]}],
            roles=[],
        )
        db.command("createUser", SECOND, pwd="second-canary", roles=[{"role": "looks", "db": db.name}])
    return found


def taken_along(facts: dict[str, str]) -> dict[str, str]:
    """The invariants that the stand-in for mongorestore restores (README): all except further users."""
    return {name: value for name, value in facts.items() if name != f"user {SECOND}"}


def documents(db: clients.Content) -> dict[str, list[Any]]:
    names = sorted(db.list_collection_names())
    return {name: sorted(map(repr, db[name].find())) for name in names if name not in ("many", "fs.chunks")}


def dumped(datastore: Mongo, inside: Exec, argv: tuple[str, ...] = ()) -> bytes:
    out = io.BytesIO()
    pipes.dump(datastore, inside, out.write, argv)
    return out.getvalue()


@pytest.fixture(scope="module")
def whole(datastore: Mongo, inside: Exec) -> bytes:
    return dumped(datastore, inside)


@pytest.fixture(scope="module")
def target(host: Host, datastore: Mongo) -> Exec:
    return made(host, datastore)


# what a dump contains


def test_a_clone_equals_the_original_and_its_duration_is_printed(
    host: Host, datastore: Mongo, inside: Exec, capsys: pytest.CaptureFixture[str]
) -> None:
    times = [time.monotonic()]
    before = dict(datastore.invariants(inside))
    times.append(time.monotonic())
    copy = moving.clone(
        host, datastore, inside.service.name, ServiceName(f"m-{secrets.token_hex(3)}"), ServiceOptions()
    )
    there = Exec(host, copy, copy.container)
    times.append(time.monotonic())
    assert taken_along(dict(datastore.invariants(there))) == taken_along(before)
    assert before["collection many: documents"] == str(MANY)
    assert f"user {SECOND}" in before and "role looks" in before
    with clients.as_app(inside) as db, clients.as_app(there) as other:
        assert documents(other) == documents(db)
        assert gridfs.GridFS(other).find_one({"filename": "ﬁle.bin"}).read() == FILE  # type: ignore[union-attr]
        assert other.capped.options()["capped"] is True and other.capped.options() == db.capped.options()
        assert other["people of Köln"].index_information() == db["people of Köln"].index_information()
        with pytest.raises(WriteError, match="validation"):
            other.validated.insert_one({"_id": "breaks the rule"})
    lifecycle.destroy(host, datastore.kind, copy.name, purge=True)
    with capsys.disabled():
        print(f"\n{MANY} documents and more: facts {times[1] - times[0]:.1f} s, clone {times[2] - times[1]:.1f} s")


@pytest.mark.parametrize("zipped", [True, False])
def test_archive_of_a_database_with_another_name_is_imported_into_this_one(
    host: Host, datastore: Mongo, inside: Exec, target: Exec, zipped: bool
) -> None:
    argv = datastore.export(inside.service)
    archive = dumped(datastore, inside, argv if zipped else tuple(word for word in argv if word != "--gzip"))
    assert datastore.check_dump(archive[:65536], archive[-65536:], len(archive)) == ""
    pipes.restore(datastore, target, [archive])
    with clients.as_app(inside) as db, clients.as_app(target) as other:
        assert other.name != db.name and documents(other) == documents(db)
    with clients.as_root(target) as db:
        assert inside.service.database not in db.client.list_database_names()


def test_an_archive_of_several_databases_is_refused(datastore: Mongo, inside: Exec, target: Exec) -> None:
    with clients.as_root(target) as db:
        for name in ("one", "two"):
            db.client[name].t.insert_one({})
        argv = tuple(word for word in datastore.export(target.service) if not word.startswith("--db="))
        archive = dumped(datastore, target, argv)
        with pytest.raises(DokkupyError) as caught:
            pipes.restore(datastore, target, [archive])
        assert "several databases" in "\n".join(caught.value.details)
        for name in ("one", "two"):
            db.client.drop_database(name)


def test_import_removes_what_is_not_in_the_dump(datastore: Mongo, target: Exec, whole: bytes) -> None:
    with clients.as_app(target) as db:
        db.leftover.insert_one({})
        db.things.insert_one({"_id": "leftover"})
    pipes.restore(datastore, target, [whole])
    with clients.as_app(target) as db:
        assert "leftover" not in db.list_collection_names() and db.things.count_documents({}) == len(AWKWARD)


# detection of damage


def test_truncated_dump_is_recognized_by_its_end(datastore: Mongo, whole: bytes) -> None:
    assert datastore.check_dump(whole[:65536], whole[-65536:], len(whole)) == ""
    cuts = {*range(200), *(len(whole) - cut for cut in range(1, 300)), *range(0, len(whole), 65537)}
    for cut in sorted(cuts):
        part = whole[:cut]
        assert datastore.check_dump(part[:65536], part[-65536:], cut), cut


@pytest.mark.parametrize("part", [0, 3, 10, 40, 0.5, 0.1, 0.999, -19, -1, -22][:: stride(3)])
def test_truncated_dump_is_never_restored_without_an_error(
    datastore: Mongo, target: Exec, whole: bytes, part: float
) -> None:
    cut = int(part * len(whole)) if isinstance(part, float) else part % len(whole)
    with pytest.raises(DokkupyError):
        pipes.restore(datastore, target, [whole[:cut]])


@pytest.mark.parametrize("part", [1, 0.9, 0.3, 30, -1, -9][:: stride(3)])
def test_truncated_export_is_never_imported_without_an_error(
    datastore: Mongo, inside: Exec, target: Exec, part: float
) -> None:
    archive = dumped(datastore, inside, datastore.export(inside.service))
    cut = int(part * len(archive)) if isinstance(part, float) else part % len(archive)
    with pytest.raises(DokkupyError):
        pipes.restore(datastore, target, [archive[:cut]])


PARTIAL = {
    "cut": '/opt/real/mongodump "$@" | head -c 100000',
    # The last of several equal options wins, so this is a complete archive of only one collection.
    "without the others": '/opt/real/mongodump "$@" --collection=things',
    "nothing": "exit 0",
    "a failure": '/opt/real/mongodump "$@" | head -c 100000; exit 3',
}


@pytest.mark.parametrize("how", PARTIAL)
def test_incomplete_output_of_a_tool_that_reports_success_is_detected(
    host: Host, datastore: Mongo, inside: Exec, how: str
) -> None:
    tool = "/usr/local/bin/mongodump"
    inside.run(["install", "-D", tool, "/opt/real/mongodump"])
    try:
        inside.run(["sh", "-c", f"cat >{tool}; chmod 755 {tool}"], stdin=f"#!/bin/bash\n{PARTIAL[how]}\n".encode())
        subject = ServiceSubject(host, "mongo", inside.service.name)
        pieces: list[bytes] = []
        if how == "without the others":
            # The archive is complete but has less content, so only a comparison after the restore detects it.
            subject.dump(pieces.append)
            before, after = dict(subject.invariants()), dict(subject.verify(pieces, subject.describe()))
            assert any("content of many" in line for line in pipes.compare(before, after))
        else:
            with pytest.raises(DokkupyError):
                subject.dump(pieces.append)
    finally:
        inside.run(["mv", "/opt/real/mongodump", tool])


def test_changed_byte_index_or_option_changes_the_invariants(datastore: Mongo, target: Exec, whole: bytes) -> None:
    pipes.restore(datastore, target, [whole])
    before = dict(datastore.invariants(target))
    with clients.as_app(target) as db:
        db.many.update_one({"n": 5}, {"$set": {"f": 7.6}})
        db["people of Köln"].drop_index("both")
        db.command("collMod", "validated", validationLevel="moderate")
        db.create_collection("new")
    names = {line.partition(":")[0] for line in pipes.compare(before, dict(datastore.invariants(target)))}
    assert names == {
        "content of many",
        "content of new",
        "collection new",
        "collection people of Köln",
        "collection validated",
    }


# permissions


def test_an_app_sees_its_database_and_nothing_else(inside: Exec) -> None:
    with clients.as_app(inside) as db:
        assert db.command("connectionStatus")["authInfo"]["authenticatedUsers"] == [
            {"user": inside.service.user, "db": inside.service.database}
        ]
        for refused in (
            lambda: db.client.other.t.insert_one({}),
            lambda: db.client.other.t.find_one(),
            lambda: db.client.admin["system.users"].find_one(),
            lambda: db.client.admin.command("getLog", "global"),
            lambda: db.command("createUser", "mine", pwd="x", roles=[]),
        ):
            with pytest.raises(OperationFailure) as caught:
                refused()
            assert caught.value.code == 13  # Unauthorized


def test_server_refuses_connections_without_the_password(inside: Exec) -> None:
    with pytest.raises(OperationFailure, match="[Aa]uthentication failed"):
        with clients.as_app(inside, Secret("wrong-password")) as db:
            db.things.find_one()
    with pymongo.MongoClient[dict[str, Any]](clients.address(inside)) as client:
        with pytest.raises(OperationFailure) as caught:
            client[inside.service.database].things.find_one()
        assert caught.value.code == 13


def test_restored_users_do_not_change_who_may_log_in(datastore: Mongo, target: Exec, whole: bytes) -> None:
    pipes.restore(datastore, target, [whole])
    with clients.as_app(target) as db:
        assert db.things.count_documents({}) == len(AWKWARD)


def test_connect_opens_the_service_s_database_as_administrator(datastore: Mongo, inside: Exec) -> None:
    text = b"print('in ' + db.getName())\nprint('users ' + db.getSiblingDB('admin').getUsers().users.length)\nexit\n"
    found_text = inside.run(datastore.connect(inside.service), stdin=text)
    assert f"in {inside.service.database}" in found_text and "users 1" in found_text


def test_no_password_is_in_processes_environments_or_files(
    host: Host, datastore: Mongo, inside: Exec, target: Exec
) -> None:
    service: Service = inside.service
    seen = [subprocess.check_output(["docker", "inspect", service.container]).decode()]
    stop = threading.Event()
    look = "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' '\\n'"

    def watch() -> None:
        while not stop.is_set():
            seen.append(
                subprocess.run(
                    ["docker", "exec", service.container, "bash", "-c", look], capture_output=True
                ).stdout.decode()
            )

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        datastore.invariants(inside)
        dumped(datastore, inside)
        datastore.secure(inside)
        inside.run(datastore.connect(service), stdin=b"db.things.countDocuments()\nexit\n")
    finally:
        stop.set()
        thread.join()
    seen += [line.decode(errors="replace") for _, line in host.sessions().logs(service.container)]
    # Files that programs leave, such as the shell's logs.
    seen.append(
        inside.run(
            [
                "bash",
                "-c",
                "find /tmp /root /data/db -name '*log*' -type f -exec cat {} +; find /data/db -name '.mongo*'",
            ]
        )
    )
    text = "\n".join(seen)
    assert "mongodump" in text and "mongosh" in text
    for secret in (service.password.reveal(), service.root_password.reveal()):
        assert secret not in text


# start and stop


def pid_of(container: str) -> int:
    """The id of the server's process; 0 while it has none."""
    return int(subprocess.check_output(["docker", "inspect", "-f", "{{.State.Pid}}", container]))


def test_what_was_acknowledged_survives_sigkill(host: Host, datastore: Mongo, target: Exec) -> None:
    with clients.as_app(target) as db:
        db.get_collection("kept", write_concern=pymongo.WriteConcern(j=True)).insert_many({"n": n} for n in range(1000))
    first = pid_of(target.container)
    os.kill(first, signal.SIGKILL)
    deadline = time.monotonic() + 120
    while pid_of(target.container) in (0, first) or not datastore.ready(target):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    with clients.as_app(target) as db:
        assert db.kept.count_documents({}) == 1000


def test_server_stops_cleanly_within_the_stop_timeout(host: Host, datastore: Mongo, target: Exec) -> None:
    lifecycle.set_state(host, datastore, target.service.name, "paused", "pause")
    found = host.containers().find(target.container)
    assert found is not None and found.exit_code == 0
    lifecycle.set_state(host, datastore, target.service.name, lifecycle.RUNNING, "start")


# configuration for the official image and tools


def test_service_cannot_have_the_name_of_a_database_of_the_server(datastore: Mongo) -> None:
    assert datastore.database_of("local") == "local_app" and datastore.database_of("my-app.x") == "my_app_x"


def test_only_patch_releases_share_data(datastore: Mongo) -> None:
    assert datastore.keeps_data("8.0.4", "8.0.16") and not datastore.keeps_data("8.0.4", "8.2.1")


def test_tools_read_the_password_from_a_file(datastore: Mongo, inside: Exec) -> None:
    service = inside.service
    words = " ".join((*datastore.dump(service), *datastore.export(service), *datastore.restore(service)))
    assert len(re.findall(r"--config=/run/dokkupy/tools.yaml", words)) == 3 and "--password" not in words
    assert (
        datastore.container_config(service).files["tools.yaml"].reveal()
        == f'password: "{service.root_password.reveal()}"\n'
    )
