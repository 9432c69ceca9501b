"""What happens while an order is under way, and accounts that the authority does not take."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from dokkupy_apps.apps import destroy_app
from dokkupy_certs.certificates import slot_of
from dokkupy_commands.use_cases.rename_clone import rename_app
from dokkupy_letsencrypt import cli
from dokkupy_letsencrypt.certbot import lineage
from dokkupy_letsencrypt.certbot import program as certbot
from dokkupy_letsencrypt.certbot.program import Certbot
from dokkupy_letsencrypt.order import leftovers, manage
from dokkupy_sdk.errors import AppNotFound, HostError
from dokkupy_sdk.names import AppName

from plugins_builtin.letsencrypt.tests.authority import Pebble
from plugins_builtin.letsencrypt.tests.conftest import BLOG, Bench
from plugins_builtin.letsencrypt.tests.front import Answer, Front


def test_domain_that_is_removed_while_it_is_asked_for_is_not_served_and_no_error(bench: Bench, front: Front) -> None:
    bench.add("gone.example.com")
    manage.enable(bench.host, BLOG)
    first = bench.served("gone.example.com")
    due = manage.status(bench.host, BLOG).due
    assert first and due
    removed: list[str] = []

    def remove() -> None:
        if not removed:
            removed.append("gone.example.com")
            bench.remove("gone.example.com")

    front.rules["finalize-order"] = remove
    assert manage.renew_due(bench.host, clock=lambda: due) == ["blog: renewed"]
    assert removed and bench.served("gone.example.com") == "" and bench.served() not in ("", first)
    # The next one is without it; then there is nothing to do any more.
    assert manage.renew_due(bench.host) == ["blog: renewed"]
    slot = slot_of(bench.host, BLOG, "letsencrypt")
    assert slot and slot.current.names == ("blog.example.com",)
    assert manage.renew_due(bench.host) == [] and cli.extra(bench.host, BLOG)["failures"] == "0"


def test_last_domain_that_is_removed_takes_the_certificate_along(bench: Bench, front: Front) -> None:
    manage.enable(bench.host, BLOG)
    front.rules["finalize-order"] = lambda: bench.remove("blog.example.com")
    manage.enable(bench.host, BLOG, force=True)
    for _ in range(3):
        assert manage.renew_due(bench.host) == []
    assert slot_of(bench.host, BLOG, "letsencrypt") is None and cli.extra(bench.host, BLOG)["failures"] == "0"
    front.rules.clear()
    bench.add("blog.example.com")
    assert manage.renew_due(bench.host) == ["blog: renewed"]


def test_app_that_is_destroyed_while_it_is_asked_for_leaves_nothing(bench: Bench, front: Front) -> None:
    front.rules["finalize-order"] = lambda: destroy_app(bench.host, BLOG)
    with pytest.raises(AppNotFound):
        manage.enable(bench.host, BLOG)
    assert not Path(bench.host.store.directory("apps", BLOG)).exists()
    assert lineage.names(Certbot(bench.host).config) == set() and manage.renew_due(bench.host) == []


def test_renamed_app_goes_on_by_its_new_name_and_can_be_revoked(bench: Bench) -> None:
    manage.enable(bench.host, BLOG)
    rename_app(bench.host, BLOG, AppName("diary"))
    assert cli.extra(bench.host, AppName("diary"))["active"] == "true"
    leftovers.sweep(bench.host)
    assert lineage.names(Certbot(bench.host).config) == set()
    cli.revoke(bench.host, AppName("diary"))
    assert cli.active(bench.host, AppName("diary")).text == ["false"]


def account_of(bench: Bench, authority: Pebble) -> Path:
    """The directory in which certbot has its accounts with an authority."""
    return Path(Certbot(bench.host).config, "accounts", f"localhost:{authority.port}", "dir")


def other_authority(bench: Bench, root: Path) -> Pebble:
    root.mkdir()
    made = Pebble(root)
    made.config["httpPort"] = bench.authority.http
    made.write()
    made.start()
    return made


def go_to(bench: Bench, authority: Pebble) -> None:
    bench.set("server", authority.directory)
    bench.set("ca-bundle", authority.bundle)


def test_a_deactivated_account_is_registered_again(bench: Bench, tmp_path: Path) -> None:
    manage.enable(bench.host, BLOG)
    first, place, kept = bench.served(), account_of(bench, bench.authority), tmp_path / "kept"
    shutil.copytree(place, kept)
    program = Certbot(bench.host)
    with program.working(BLOG):
        program.run("unregister", program.common(BLOG), BLOG)
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(kept, place)  # as on a host that was brought back from a backup
    manage.enable(bench.host, BLOG, force=True)
    assert "does not know this host's account any more" in bench.host.out.text()  # type: ignore[attr-defined]
    assert bench.served() not in ("", first)
    assert {path.name for path in place.iterdir()}.isdisjoint(path.name for path in kept.iterdir())


def test_another_server_gets_an_account_of_its_own_and_the_old_one_is_kept(bench: Bench, tmp_path: Path) -> None:
    manage.enable(bench.host, BLOG)
    first, mine = bench.served(), [path.name for path in account_of(bench, bench.authority).iterdir()]
    other = other_authority(bench, tmp_path / "other")
    try:
        go_to(bench, other)
        assert manage.renew_due(bench.host) == ["blog: renewed"]
        second = bench.served()
        assert second not in ("", first) and account_of(bench, other).exists()
    finally:
        other.stop()
    go_to(bench, bench.authority)
    assert manage.renew_due(bench.host) == ["blog: renewed"]
    assert bench.served() not in ("", first, second)
    assert [path.name for path in account_of(bench, bench.authority).iterdir()] == mine


def test_foreign_account_is_replaced(bench: Bench, tmp_path: Path) -> None:
    """As when another authority answers at the same address: the account's key means nothing to it."""
    manage.enable(bench.host, BLOG)
    other = other_authority(bench, tmp_path / "other")
    try:
        theirs = account_of(bench, other)
        shutil.copytree(account_of(bench, bench.authority), theirs)
        for file in theirs.rglob("regr.json"):
            found = json.loads(file.read_text())
            found["uri"] = found["uri"].replace(str(bench.authority.port), str(other.port))
            file.write_text(json.dumps(found))
        go_to(bench, other)
        assert manage.renew_due(bench.host) == ["blog: renewed"]
        assert "registering a new one" in bench.host.out.text()  # type: ignore[attr-defined]
    finally:
        other.stop()


