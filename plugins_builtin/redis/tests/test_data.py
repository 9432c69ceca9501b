"""Difficult content in dumps and restores, crashes, damaged dumps, and the secrecy of passwords."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from bed.servers import server
from dokkupy_redis import rdb
from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError, HostError
from dokkupy_sdk.names import EnvKey, Secret
from dokkupy_sdk.testing.effort import amount
from dokkupy_services import records
from dokkupy_services.data import moving, pipes
from dokkupy_services.data.subject import ServiceSubject
from dokkupy_services.lifecycle import container
from dokkupy_services.lifecycle import service as lifecycle
from dokkupy_services.lifecycle.container import Exec
from dokkupy_services.lifecycle.service import ServiceOptions
from dokkupy_services.links import variables as links
from dokkupy_services.names import ServiceName
from dokkupy_services.role import Datastore, ServiceExec
from dokkupy_services.testing.hosts import host_for_services

from plugins_builtin.redis.tests.test_contract import AS_APP, as_app

BYTES = bytes(range(256))
MANY = amount(1_000_000, 20_000)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with host_for_services(tmp_path_factory.mktemp("host"), "redis") as made:
        yield made


@pytest.fixture(scope="module")
def redis(host: Host) -> Datastore:
    return records.datastore(host, "redis")


def create(host: Host, redis: Datastore, version: str = "redis:8", **options: str) -> Exec:
    name = ServiceName(f"rt-{secrets.token_hex(3)}")
    made = lifecycle.create(host, redis, name, ServiceOptions(image=server(version), **options))
    return Exec(host, made, made.container)


def remove(inside: Exec, redis: Datastore) -> None:
    lifecycle.destroy(inside.host, "redis", inside.service.name, purge=True)


@pytest.fixture
def seven(host: Host, redis: Datastore) -> Iterator[Exec]:
    made = create(host, redis, "redis:7")
    yield made
    remove(made, redis)


@pytest.fixture
def eight(host: Host, redis: Datastore) -> Iterator[Exec]:
    made = create(host, redis)
    yield made
    remove(made, redis)


def admin(inside: ServiceExec, *words: str) -> str:
    connect = records.datastore(inside.host, "redis").connect(inside.service)  # type: ignore[attr-defined]
    return inside.run((*connect, "-e", *words)).strip()


def kill(inside: Exec) -> None:
    subprocess.run(["docker", "kill", "--signal", "KILL", inside.container], check=True, capture_output=True)


def resp(*words: bytes | str) -> bytes:
    parts = [word.encode() if isinstance(word, str) else word for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def send(inside: ServiceExec, commands: bytes, *words: str) -> None:
    """Send any bytes, as the app."""
    argv = ("sh", "-euc", AS_APP, "app", *words, "--pipe")
    answer = inside.run(argv, stdin=inside.service.password.reveal().encode() + b"\n" + commands, timeout=120)
    assert "errors: 0" in answer, answer


def fill(inside: ServiceExec, *, large: bool = True) -> None:
    """Add keys of all types, small and large, with bytes that are not text."""
    send(
        inside,
        b"".join(
            (
                resp("SET", "empty", ""),
                resp("SET", BYTES, BYTES),
                resp("SET", "ключ 🗝\n", "значение\r\n\0"),
                resp("SET", "", "the empty key"),
                resp("SET", "number", "12345"),
                resp("SET", "large", BYTES * 12_000),
                resp("APPEND", "raw", "a"),
                resp("SETBIT", "bits", "70000", "1"),
                resp("PFADD", "hll", "a", "b", "c"),
                resp("RPUSH", "list", "", BYTES, "b", "b"),
                resp("SADD", "set", "", BYTES, "ü"),
                resp("SADD", "ints", "1", "2"),
                resp("HSET", "hash", "", "", BYTES, BYTES, "f", "1"),
                resp("ZADD", "zset", "0.1", "a", "-inf", BYTES, "+inf", "", "1e300", "b", "0.12000000000000004", "c"),
                resp("GEOADD", "geo", "13.4", "52.5", "Berlin"),
                resp("SETEX", "soon gone", "100", "x"),
                resp("SET", "gone at once", "x", "PX", "1"),
                resp("XADD", "stream", "1-1", "f", BYTES),
                resp("XADD", "stream", "2-1", "f", "2", "g", ""),
                resp("XADD", "stream", "3-1", "f", "3"),
                resp("XDEL", "stream", "3-1"),
                resp("XGROUP", "CREATE", "stream", BYTES, "0"),
                resp("XGROUP", "CREATE", "stream", "done", "$"),
                resp("XREADGROUP", "GROUP", BYTES, "con sumer", "COUNT", "1", "STREAMS", "stream", ">"),
                resp("SELECT", "9"),
                resp("SET", "elsewhere", "9"),
                resp("SELECT", "15"),
                resp("HSET", "h", "a", "b"),
            )
        ),
    )
    if large:
        fill_large(inside)
    admin(inside, "FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)")
    admin(inside, "ACL", "SETUSER", "reader", "on", ">secret", "%R~cache:*", "+@read", "(~more:* +get)")


def fill_large(inside: ServiceExec) -> None:
    """Add keys that are looked at in parts."""
    for command in (
        "for i = 1, 12000 do redis.call('HSET', 'large hash', 'f' .. i, i) end",
        "for i = 1, 12000 do redis.call('SADD', 'large set', 'm' .. i) end",
        "for i = 1, 12000 do redis.call('ZADD', 'large zset', i / 7, 'm' .. i) end",
        "for i = 1, 12000 do redis.call('RPUSH', 'large list', i) end",
        "for i = 1, 12000 do redis.call('XADD', 'large stream', i .. '-0', 'n', i) end",
    ):
        as_app(inside, "EVAL", command, "0")


def dumped(inside: Exec, redis: Datastore) -> bytes:
    pieces: list[bytes] = []
    pipes.dump(redis, inside, pieces.append)
    return b"".join(pieces)


@pytest.mark.parametrize("versions", [("redis:7", "redis:8"), ("redis:8", "redis:8")])
def test_difficult_content_is_dumped_and_restored(host: Host, redis: Datastore, versions: tuple[str, str]) -> None:
    source, target = (create(host, redis, version) for version in versions)
    fill(source)
    facts = dict(redis.invariants(source))
    counts = {name.removeprefix("database "): value for name, value in facts.items() if "keys of" in name}
    assert counts == {
        "0: keys of type string": "9",
        "0: keys of type hash": "2",
        "0: keys of type zset": "3",
        "0: keys of type list": "2",
        "0: keys of type set": "3",
        "0: keys of type stream": "2",
        "9: keys of type string": "1",
        "15: keys of type hash": "1",
    }
    assert facts["users"] == "reader "
    pipes.transfer(redis, source, target)
    assert dict(redis.invariants(target)) == facts
    assert 0 < int(as_app(target, "TTL", "soon gone")) <= 100
    assert as_app(target, "EXISTS", "gone at once") == "0"
    assert as_app(target, "FCALL", "f", "0") == "1"
    assert as_app(target, "--user", "reader", "GET", "cache:x", password="secret") == ""
    assert admin(target, "INFO", "replication").splitlines()[1].strip() == "role:master"
    assert "restore." not in target.run(["ls", "-A", "/data"])
    # The service keeps its own passwords, and the restored data is on disk.
    with pytest.raises(HostError):
        as_app(target, "PING", password=source.service.password.reveal())
    kill(target)
    assert lifecycle.bring_to_state(host, redis, target.service)
    assert dict(redis.invariants(target)) == facts
    for one in (source, target):
        remove(one, redis)


SMALL_CHANGES = (
    ("APPEND", "large", "x"),
    ("SETRANGE", "large", "2000000", "y"),
    ("LSET", "list", "3", "c"),
    ("SADD", "set", "x"),
    ("HSET", "hash", "f", "2"),
    ("ZADD", "zset", "0.2", "a"),
    ("XACK", "stream", "done", "1-1"),
    ("XADD", "stream", "9-1", "a", "b"),
    ("XGROUP", "SETID", "stream", "done", "1-1"),
    ("SMOVE", "set", "ints", "x"),
    ("RENAME", "number", "numbers"),
    ("-n", "9", "SET", "elsewhere", "8"),
    ("FUNCTION", "FLUSH"),
)
LARGE_CHANGES = (
    ("HSET", "large hash", "f17", "x"),
    ("SREM", "large set", "m17"),
    ("ZADD", "large zset", "3", "m17"),
    ("LSET", "large list", "11999", "x"),
    ("XDEL", "large stream", "11999-0"),
    ("XGROUP", "CREATE", "large stream", "g", "0"),
)


def test_every_change_of_any_type_changes_the_invariants(eight: Exec, redis: Datastore) -> None:
    """The large keys come last, because each look at them takes seconds."""
    fill(eight, large=False)
    for changes in (SMALL_CHANGES, LARGE_CHANGES):
        if changes is LARGE_CHANGES:
            fill_large(eight)
        before = dict(redis.invariants(eight))
        assert dict(redis.invariants(eight)) == before
        for change in changes:
            as_app(eight, *change)
            after = dict(redis.invariants(eight))
            assert (after == before) == (change[0] == "XACK"), change
            before = after


def test_keys_that_expire_are_left_out_of_the_invariants(eight: Exec, redis: Datastore) -> None:
    as_app(eight, "HSET", "session", "user", "1")
    before = dict(redis.invariants(eight))
    as_app(eight, "SETEX", "cache", "1000", "x")
    as_app(eight, "HSET", "session", "token", "2")
    assert dict(redis.invariants(eight)) != before
    as_app(eight, "HEXPIRE", "session", "1000", "FIELDS", "1", "token")
    as_app(eight, "HSET", "all of it", "token", "2")
    as_app(eight, "HEXPIRE", "all of it", "1000", "FIELDS", "1", "token")
    assert dict(redis.invariants(eight)) == before


def test_many_keys_are_dumped_restored_and_compared_in_bounded_time(seven: Exec, redis: Datastore) -> None:
    at_once = min(MANY, 50_000)
    for first in range(0, MANY, at_once):
        many = "for i = ARGV[1], ARGV[1] + ARGV[2] - 1 do redis.call('SET', 'key:' .. i, 'value ' .. i) end"
        as_app(seven, "EVAL", many, "0", str(first), str(at_once))
    assert invariants_within(seven, redis, seconds=10)["database 0: keys of type string"] == str(MANY)
    facts = dict(redis.invariants(seven))
    began = time.monotonic()
    dump = dumped(seven, redis)
    print(f"dump of {MANY} keys: {time.monotonic() - began:.1f} s, {len(dump)} bytes")
    began = time.monotonic()
    moving.put_content(seven.host, redis, seven.service.name, [dump], "import")
    print(f"import of {MANY} keys: {time.monotonic() - began:.1f} s")
    assert dict(redis.invariants(seven)) == facts


def invariants_within(inside: Exec, redis: Datastore, seconds: float) -> dict[str, str]:
    """Read the invariants, and check that the server takes at most this much CPU time and is never blocked for long."""
    spent, began = processor(inside), time.monotonic()
    facts = dict(redis.invariants(inside))
    spent = processor(inside) - spent
    print(f"facts of {MANY} keys: {time.monotonic() - began:.1f} s, the server's share {spent:.1f} s")
    assert spent < seconds
    return facts


def processor(inside: Exec) -> float:
    return sum(float(one) for one in re.findall(r"used_cpu_(?:user|sys):([\d.]+)", admin(inside, "INFO", "cpu")))


def test_killed_server_keeps_what_it_acknowledged(eight: Exec, redis: Datastore) -> None:
    for number in range(5):
        as_app(eight, "SET", f"key {number}", str(number))
    kill(eight)
    lifecycle.bring_to_state(eight.host, redis, eight.service)
    assert as_app(eight, "DBSIZE") == "5"


def test_truncated_or_changed_dump_is_refused(eight: Exec, seven: Exec, redis: Datastore) -> None:
    fill(eight, large=False)
    as_app(eight, "DEL", "large")
    for whole in (dumped(eight, redis), exported(eight, redis)):
        assert 0 < len(whole) < pipes.EDGE and not redis.check_dump(whole, whole, len(whole))
        for end in range(len(whole)):
            cut = whole[:end]
            assert redis.check_dump(cut, cut, end), end
        start = whole.index(b"REDIS0")
        for at in range(start, len(whole) - len(rdb.LAST)):
            changed = whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :]
            assert redis.check_dump(changed, changed, len(changed)), at


def exported(inside: Exec, redis: Datastore) -> bytes:
    pieces: list[bytes] = []
    pipes.dump(redis, inside, pieces.append, redis.export(inside.service))
    return b"".join(pieces)


def test_restore_of_a_large_truncated_or_changed_dump_fails(eight: Exec, redis: Datastore) -> None:
    fill(eight)
    facts = dict(redis.invariants(eight))
    whole = dumped(eight, redis)
    assert len(whole) > 4 * pipes.EDGE
    middle = len(whole) // 2
    for bad in (
        whole[:middle],
        whole[:middle] + rdb.LAST,
        whole[:-9],
        whole[:-30] + rdb.LAST,
        whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        whole[:middle] + whole[middle + 9 :],
        whole.replace(b"DOKKUPY-REDIS 1", b"DOKKUPY-REDIS 2"),
        whole.replace(b"reader on", b"reader no"),
    ):
        with pytest.raises(HostError) as caught:
            moving.put_content(eight.host, redis, eight.service.name, [bad], "import")
        assert "restore" in caught.value.message or "incomplete" in caught.value.message
        assert records.read(eight.host, "redis", eight.service.name) == eight.service
    # Whichever had changed something, it shows here.
    assert dict(redis.invariants(eight)) == facts
    assert len(container.containers_of(eight.host, eight.service.id)) == 1


def test_dump_of_a_newer_version_is_refused_with_the_message_of_the_server(
    eight: Exec, seven: Exec, redis: Datastore
) -> None:
    as_app(eight, "SET", "a", "1")
    with pytest.raises(HostError) as caught:
        moving.put_content(seven.host, redis, seven.service.name, [exported(eight, redis)], "import")
    assert any("RDB format version" in line for line in caught.value.details)


def test_apps_cannot_administer_the_server(eight: Exec) -> None:
    for words in (
        ("CONFIG", "SET", "appendonly", "no"),
        ("ACL", "LIST"),
        ("SHUTDOWN", "NOSAVE"),
        ("REPLICAOF", "NO", "ONE"),
        ("DEBUG", "SLEEP", "0"),
        ("MODULE", "LOAD", "/x"),
        ("PSYNC", "?", "-1"),
        ("ACL", "SETUSER", "x"),
    ):
        with pytest.raises(HostError) as caught:
            as_app(eight, *words)
        assert any("NOPERM" in line or "command not allowed" in line for line in caught.value.details), words
    for words in (("CONFIG", "GET", "maxmemory"), ("CLIENT", "LIST"), ("INFO",), ("KEYS", "*"), ("FLUSHALL",)):
        as_app(eight, *words)


def test_saved_users_exist_after_a_restart(eight: Exec, redis: Datastore) -> None:
    admin(eight, "ACL", "SETUSER", "reader", "on", ">secret", "~*", "+@read")
    admin(eight, "ACL", "SETUSER", "default", "on", "nopass", "+@all")  # the user has our settings again
    admin(eight, "ACL", "SAVE")
    lifecycle.restart(eight.host, redis, eight.service.name)
    assert as_app(eight, "--user", "reader", "DBSIZE", password="secret") == "0"
    with pytest.raises(HostError):
        as_app(eight, "PING", password="wrong")


def test_options_of_the_server_also_apply_while_a_dump_is_restored(host: Host, redis: Datastore) -> None:
    options = "--databases 40 --maxmemory 64mb --maxmemory-policy allkeys-lru --save ''"
    source = create(host, redis, config_options=options)
    assert as_app(source, "CONFIG", "GET", "maxmemory").split() == ["maxmemory", str(64 << 20)]
    as_app(source, "-n", "39", "SET", "a", "1")
    copy = moving.clone(host, redis, source.service.name, ServiceName(f"{source.service.name}-copy"), ServiceOptions())
    inside = Exec(host, copy, copy.container)
    assert as_app(inside, "-n", "39", "GET", "a") == "1"
    for one in (source, inside):
        remove(one, redis)


def test_writes_beyond_the_memory_limit_fail_and_the_server_keeps_running(host: Host, redis: Datastore) -> None:
    inside = create(host, redis, config_options="--maxmemory 8mb", memory="64")
    ten_megabytes = ("EVAL", "for i = 1, 10 do redis.call('SET', i, string.rep('x', 1000000)) end", "0")
    as_app(inside, *ten_megabytes)  # the limit is only checked between commands, and a script counts as one
    with pytest.raises(HostError) as caught:
        as_app(inside, *ten_megabytes)
    assert any("OOM" in line for line in caught.value.details)
    assert as_app(inside, "PING") == "PONG"
    remove(inside, redis)


def test_passwords_are_never_visible(
    eight: Exec, redis: Datastore, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    service = eight.service
    fill(eight, large=False)
    facts = redis.invariants(eight)
    shown = [json.dumps(dict(facts)), *map(str, records.services(eight.host))]
    subject = ServiceSubject(eight.host, "redis", service.name)
    lines = tmp_path / "argvs"  # a file, because a full pipe would block the watcher
    with lines.open("wb") as file:
        watch = subprocess.Popen(
            ["sh", "-c", "while :; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '; sleep 0.02; done"],
            stdout=file,
        )
    try:
        pieces: list[bytes] = []
        subject.dump(pieces.append)
        subject.verify(pieces, subject.describe())
        with pytest.raises(DokkupyError) as caught:
            moving.put_content(eight.host, redis, service.name, [b"REDIS is not this"], "import")
        shown += [str(caught.value), *caught.value.details]
    finally:
        watch.terminate()
        watch.wait()
    argvs = lines.read_text(errors="replace")
    assert "redis-cli" in argvs
    for argv in (
        ["docker", "inspect", eight.container],
        ["docker", "logs", eight.container],
        ["docker", "top", eight.container],
    ):
        done = subprocess.run(argv, capture_output=True, check=True)
        shown.append((done.stdout + done.stderr).decode())
    shown += [argvs, *capfd.readouterr(), json.dumps(dict(subject.describe()))]
    journals = [path for path in Path(eight.host.path("journal", "closed")).rglob("*") if path.is_file()]
    assert journals
    shown += [path.read_text() for path in journals]
    for secret in (service.password.reveal(), service.root_password.reveal()):
        assert not [text[:200] for text in shown if secret in text]
        assert secret.encode() not in b"".join(pieces)


def test_further_variables_have_the_names_of_dokku() -> None:
    assert links.free_variable({}, "redis") == "DOKKU_REDIS_AQUA_URL"
    assert links.free_variable({EnvKey("DOKKU_MY_KIND_AQUA_URL"): Secret("x")}, "my-kind") == "DOKKU_MY_KIND_BLACK_URL"
