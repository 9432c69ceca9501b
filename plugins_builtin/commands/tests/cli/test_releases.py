"""The command `releases:rollback`: which variables it restores."""

from __future__ import annotations

from dokkupy.host import Host
from dokkupy.model.names import AppName, EnvKey
from dokkupy_apps.releases.records import current
from dokkupy_apps.testing import deploy

from plugins_builtin.commands.tests.conftest import TREE, Run


def rotated(run: Run, host: Host) -> None:
    """v1 has OLD=leaked and KEY=first; since then OLD is unset, KEY has another value and NEW is set."""
    run("apps:create", "blog")
    run("config:set", "--no-restart", "blog", "OLD=leaked", "KEY=first", "SAME=1")
    deploy(host, "blog", TREE)
    run("config:unset", "--no-restart", "blog", "OLD")
    run("config:set", "blog", "KEY=second", "NEW=1")


def test_a_rollback_names_the_variables_that_change_and_no_value(run: Run, host: Host) -> None:
    rotated(run, host)
    status, out, error = run("releases:rollback", "blog", "v1")
    assert status == 0
    assert "set again OLD; back to an older value KEY; unset NEW" in error and "--keep-config" in error
    assert not any(value in out + error for value in ("leaked", "first", "second"))
    assert run("config:get", "blog", "OLD")[1] == "leaked\n"


def test_a_rollback_leaves_variables_as_they_are_on_request(run: Run, host: Host) -> None:
    rotated(run, host)
    status, _, error = run("releases:rollback", "blog", "v1", "--keep-config")
    assert (status, error) == (0, "")
    assert run("config:keys", "blog")[1].split() == ["KEY", "NEW", "SAME"]
    assert run("config:get", "blog", "KEY")[1] == "second\n"
    env = current(host, AppName("blog"))[0].env  # type: ignore[union-attr]
    assert {key: env[EnvKey(key)].reveal() for key in ("KEY", "NEW", "SAME")} == {
        "KEY": "second",
        "NEW": "1",
        "SAME": "1",
    }
    assert "OLD" not in env


def test_the_variable_with_the_commit_follows_the_code(run: Run, host: Host) -> None:
    """It is no configuration: a rollback does not warn of it, and `--keep-config` does not keep the commit of other code."""
    run("apps:create", "blog")
    run("config:set", "--no-restart", "blog", "GIT_REV=a1")
    deploy(host, "blog", TREE, revision="a1")
    run("config:set", "--no-restart", "blog", "GIT_REV=b2")
    deploy(host, "blog", TREE, revision="b2")
    for flags, wanted in (([], "a1"), (["--keep-config"], "b2")):
        status, _, error = run("releases:rollback", *flags, "blog")
        assert (status, error) == (0, "")
        release = current(host, AppName("blog"))[0]
        assert release is not None and release.revision == wanted
        assert release.env[EnvKey("GIT_REV")].reveal() == release.config[EnvKey("GIT_REV")].reveal() == wanted
        assert run("config:get", "blog", "GIT_REV")[1] == f"{wanted}\n"
