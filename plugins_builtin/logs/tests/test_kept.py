"""Output survives its container, within limits, and belongs only to its app."""

from __future__ import annotations

import json
import os
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from dokkupy_logs import hooks, keep, kept
from dokkupy_logs.cli import live
from dokkupy_logs.lines import Line, by_time
from dokkupy_logs.past import Past, Query
from dokkupy_sdk import Host
from dokkupy_sdk.entry import main
from dokkupy_sdk.errors import NotFound
from dokkupy_sdk.names import AppName
from dokkupy_sdk.roles import Container

APP = AppName("blog")
ID = "{:012x}" + 52 * "0"


class Output:
    """Containers by their output: the parts of the roles ContainerSessions, Instances and Containers that these tests
    use."""

    def __init__(self) -> None:
        self.printed: dict[str, list[tuple[str, bytes]]] = {}
        self.one_offs: list[Container] = []

    def logs(self, ref: object, *, tail: int | None = None, since: int = 0, **_: bool) -> Iterator[tuple[str, bytes]]:
        identifier = getattr(ref, "id", ref)
        if identifier not in self.printed:
            raise NotFound("gone")
        rows = self.printed[str(identifier)]
        yield from rows if tail is None else rows[len(rows) - tail :] if tail else []

    def status(self, instances: list[object]) -> list[object]:
        class Missing:
            state = "missing"

        return [Missing()]

    def find_all(self, labels: dict[str, str], **_: bool) -> list[Container]:
        return [one for one in self.one_offs if labels.items() <= dict(one.labels).items()]


class Engine:
    def __init__(self, output: Output) -> None:
        self.sessions = self.containers = output


@pytest.fixture
def output() -> Output:
    return Output()


@pytest.fixture
def host(tmp_path: Path, output: Output) -> Host:
    host = Host(str(tmp_path / "root"))
    host.override_role("scheduler", "docker", output)
    host.override_role("engine", "docker", Engine(output))
    make_app(host, APP)
    return host


def make_app(host: Host, app: AppName, created_at: str = "2026-01-01T00:00:00Z") -> None:
    host.store.write("apps", app, "app", data={"created_at": created_at})
    for number in (1, 2):
        record = {"number": number, "image": "sha256:0", "created_at": "", "source": "git-hook"}
        host.store.write("apps", app, "releases", f"{number:06}", data=record)
    host.store.write("apps", app, "deployment", data={"release": 1, "id": "1", "instances": []})


def stamp(second: float) -> str:
    return f"2026-02-01T{int(second) // 3600:02}:{int(second) // 60 % 60:02}:{second % 60:012.9f}Z"


def rows(*lines: tuple[float, str]) -> list[tuple[str, bytes]]:
    return [("stdout", f"{stamp(second)} {text}".encode()) for second, text in lines]


def container(number: int, dyno: str = "web.1", *, app: str = APP, kind: str = "deploy", release: int = 1) -> Container:
    labels = {
        "dokkupy.app": app,
        "dokkupy.kind": kind,
        "com.dokku.dyno": dyno,
        "dokkupy.release": str(release),
    }
    return Container(ID.format(number), "c", "sha256:0", "exited", labels, created_at="2026-02-01T00:00:00.5Z")


def ended(host: Host, output: Output, one: Container, *lines: tuple[float, str]) -> None:
    output.printed[one.id] = rows(*lines)
    hooks.on_container_ended(host, one)
    del output.printed[one.id]


def row(number: int, dyno: str, release: int = 1) -> dict[str, object]:
    process, _, index = dyno.rpartition(".")
    return {
        "process": process,
        "index": int(index),
        "id": ID.format(number),
        "name": f"blog.{dyno}",
        "address": "10.0.0.1",
        "port": 5000,
        "release": release,
        "deployment": "d",
    }


def texts(host: Host, query: Query, app: AppName = APP) -> list[str]:
    return [line.text.decode() for line in Past(host, app, query, live(host, app, query)).lines()]


@pytest.fixture
def unlimited(host: Host) -> None:
    """The lines of these tests are of a fixed day."""
    host.store.write("global", "logs", data={"properties": {"max-age": "unlimited"}})


