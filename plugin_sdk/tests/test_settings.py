"""Properties: validated when they are set, the app's before the global one before the default when they are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from dokkupy.errors import StateError, UserError
from dokkupy.host import Host
from dokkupy.kernel.operation import operation
from dokkupy.model.names import AppName
from dokkupy_sdk.settings import (
    AT_ONCE,
    BUILD,
    NEXT_DEPLOY,
    RESTART,
    Property,
    Settings,
    boolean,
    integer,
    matching,
    one_of,
    plain,
    property_of,
)
from dokkupy_sdk.state import AppFile
from dokkupy_sdk.testing import fake_host

BLOG = AppName("blog")
SETTINGS = Settings(
    "sample",
    Property("size", "5", parse=integer(0, 10), help="A number"),
    Property("color", "red {app}", help="A text"),
    Property("mine", help="Of an app alone", scope="app"),
    Property("ours", "all", help="Of all apps", scope="global"),
    Property("hidden", help="Another command sets it", set_by="other:command"),
    applies=NEXT_DEPLOY,
)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = fake_host(tmp_path)
    made.store.save(AppFile(), BLOG)
    return made


def put(host: Host, app: AppName | None, name: str, text: str) -> None:
    with operation(host, "test", f"app:{app}" if app else "global") as tx:
        SETTINGS.set(tx, app, name, text)


@pytest.mark.parametrize(
    ("parse", "text", "kept"),
    [
        (boolean, "TRUE", "true"),
        (boolean, "on", "true"),
        (boolean, "1", "true"),
        (boolean, "No", "false"),
        (boolean, "0", "false"),
        (integer(0, 10), "007", "7"),
        (integer(0, 10), "10", "10"),
        (one_of("a", "b"), "b", "b"),
        (matching("[a-z]+", "a word"), "abc", "abc"),
        (plain, "any text ☃", "any text ☃"),
    ],
)
def test_a_value_is_kept_in_one_spelling(parse: Callable[[str], str], text: str, kept: str) -> None:
    assert parse(text) == kept


@pytest.mark.parametrize(
    ("parse", "text", "message"),
    [
        (boolean, "maybe", "is not a boolean"),
        (integer(0, 10), "11", "is not a whole number from 0 to 10"),
        (integer(1, 10), "0", "is not a whole number from 1 to 10"),
        (integer(0, 10), "-1", "is not a whole number"),
        (integer(0, 10), "1.5", "is not a whole number"),
        (integer(0, 10), "٣", "is not a whole number"),
        (one_of("a", "b"), "ab", "is not one of: a, b"),
        (matching("[a-z]+", "a word"), "abc\n", "is not a word"),
        (matching("[a-z]+", "a word"), "abc1", "is not a word"),
        (plain, "two\nlines", "control characters"),
        (plain, "x" * 4097, "more than 4096"),
    ],
)
def test_a_value_that_is_none_is_refused(parse: Callable[[str], str], text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse(text)


def test_the_app_s_value_counts_before_the_global_one_and_that_before_the_default(host: Host) -> None:
    assert SETTINGS.get(host.store, BLOG, "size") == "5"
    put(host, None, "size", "6")
    assert SETTINGS.get(host.store, BLOG, "size") == "6"
    put(host, BLOG, "size", "7")
    assert (SETTINGS.get(host.store, BLOG, "size"), SETTINGS.get(host.store, None, "size")) == ("7", "6")
    put(host, BLOG, "size", "")
    assert SETTINGS.get(host.store, BLOG, "size") == "6" and SETTINGS.raw(host.store, BLOG, "size") == ""


def test_all_values_are_those_that_each_one_is_read_as(host: Host) -> None:
    put(host, None, "color", "blue")
    put(host, BLOG, "mine", "x")
    put(host, None, "ours", "few")
    for app in (BLOG, None):
        assert SETTINGS.all(host.store, app) == {
            name: SETTINGS.get(host.store, app, name) for name in SETTINGS.properties
        }


def test_a_default_may_name_the_app(host: Host) -> None:
    assert SETTINGS.get(host.store, BLOG, "color") == "red blog"
    assert SETTINGS.get(host.store, None, "color") == "red "


def test_a_property_of_a_plugin_that_is_not_installed_is_read_all_the_same(host: Host) -> None:
    assert property_of(host.store, BLOG, "sample", "size") == ""
    put(host, None, "size", "6")
    assert property_of(host.store, BLOG, "sample", "size") == "6"
    put(host, BLOG, "size", "7")
    assert property_of(host.store, BLOG, "sample", "size") == "7"


@pytest.mark.parametrize(
    ("app", "name", "message"),
    [
        (None, "mine", "Property cannot be specified globally"),
        (BLOG, "ours", "Property can only be specified globally"),
        (BLOG, "", "No property specified"),
        (BLOG, "none-such", "valid properties include: color, mine, ours, size$"),
    ],
)
def test_a_property_that_may_not_be_set_there_is_refused(
    host: Host, app: AppName | None, name: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        put(host, app, name, "1")


def test_a_refused_value_leaves_the_old_one(host: Host) -> None:
    put(host, BLOG, "size", "7")
    with pytest.raises(UserError):
        put(host, BLOG, "size", "11")
    assert SETTINGS.get(host.store, BLOG, "size") == "7"


def test_the_error_for_a_number_that_was_edited_into_text_says_how_to_unset_it(host: Host) -> None:
    host.store.write("apps", BLOG, "sample", data={"properties": {"size": "many"}})
    with pytest.raises(StateError, match="sample size .blog. is .*many") as caught:
        SETTINGS.get(host.store, BLOG, "size")
    assert caught.value.hint == "Unset it: sample:set blog size"


def test_the_property_or_its_release_or_its_namespace_declares_when_a_change_takes_effect() -> None:
    in_release = Property("a", help="", in_release=True)
    own = Property("b", help="", in_release=True, applies=BUILD)
    other = Property("c", help="")
    Settings("one", in_release, own, other)
    assert (in_release.applies, own.applies, other.applies) == (RESTART, BUILD, AT_ONCE)
    assert SETTINGS.properties["size"].applies is NEXT_DEPLOY


def test_releases_keep_settings_of_instances_and_images_but_no_secret_of_a_build() -> None:
    assert Property("a", help="", in_release=True).is_kept
    assert Property("b", help="", applies=BUILD).is_kept
    assert not Property("c", help="", applies=BUILD, secret=True).is_kept
    assert not Property("d", help="", applies=RESTART).is_kept