def test_account_that_is_refused_for_good_leaves_the_old_one_served(bench: Bench, front: Front) -> None:
    manage.enable(bench.host, BLOG)
    first = bench.served()
    problem = {
        "type": "urn:ietf:params:acme:error:unauthorized",
        "detail": "Account is not valid, has status deactivated",
    }
    asked: list[str] = []

    def refuse() -> Answer:
        asked.append("order")
        return 403, [("Content-Type", "application/problem+json")], json.dumps(problem).encode()

    front.rules["order-plz"] = refuse
    with pytest.raises(HostError, match="the authority does not know this host's account"):
        manage.enable(bench.host, BLOG, force=True)
    assert bench.served() == first and len(asked) == 2  # with the old account, with a new one, and no more


def test_full_disk_asks_nobody_and_is_tried_again_a_minute_later(
    bench: Bench, front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    manage.enable(bench.host, BLOG)
    first, asked = bench.served(), len(front.asked)
    bench.add("www.example.com")
    with monkeypatch.context() as full:
        full.setattr(certbot, "NEEDED", 1 << 60)
        at = manage.now()
        (line,) = manage.renew_due(bench.host, clock=lambda: at)
        assert "No space left on device" in line and len(front.asked) == asked and bench.served() == first
        for _ in range(3):  # nobody is annoyed by it, so it does not take longer each time
            with pytest.raises(HostError) as caught:
                manage.enable(bench.host, BLOG, clock=lambda: at)
        assert caught.value.code == "disk_full" and "Free some disk space" in caught.value.hint
        # An app can be destroyed all the same.
        Certbot(bench.host).forget(BLOG)
    found = manage.status(bench.host, BLOG)
    assert found.next_try and (found.next_try - at).total_seconds() <= 60 and found.failures == 4
    assert manage.renew_due(bench.host, clock=lambda: found.next_try or at) == ["blog: renewed"]
    assert bench.served("www.example.com") == bench.served() != first


def test_a_failure_that_cannot_be_recorded_is_printed_beside_the_first_error(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise HostError("cannot be written: No space left on device")

    monkeypatch.setattr(manage, "keep_part", full)
    monkeypatch.setattr(certbot, "NEEDED", 1 << 60)
    with pytest.raises(HostError, match="No certificate for blog: .* cannot be written: No space left on device"):
        manage.enable(bench.host, BLOG)
    assert "its failure could not be recorded" in bench.host.out.text()  # type: ignore[attr-defined]