@pytest.mark.usefixtures("unlimited")
class TestReading:
    def test_lines_of_removed_instances_come_before_those_of_serving_ones(
        self, host: Host, output: Output, capsysbinary: pytest.CaptureFixture[bytes]
    ) -> None:
        ended(host, output, container(1), (1, "one"), (3, "three"))
        ended(host, output, container(2, "worker.1"), (2, "two"))
        host.store.write(
            "apps", APP, "deployment", data={"release": 2, "id": "2", "instances": [row(3, "web.1", release=2)]}
        )
        output.printed[ID.format(3)] = rows((4, "four"))
        assert texts(host, Query()) == ["one", "two", "three", "four"]
        assert texts(host, Query(num=1)) == ["two", "four"]
        assert texts(host, Query(ps="web", num=2)) == ["three", "four"]
        assert texts(host, Query(release=1)) == ["one", "two", "three"]
        assert main(["logs", "blog", "--format", "json", "--release", "v2"], host=host) == 0
        assert [row["message"] for row in json.loads(capsysbinary.readouterr().out)] == ["four"]
        assert main(["logs", "blog", "--release", "99"], host=host) == 1
        assert b"App blog has no release v99" in capsysbinary.readouterr().err
        assert (
            main(["logs", "blog", "-q", "--since", stamp(2)[:19] + "Z", "--until", stamp(4)[:19] + "Z"], host=host) == 0
        )
        assert capsysbinary.readouterr().out == b"two\nthree\n"
        assert main(["logs", "blog", "-q", "--grep", "o"], host=host) == 0
        assert capsysbinary.readouterr().out == b"one\ntwo\nfour\n"

    def test_an_instance_that_finishes_its_work_is_read_too(self, host: Host, output: Output) -> None:
        host.store.write("apps", APP, "retire", "d1", data={"instances": [row(1, "web.1")], "timeout": 30})
        output.printed[ID.format(1)] = rows((1, "old"))
        assert texts(host, Query()) == ["old"]

    def test_a_container_that_is_removed_while_it_is_read_appears_once(self, host: Host, output: Output) -> None:
        ended(host, output, container(1), (1, "one"))
        host.store.write("apps", APP, "deployment", data={"release": 1, "id": "1", "instances": [row(1, "web.1")]})
        assert texts(host, Query()) == ["one"]
        output.printed[ID.format(1)] = rows((1, "one"))  # stored, and not yet removed
        assert texts(host, Query()) == ["one"]
        assert texts(host, Query(num=None)) == ["one"]

    def test_one_off_containers_are_shown_by_name(self, host: Host, output: Output) -> None:
        ended(host, output, container(1), (1, "web"))
        ended(host, output, container(2, "cron.1234ab", kind="cron"), (2, "cron"))
        ended(host, output, container(3, "release.1", kind="task"), (3, "task"))
        running = container(4, "run.77", kind="run")
        output.one_offs.append(running)
        output.printed[running.id] = rows((4, "run"))
        assert texts(host, Query()) == ["web"]
        assert texts(host, Query(ps="cron")) == ["cron"]
        assert texts(host, Query(ps="cron.1234ab")) == ["cron"]
        assert texts(host, Query(ps="release")) == ["task"]
        assert texts(host, Query(ps="run")) == ["run"]
        assert texts(host, Query(release=1)) == ["web", "task"]

    def test_the_lines_of_a_release_that_never_served_are_shown(
        self, host: Host, output: Output, capsysbinary: pytest.CaptureFixture[bytes]
    ) -> None:
        host.store.delete("apps", APP, "deployment")
        ended(host, output, container(1, release=7), (1, "no such table"))
        assert main(["logs", "blog"], host=host) == 1
        assert main(["logs", "blog", "--release", "7", "-q"], host=host) == 0
        assert capsysbinary.readouterr().out == b"no such table\n"

    @pytest.mark.parametrize(
        "words",
        [["--release", "x"], ["--since", "yesterday"], ["--until", "1y"], ["-t", "--until", "1h"], ["-p", "web/x"]],
    )
    def test_an_invalid_query_is_refused(self, host: Host, words: list[str]) -> None:
        assert main(["logs", "blog", *words], host=host) == 1

    def test_a_log_is_never_all_in_memory(self, host: Host, output: Output, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(kept, "CHUNK", 20_000)
        for number in range(20):
            ended(
                host,
                output,
                container(number),
                *((number * 60 + index / 100, "x" * 200) for index in range(1000)),
            )
        query = Query(num=None)
        past = Past(host, APP, query, [])
        tracemalloc.start()
        try:
            assert sum(1 for _ in past.lines()) == 20_000
            assert tracemalloc.get_traced_memory()[1] < 1_000_000
        finally:
            tracemalloc.stop()

    def test_the_last_lines_are_read_only_from_the_last_file(
        self, host: Host, output: Output, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(kept, "CHUNK", 1000)
        ended(host, output, container(1), *((second, f"line {second}") for second in range(100)))
        files = kept.kept_files(host, APP)
        assert len(files) > 3 and sum(one.count for one in files) == 100
        for one in files[:-1]:
            os.truncate(one.path, 0)
        assert texts(host, Query(num=2)) == ["line 98", "line 99"]

    def test_the_last_lines_with_a_text_are_read_only_from_the_files_that_have_them(
        self, host: Host, output: Output, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(kept, "CHUNK", 1000)
        # Two containers of one instance that ran at the same time for a while.
        ended(host, output, container(1), *((second, f"old {second}") for second in range(100)))
        ended(host, output, container(2), *((second + 0.5, f"new {second}") for second in range(90, 150)))
        for query, expected in (
            (Query(num=2, grep=b"old"), ["old 98", "old 99"]),
            (Query(num=3, until=stamp(95)), ["new 93", "old 94", "new 94"]),
            (Query(num=0, grep=b"old"), []),
            (Query(num=500, grep=b"9"), [text for text in texts(host, Query(num=None)) if "9" in text]),
        ):
            assert texts(host, query) == expected
        for one in kept.kept_files(host, APP)[:3]:  # which nobody has to read
            os.truncate(one.path, 0)
        assert texts(host, Query(num=2, grep=b"old")) == ["old 98", "old 99"]
        assert texts(host, Query(num=1, since=stamp(60))) == ["new 149"]

    def test_a_damaged_file_hides_no_other_line(self, host: Host, output: Output) -> None:
        ended(host, output, container(1), (1, "one"))
        ended(host, output, container(2), (2, "two"))
        os.truncate(kept.kept_files(host, APP)[0].path, 12)
        assert texts(host, Query()) == ["two"]


class TestKeeping:
    @pytest.mark.usefixtures("unlimited")
    def test_storing_again_replaces_what_was_stored(self, host: Host, output: Output) -> None:
        """A killed removal is done again; in between the engine may have started the container once more."""
        ended(host, output, container(1), (1, "one"))
        before = kept.kept_files(host, APP)
        ended(host, output, container(1), (1, "one"))
        assert kept.kept_files(host, APP) == before
        ended(host, output, container(1), (1, "one"), (9, "nine"))
        assert texts(host, Query()) == ["one", "nine"]

    @pytest.mark.usefixtures("unlimited")
    def test_only_the_owner_and_the_group_can_read_the_files(self, host: Host, output: Output) -> None:
        ended(host, output, container(1), (1, "one"))
        (one,) = kept.kept_files(host, APP)
        assert os.stat(one.path).st_mode & 0o777 == 0o640
        assert os.stat(os.path.dirname(one.path)).st_mode & 0o777 == 0o700

    def test_age_and_size_are_limited_and_one_off_containers_have_their_own_limit(
        self, host: Host, output: Output
    ) -> None:
        host.store.write("global", "logs", data={"properties": {"max-age": "unlimited", "max-size": "5k"}})
        noise = os.urandom(3000).hex()
        for number in range(5):
            ended(host, output, container(number), (number, noise))
            ended(host, output, container(100 + number, "cron.1", kind="cron"), (number, noise))
        files = kept.kept_files(host, APP)
        assert sorted((one.kind, one.first) for one in files) == [("cron", stamp(4)), ("deploy", stamp(4))]
        host.store.write("global", "logs", data={"properties": {"max-age": "30d"}})
        keep.prune_all(host)
        assert kept.kept_files(host, APP) == []

    @pytest.mark.usefixtures("unlimited")
    def test_lines_are_removed_with_their_app(self, host: Host, output: Output) -> None:
        ended(host, output, container(1), (1, "secret of the first"))
        hooks.post_app_destroy(host, APP)
        make_app(host, APP, "2026-03-01T00:00:00Z")
        assert texts(host, Query()) == []
        ended(host, output, container(2), (2, "late line of the first"))
        assert texts(host, Query()) == []

    @pytest.mark.usefixtures("unlimited")
    def test_a_renamed_app_keeps_its_lines_and_gets_those_of_its_old_instances(
        self, host: Host, output: Output
    ) -> None:
        new = AppName("diary")
        ended(host, output, container(1), (1, "one"))
        make_app(host, new)
        keep.move(host, old=APP, new=new)
        keep.move(host, old=APP, new=new)
        host.store.write("apps", new, "retire", "d", data={"instances": [row(2, "web.1")], "timeout": 1})
        ended(host, output, container(2), (2, "two"))
        assert texts(host, Query(), new) == ["one", "two"]
        assert kept.kept_files(host, APP) == []

    def test_output_of_containers_without_an_app_is_not_stored(self, host: Host, output: Output) -> None:
        ended(host, output, container(1, app="gone"), (1, "one"))
        assert not os.path.exists(kept.directory_of(host, "gone"))


def test_sources_are_open_only_while_they_are_read() -> None:
    opened: list[int] = []

    def source(number: int) -> Iterator[Line]:
        opened.append(number)
        yield Line(stamp(number), "web.1", "stdout", b"")
        yield replace(Line(stamp(number + 0.5), "web.1", "stdout", b""))

    found = by_time([(stamp(number), lambda number=number: source(number)) for number in range(9)])  # type: ignore[misc]
    next(found)
    assert opened == [0]
    assert [line.at for line in found] == sorted(stamp(half / 2) for half in range(1, 18))
