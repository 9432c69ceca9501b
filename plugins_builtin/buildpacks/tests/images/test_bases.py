"""The base images: made once, for all apps."""

from __future__ import annotations

from plugins_builtin.buildpacks.tests.conftest import APP, Bench
from plugins_builtin.buildpacks.tests.sources import FLASK


def test_stack_replaces_the_base(bench: Bench) -> None:
    bench.host.store.write("apps", APP, "buildpacks", data={"properties": {"stack": "example/base:1"}})
    bench.write(FLASK)
    _, text = bench.build()
    assert text.startswith("FROM example/base:1 AS") and "\nFROM example/base:1\n" in text


def test_base_is_made_once(bench: Bench) -> None:
    bench.write(FLASK)
    bench.build()
    count = len(bench.engine.built)
    bench.build()
    assert len(bench.engine.built) == count + 1


def test_base_is_everybody_s_and_no_app_s_proxy_or_index_has_a_part_in_it(bench: Bench) -> None:
    """A base that came through one app's index would be what that index likes, in every app."""
    bench.write(FLASK)
    bench.host.store.write("apps", APP, "buildpacks", data={"properties": {"https-proxy": "http://eve.example.com"}})
    bench.build({"PIP_INDEX_URL": "https://eve.example.com"})
    *bases, app = bench.engine.built
    assert bases and all(build.secrets == {} for build, _ in bases)
    assert "eve" in app[0].secrets["dokkupy-network"].reveal()


def test_host_s_proxy_makes_the_same_bases(bench: Bench) -> None:
    bench.write(FLASK)
    bench.host.store.write("global", "buildpacks", data={"properties": {"http-proxy": "http://proxy.example.com"}})
    bench.build()
    assert all("proxy.example.com" in build.secrets["dokkupy-network"].reveal() for build, _ in bench.engine.built)
    count = len(bench.engine.built)
    bench.host.store.write("global", "buildpacks", data={})
    bench.build()
    assert len(bench.engine.built) == count + 1
