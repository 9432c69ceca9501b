"""Each property that is applied with the route changes what nginx is given: none is only stored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from dokkupy_nginx.render.app import render_app
from dokkupy_nginx.render.values import Facts
from dokkupy_nginx.settings import LOGS, SETTINGS
from dokkupy_sdk.model import Certificate, Port, Route, Upstream
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.settings import ROUTE, Property

pytestmark = pytest.mark.unit

SOURCE = Path(__file__).parents[2] / "src" / "dokkupy_nginx"
SECURE = Route(
    AppName("blog"),
    (Domain("blog.example.com"),),
    (Port("http", 80, 5000), Port("https", 443, 5000)),
    {5000: (Upstream("172.20.0.2", 5000),)},
    Certificate("/tls/blog/server.crt", "/tls/blog/server.key"),
)
FACTS = Facts(version=(1, 27, 4), http3=True)

CANDIDATES = (
    "true",
    "false",
    "on",
    "off",
    "7",
    "7s",
    "77m",
    "16 8k",
    "32k",
    "modern",
    "127.0.0.1",
    "[::1]",
    "combined",
    "$host",
    f"{LOGS}/blog-own.log",
    "8k",
)
"""Values of which each property takes one that is not its default."""

BESIDE = {
    "disable-custom-config": "`NginxProxy._template` asks for it: template/test_template.py",
    "ssl-stapling": "`NginxProxy._render_one` asks for it: test_stapling.py",
    "requests-per-address": "of all apps, in `Configuration.facts`: test_names_and_load.py",
    "tls-profile": "of all apps, in `Configuration.facts`: test_tls.py",
}
"""Properties that the adapter reads before it renders an app, and the tests that see them served."""

APPLIED = [prop for prop in SETTINGS.properties.values() if prop.applies is ROUTE]


def accepted(prop: Property) -> list[str]:
    found = []
    for text in CANDIDATES:
        try:
            value = prop.parse(text)
        except Exception:
            continue
        if value != prop.default:
            found.append(value)
    return found


@pytest.mark.parametrize("prop", APPLIED, ids=lambda prop: prop.name)
def test_a_property_changes_the_configuration(prop: Property) -> None:
    if prop.name in BESIDE:
        adapter = "".join((SOURCE / name).read_text() for name in ("proxy.py", "configuration.py"))
        assert f'"{prop.name}"' in adapter
        return
    # A buffer must hold what another says, so each candidate is tried with room enough for it.
    roomy = {"proxy-buffers": "64 64k", "proxy-busy-buffers-size": "1m", "hsts": "true"}
    base = {**{name: one.default.replace("{app}", "blog") for name, one in SETTINGS.properties.items()}, **roomy}
    base["access-log-format"] = "combined" if prop.name != "access-log-format" else ""
    texts = {
        render_app(replace(SECURE, settings={**base, prop.name: one}), FACTS).text
        for one in [base[prop.name], *accepted(prop)]
    }
    assert len(texts) > 1, f"no value of {prop.name} changes the file"
