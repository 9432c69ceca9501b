"""The disk on a host of fakes: a plugin that has things to offer, and a file system of a chosen size."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from dokkupy_apps.testing import deploy
from dokkupy_disk import collect, space, watch
from dokkupy_disk.collect import chosen, ranked
from dokkupy_disk.doctor import findings, of_file_system
from dokkupy_disk.hooks import diagnose, pre_source_receive
from dokkupy_disk.settings import share, size
from dokkupy_disk.space import Disk, line
from dokkupy_disk.stored import DAY, Sample, SamplesFile, UsageFile, UseRow, growth
from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.diagnosis import Evidence
from dokkupy_sdk.disk import CACHE, GARBAGE, KEPT, DiskUse, Reclaimable, used_bytes
from dokkupy_sdk.errors import AppError, HostError, UserError
from dokkupy_sdk.names import AppName
from dokkupy_sdk.sizes import in_units
from dokkupy_sdk.testing import fake_host
from dokkupy_sdk.testing.command_line import Run, command_line

BLOG = AppName("blog")
MIB = 1 << 20


@dataclass
class Attic:
    """A plugin with things on a disk of 1,000 MiB, and that disk."""

    things: dict[str, tuple[str, str, int, float]] = field(default_factory=dict)
    """name -> level, app, MiB, days"""
    other: int = 0
    """MiB that cannot be freed."""

    @property
    def used(self) -> int:
        return self.other + sum(one[2] for one in self.things.values())

    @hookimpl
    def disk_usage(self, host: Host, app: AppName | None) -> list[DiskUse]:
        uses = [DiskUse("boxes", mib * MIB, app=owner) for _, owner, mib, _ in self.things.values()]
        return [use for use in uses if app in (None, use.app)]

    @hookimpl
    def reclaimable(self, host: Host, app: AppName | None) -> list[Reclaimable]:
        return [
            Reclaimable("box", name, mib * MIB, "it is in the way", partial(self.things.pop, name), owner, level, days)
            for name, (level, owner, mib, days) in self.things.items()
            if app in (None, owner)
        ]


@pytest.fixture
def attic(monkeypatch: pytest.MonkeyPatch) -> Attic:
    attic = Attic()

    def measured(path: str) -> object:
        return SimpleNamespace(
            f_blocks=1000,
            f_bfree=1000 - attic.used,
            f_bavail=1000 - attic.used,
            f_frsize=MIB,
            f_files=1000,
            f_favail=500,
            f_flag=0,
        )

    monkeypatch.setattr(space.os, "statvfs", measured)
    return attic


@pytest.fixture
def host(tmp_path: Path, attic: Attic) -> Host:
    host = fake_host(tmp_path, plugins=("disk",))
    host.hooks.manager.register(attic, name="attic")
    host.hooks.owners["attic"] = host.hooks.owners["disk"]
    host.store.write("global", "disk", data={"properties": {"reserve": "none"}})
    return host


@pytest.fixture
def run(host: Host, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return command_line(host, capsys, monkeypatch)


def some(attic: Attic) -> None:
    attic.things = {
        "rubbish": (GARBAGE, "blog", 10, 0),
        "old-cache": (CACHE, "", 50, 20),
        "new-cache": (CACHE, "blog", 100, 1),
        "treasure": (KEPT, "", 200, 5),
    }


# cleanup


def test_a_dry_run_of_cleanup_shows_what_it_would_remove_with_size_and_reason(
    run: Run, attic: Attic, monkeypatch: pytest.MonkeyPatch
) -> None:
    some(attic)
    # A dry run has its own hooks: those of installed plugins.
    monkeypatch.setattr(collect, "offers", lambda host, app: ranked(attic.reclaimable(host, app)))
    before = dict(attic.things)
    out = run("cleanup", "--dry-run")[1]
    assert "Would remove the box rubbish (10.0 MiB): it is in the way" in out
    assert "old-cache" in out and "Would give back 60.0 MiB" in out
    assert "new-cache" not in out and "treasure" not in out and attic.things == before


@pytest.mark.parametrize(
    "flags, left",
    [
        ([], {"new-cache", "treasure"}),
        (["--global"], {"new-cache", "treasure"}),
        (["--caches"], {"treasure"}),
        (["--trash"], {"new-cache"}),
        (["--caches", "--trash"], set()),
    ],
)
def test_cleanup_removes_garbage_and_old_caches_and_the_rest_on_request(
    run: Run, attic: Attic, flags: list[str], left: set[str]
) -> None:
    some(attic)
    assert run("cleanup", *flags)[0] == 0
    assert set(attic.things) == left


def test_cleanup_of_an_app_removes_nothing_of_others(run: Run, host: Host, attic: Attic) -> None:
    deploy(host, "blog", {"Procfile": "web: serve\n"})
    some(attic)
    assert run("cleanup", "blog") == (0, "-----> Removed rubbish (10.0 MiB)\n", "")
    assert set(attic.things) == {"old-cache", "new-cache", "treasure"}
    assert run("cleanup", "nobody")[0] == 20


def test_a_failed_removal_causes_a_warning_and_does_not_stop_the_others(run: Run, host: Host, attic: Attic) -> None:
    some(attic)
    attic.things["again"] = (GARBAGE, "", 1, 9)

    def fails() -> None:
        raise HostError("It is nailed down")

    class Nailed:
        @hookimpl
        def reclaimable(self, host: Host, app: AppName | None) -> list[Reclaimable]:
            return [Reclaimable("box", "nailed", 1, "it is in the way", fails)]

    host.hooks.manager.register(Nailed(), name="nailed")
    host.hooks.owners["nailed"] = host.hooks.owners["disk"]
    status, out, err = run("cleanup")
    assert "box nailed: It is nailed down" in err and "rubbish" in out and "again" not in attic.things


def test_json_has_bytes_and_reasons(run: Run, attic: Attic) -> None:
    some(attic)
    rows = json.loads(run("cleanup", "--format", "json")[1])
    assert rows[0] == {
        "kind": "box",
        "name": "rubbish",
        "app": "blog",
        "bytes": 10 * MIB,
        "why": "it is in the way",
        "level": GARBAGE,
    }


def test_garbage_is_removed_first_and_then_the_longest_unused() -> None:
    def thing(name: str, level: str, days: float) -> Reclaimable:
        return Reclaimable("box", name, 1, "", lambda: None, level=level, days=days)

    things = [thing("a", KEPT, 99), thing("b", CACHE, 1), thing("c", CACHE, 9), thing("d", GARBAGE, 0)]
    assert [one.name for one in ranked(things)] == ["d", "c", "b", "a"]
    assert [one.name for one in chosen(ranked(things), caches=False, trash=False, days=9)] == ["d", "c"]


# the line


@pytest.mark.parametrize(
    "watermark, reserve, expected",
    [("90%", "none", 900), ("90%", "50m", 900), ("90%", "200m", 800), ("none", "none", 1000), ("none", "2g", 0)],
)
def test_the_line_is_the_lower_of_the_watermark_and_the_reserve(watermark: str, reserve: str, expected: int) -> None:
    assert line(1000 * MIB, watermark, reserve) == expected * MIB


@pytest.mark.parametrize("text", ["0%", "101%", "85", "-1%", "8 5%", "²%", "", "all"])
def test_an_invalid_percentage_of_the_disk_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="percentage of the disk"):
        share(text)


@pytest.mark.parametrize("text", ["500", "0m", "-1g", "", "much"])
def test_a_size_must_have_a_unit(text: str) -> None:
    with pytest.raises(UserError):
        size(text)


def test_above_the_watermark_the_timer_removes_caches_until_the_disk_is_below_it_and_keeps_the_trash(
    host: Host, run: Run, attic: Attic
) -> None:
    some(attic)
    attic.other = 600  # 960 of 1,000 MiB; the line is at 900
    watch.look(host, now=1e9)
    assert host.spawned == [("disk:collect", "--above-watermark")]  # type: ignore[attr-defined]
    assert run("disk:collect", "--above-watermark")[0] == 0
    assert set(attic.things) == {"treasure"}

    some(attic)
    attic.other = 545  # 905: garbage and the old cache are enough, even for five percent below the line
    run("disk:collect", "--above-watermark")
    assert set(attic.things) == {"new-cache", "treasure"}


def test_the_timer_does_not_try_again_each_minute_when_nothing_can_be_removed(host: Host, attic: Attic) -> None:
    attic.other = 990
    for minute in range(16):
        watch.look(host, now=1e9 + 60 * minute)
    assert len(host.spawned) == 2  # type: ignore[attr-defined]


def test_each_day_the_timer_removes_garbage_and_old_caches_and_measures(run: Run, attic: Attic, host: Host) -> None:
    some(attic)
    run("disk:collect")
    assert set(attic.things) == {"new-cache", "treasure"}
    found = {(row.app, row.kind): row.bytes for row in host.store.load(UsageFile).rows}
    assert (found["blog", "boxes"], found["", "boxes"]) == (100 * MIB, 200 * MIB)


@pytest.mark.parametrize(("setting", "runs"), [("", True), ("stop", False)])
def test_the_app_whose_containers_fill_the_disk_is_named_and_stopped_if_its_setting_says_so(
    host: Host, run: Run, attic: Attic, setting: str, runs: bool
) -> None:
    from dokkupy_disk.writers import WRITTEN

    class Writers:
        @hookimpl
        def disk_usage(self, host: Host, app: AppName | None) -> list[DiskUse]:
            return [DiskUse(WRITTEN, size * MIB, app=name) for name, size in (("blog", 300), ("shop", 20))]

    for app in ("blog", "shop"):
        deploy(host, app, {"Procfile": "web: serve"})
    host.hooks.manager.register(Writers(), name="writers")
    host.hooks.owners["writers"] = host.hooks.owners["disk"]
    assert run("disk:set", "blog", "when-full", setting)[0] == 0
    attic.other = 890
    assert "wrote" not in run("disk:collect", "--above-watermark")[1]  # below the line nobody is named
    attic.other = 950
    status, out, error = run("disk:collect", "--above-watermark")
    assert status == 0, error
    assert "the containers of blog wrote 300 MiB outside its storage" in out and "shop" not in out
    states = {one.name: one.state for one in host.containers().find_all({})}
    assert (states["blog.web.1"] == "running") == runs and states["shop.web.1"] == "running"
    assert [one for one in findings(host) if "blog wrote" in one.message and "ps:restart blog" in one.remedy]


# room


def test_a_push_that_would_cross_the_watermark_is_refused_before_it_starts(host: Host, run: Run, attic: Attic) -> None:
    attic.other = 850
    with pytest.raises(HostError, match="The disk is nearly full: 850 MiB of 1000 MiB used") as caught:
        pre_source_receive(host, BLOG)
    assert caught.value.code == "disk_full" and "cleanup --trash" in caught.value.hint
    run("disk:set", "--global", "watermark", "none")
    pre_source_receive(host, BLOG)


def test_a_build_that_would_cross_the_watermark_is_refused_and_the_app_keeps_running(host: Host, attic: Attic) -> None:
    deploy(host, "blog", {"Procfile": "web: serve\n"})
    attic.other = 850
    with pytest.raises(HostError, match="a build of blog is expected to take"):
        deploy(host, "blog", {"Procfile": "web: other\n"})
    assert host.store.names("apps", "blog", "releases") == ["000001"]


def test_removable_data_is_removed_before_a_push_is_refused(host: Host, attic: Attic) -> None:
    some(attic)
    attic.other = 540
    pre_source_receive(host, BLOG)
    assert set(attic.things) == {"treasure"}


def test_an_app_above_its_budget_is_not_built(host: Host, run: Run, attic: Attic) -> None:
    deploy(host, "blog", {"Procfile": "web: serve\n"})
    assert run("disk:set", "blog", "budget", "50m")[0] == 0
    attic.things = {"large": (KEPT, "blog", 60, 0)}
    run("disk:measure")
    with pytest.raises(AppError, match="blog uses .* of the disk .*boxes 60.0 MiB.*, more than its budget of 50m"):
        pre_source_receive(host, BLOG)
    assert "blog uses" in run("doctor")[1]
    attic.things = {"small": (KEPT, "blog", 6, 0), "cache": (CACHE, "blog", 60, 0)}
    pre_source_receive(host, BLOG)
    assert set(attic.things) == {"small"}


# reports


def test_reports_have_the_last_measurement_by_kind(host: Host, run: Run, attic: Attic) -> None:
    deploy(host, "blog", {"Procfile": "web: serve\n"})
    assert run("disk:report", "blog", "--disk-images-unique-bytes")[1] == "\n"
    some(attic)
    run("disk:measure")
    assert run("disk:report", "blog", "--disk-boxes-bytes")[1] == f"{110 * MIB}\n"
    host.store.save(UsageFile(at=1, rows=(UseRow(kind="images", bytes=5 * MIB, app="blog", shared=4 * MIB),)))
    report = json.loads(run("disk:report", "blog", "--format", "json")[1])
    assert (report["images-unique-bytes"], report["images-shared-bytes"]) == (str(MIB), str(4 * MIB))
    assert report["own-bytes"] == str(MIB) and report["measured-at"] == "1970-01-01T00:00:01Z"
    whole = json.loads(run("disk:report", "--global", "--format", "json")[1])
    assert (whole["disk-1-used-bytes"], whole["disk-1-line-bytes"]) == (str(attic.used * MIB), str(900 * MIB))


def test_growth_is_known_after_a_day_and_says_when_the_disk_is_full(host: Host, attic: Attic) -> None:
    attic.other = 100
    watch.look(host, now=1e9)
    attic.other = 110
    watch.look(host, now=1e9 + 60)  # within the hour: not recorded
    watch.look(host, now=1e9 + 3600)
    record = host.store.load(SamplesFile)
    assert [one.used // MIB for one in record.samples[host.root]] == [100, 110]
    assert "a day of measurements" in next(iter(findings(host))).message

    attic.other = 200
    watch.look(host, now=1e9 + DAY)
    found = next(iter(findings(host)))
    assert "its use grows by 100 MiB a day and is full in 8 days" in found.message and found.level == "ok"
    attic.other = 400
    watch.look(host, now=1e9 + 2 * DAY)
    found = next(iter(findings(host)))
    assert "full in 4 days" in found.message and found.level == "warning"
    attic.other = 980
    found = next(iter(findings(host)))
    assert found.level == "error" and "builds are refused" in found.message and "cleanup" in found.remedy


def test_a_clock_that_was_set_back_begins_a_new_record() -> None:
    disk = Disk("/", 5, 5, 10)
    record = SamplesFile(samples={"/": (Sample(at=100, used=1), Sample(at=9000, used=2))})
    assert watch.noted(record, [disk], 5000).samples["/"][-1] == Sample(at=5000, used=5)
    assert growth((Sample(at=1, used=1),)) is None


# sizes


def test_used_bytes_count_a_file_with_two_names_once_and_skip_excluded_paths(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "one").write_bytes(bytes(100_000))
    (tmp_path / "two").hardlink_to(tmp_path / "a" / "one")
    assert 100_000 < used_bytes(str(tmp_path)) < 150_000
    assert used_bytes(str(tmp_path), ("a",)) > 100_000
    (tmp_path / "two").unlink()
    assert used_bytes(str(tmp_path), ("a",)) < 50_000
    assert used_bytes(str(tmp_path / "no")) == 0


@pytest.mark.parametrize(
    "number, text",
    [(0, "0 bytes"), (1536, "1.5 KiB"), (200 * MIB, "200 MiB"), (5 << 30, "5.0 GiB"), (3 << 40, "3.0 TiB")],
)
def test_sizes_are_printed_in_units(number: int, text: str) -> None:
    assert in_units(number) == text


def test_why_names_a_full_disk(host: Host, attic: Attic) -> None:
    evidence = Evidence("blog", "run")
    assert list(diagnose(host, evidence)) == []
    attic.other = 990
    (found,) = diagnose(host, evidence)
    assert found.title.startswith("The disk is full: ") and "disk:report blog" in found.fix[0]


def file_system(free: int, flags: int = 0) -> os.statvfs_result:
    return os.statvfs_result((1 << 20, 1 << 20, 1000, 500, 500, 100, free, free, flags, 255))


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (file_system(50), []),
        (file_system(5), [("warning", "5 of 100 inodes are free", "du --inodes")]),
        (file_system(0), [("error", "0 of 100 inodes are free", "du --inodes")]),
        (file_system(50, os.ST_RDONLY), [("error", "mounted read-only", "mount -o remount,rw")]),
    ],
)
def test_disk_without_inodes_or_mounted_read_only_is_an_error(
    facts: os.statvfs_result, found: list[tuple[str, str, str]], host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = list(of_file_system("/srv", facts))
    assert [one.level for one in rows] == [level for level, _, _ in found]
    for row, (_, message, remedy) in zip(rows, found, strict=True):
        assert message in row.message and remedy in row.remedy
    monkeypatch.setattr(os, "statvfs", lambda path: facts)
    causes = list(diagnose(host, Evidence("blog", "build")))
    assert len(causes) == sum(level == "error" for level, _, _ in found)
