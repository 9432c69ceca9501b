"""The page is a fact of the app's route, as long as the property is set."""

from __future__ import annotations

from pathlib import Path

from dokkupy_apps.routing.routes import stored_route
from dokkupy_apps.testing import deploy
from dokkupy_sdk.entry import main
from dokkupy_sdk.names import AppName
from dokkupy_sdk.proxy_facts import Location
from dokkupy_sdk.testing import fake_host

BLOG = AppName("blog")


def test_the_page_takes_the_place_of_the_app_until_it_is_unset(tmp_path: Path) -> None:
    host = fake_host(tmp_path, plugins=("coming-soon",))
    deploy(host, "blog", {"Dockerfile": "FROM scratch", "Procfile": "web: serve"})
    assert main(["coming-soon:set", "blog", "directory", "/srv/coming-soon"], host=host) == 0
    assert stored_route(host, BLOG).extra == (Location("/", "/srv/coming-soon", status=503),)
    assert main(["coming-soon:set", "blog", "directory"], host=host) == 0
    assert stored_route(host, BLOG).extra == ()
