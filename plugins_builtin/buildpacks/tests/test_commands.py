"""`buildpacks:*` and `images:*`, in process."""

from __future__ import annotations

import pytest
from dokkupy.cli.parse import parse
from dokkupy.cli.permission import check_call
from dokkupy_buildpacks import cli, images_cli
from dokkupy_buildpacks.select.lists import kept
from dokkupy_sdk.cli import Scope
from dokkupy_sdk.errors import Conflict, Denied, NotFound, UserError
from dokkupy_sdk.source_store import source_store

from plugins_builtin.buildpacks.tests.conftest import APP, Bench

PYTHON = "https://github.com/heroku/heroku-buildpack-python.git"
NODE = "https://github.com/heroku/heroku-buildpack-nodejs.git"
RUBY = "https://github.com/heroku/heroku-buildpack-ruby.git"


def test_list_is_changed_as_in_dokku(bench: Bench) -> None:
    host = bench.host
    cli.add(host, APP, "heroku/python")
    cli.add(host, APP, "heroku-community/nodejs", index=1)
    assert kept(host, APP) == [NODE, PYTHON]
    cli.set_buildpack(host, APP, ["heroku/ruby"], index=2)
    assert kept(host, APP) == [NODE, RUBY]
    cli.set_buildpack(host, APP, ["heroku/python"], index=9)
    assert kept(host, APP) == [NODE, RUBY, PYTHON]
    cli.remove(host, APP, "heroku/ruby")
    cli.remove(host, APP, index=1)
    assert kept(host, APP) == [PYTHON]
    cli.set_buildpack(host, APP, ["heroku/nodejs", "heroku/ruby"], replace=True)
    assert kept(host, APP) == [NODE, RUBY]
    answer = cli.list_buildpacks(host, APP)
    assert list(answer.columns) == [f"-----> {APP} buildpack urls"]
    assert list(answer.text) == [f"       {NODE}", f"       {RUBY}"]
    cli.clear(host, APP)
    assert kept(host, APP) == []


def test_bad_use_changes_nothing(bench: Bench) -> None:
    host = bench.host
    cli.add(host, APP, "heroku/python")
    for use in (
        lambda: cli.add(host, APP, "no buildpack"),
        lambda: cli.add(host, APP, ""),
        lambda: cli.set_buildpack(host, APP, ["heroku/ruby", "heroku/go"]),
        lambda: cli.set_buildpack(host, APP, ["heroku/ruby"], index=2, replace=True),
        lambda: cli.remove(host, APP),
        lambda: cli.remove(host, APP, "heroku/python", index=1),
        lambda: cli.remove(host, APP, index=4),
        lambda: cli.remove(host, APP, "heroku/go"),
        lambda: cli.add(host, APP, "heroku/go", index=-1),
    ):
        with pytest.raises(UserError):
            use()
    assert kept(host, APP) == [PYTHON]


def test_property_is_set_and_unset(bench: Bench) -> None:
    set_property = cli.group.commands["set-property"].function
    set_property(bench.host, Scope(APP), "stack", ["example/base:1"])
    assert bench.host.store.read("apps", APP, "buildpacks")["properties"] == {"stack": "example/base:1"}
    set_property(bench.host, Scope(APP), "stack", [])
    assert not bench.host.store.read("apps", APP, "buildpacks").get("properties")


def test_property_of_all_apps_takes_an_admin(bench: Bench) -> None:
    """A proxy or an authority for everybody's builds is not for whoever may push an app."""
    host = bench.host.for_invocation(who="key:eve")
    words = ["--global", "https-proxy", "http://eve.example.com"]
    with pytest.raises(Denied):
        check_call(host, parse(cli.group.commands["set-property"], words))
    assert not bench.host.store.read("global", "buildpacks").get("properties")


def test_images_are_listed_and_only_own_ones_removed_without_force(bench: Bench) -> None:
    bench.engine.keep("python:3.12-slim", {})
    bench.engine.keep("somebody/else:1", {})
    names = [row["name"] for row in images_cli.bases(bench.host)]
    assert "dokkupy/debian:trixie" in names and "python:3.12-slim" in names and "somebody/else:1" not in names
    with pytest.raises(Conflict):
        images_cli.remove(bench.host, "python:3.12-slim")
    images_cli.remove(bench.host, "python:3.12-slim", force=True)
    images_cli.remove(bench.host, "bookworm")
    with pytest.raises(NotFound):
        images_cli.remove(bench.host, "bookworm")
    with pytest.raises(UserError):
        images_cli.remove(bench.host, "--help me")


def test_plan_is_printed_and_builds_nothing(bench: Bench) -> None:
    source = source_store(bench.host)
    source.trees[APP] = {"requirements.txt": "flask\ngunicorn", "app.py": "app = Flask(__name__)"}  # type: ignore[attr-defined]
    answer = cli.plan(bench.host, APP)
    assert answer.data["plans"][0]["language"] == "python"
    assert any("pip install -r requirements.txt" in line for line in answer.text)
    assert bench.engine.built == []
    detected = cli.detect(bench.host, APP)
    assert detected.data[0]["name"] == "python"


def test_plan_looks_at_the_part_of_the_source_that_is_built(bench: Bench) -> None:
    source = source_store(bench.host)
    source.trees[APP] = {"index.html": "", "api/requirements.txt": "flask", "api/Procfile": "web: x"}  # type: ignore[attr-defined]
    bench.host.store.write("apps", APP, "builder", data={"properties": {"build-dir": "api"}})
    assert cli.plan(bench.host, APP).data["plans"][0]["language"] == "python"
    assert cli.detect(bench.host, APP).data[0]["name"] == "python"


def test_purged_cache_is_a_cache_of_another_name(bench: Bench) -> None:
    from dokkupy_apps.builds.records import purge_cache
    from dokkupy_sdk.operation import operation

    bench.write({"requirements.txt": "flask", "Procfile": "web: x"})
    _, before = bench.build()
    with operation(bench.host, "repo:purge-cache", f"app:{APP}") as tx:
        purge_cache(tx, APP)
    _, after = bench.build()
    assert "id=dokkupy-blog-root" in before and "id=dokkupy-blog-1-root" in after
