"""The text for typical routes, whole, so that a change of it is seen. `UPDATE_GOLDEN=1 pytest` writes it anew."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from dokkupy_nginx.catch_all import render_default
from dokkupy_nginx.conf import Claim, read_conf
from dokkupy_nginx.render import Facts, render_app
from dokkupy_sdk.model import Certificate, Location, Port, ResponseHeader, Route, Upstream
from dokkupy_sdk.names import AppName, Domain

UPSTREAMS = {5000: (Upstream("172.20.0.2", 5000), Upstream("172.20.0.3", 5000))}
NAMES = (Domain("blog.example.com"), Domain("*.blog.example.com"))
HTTP = (Port("http", 80, 5000),)

ROUTES = {
    "http": Route(AppName("blog"), NAMES, HTTP, UPSTREAMS),
    "https": Route(
        AppName("blog"), NAMES, (*HTTP, Port("https", 443, 5000)), UPSTREAMS,
        Certificate("/var/lib/dokkupy/tls/blog/server.crt", "/var/lib/dokkupy/tls/blog/server.key"),
        {"proxy-keepalive": "8", "hsts-preload": "true"},
        extra=(Location("/.well-known/acme-challenge/", "/var/www/acme"), ResponseHeader("X-Frame-Options", "DENY")),
    ),
    "partly-secure": Route(
        AppName("blog"), (Domain("a.example.com"), Domain("b.example.com"), Domain("c.example.com"), Domain("d.example.com")),
        (*HTTP, Port("https", 443, 5000)), UPSTREAMS,
        certificates={
            Domain("a.example.com"): Certificate("/tls/1/chain.pem", "/tls/1/key.pem"),
            Domain("b.example.com"): Certificate("/tls/2/chain.pem", "/tls/2/key.pem"),
            Domain("c.example.com"): Certificate("/tls/1/chain.pem", "/tls/1/key.pem"),
        },
        extra=(Location("/.well-known/acme-challenge/", "/var/www/acme"),),
    ),
    "stopped": Route(AppName("blog"), NAMES, HTTP),
    "no-domains": Route(AppName("blog"), (), (Port("http", 10000, 5000),), UPSTREAMS),
}  # fmt: skip


def check(name: str, text: str) -> None:
    path = Path(__file__).parent / "golden" / f"{name}.conf"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("name", ROUTES)
def test_text_of_a_route_is_the_golden_one(name: str) -> None:
    conf = render_app(ROUTES[name], Facts())
    check(name, conf.text)
    again = read_conf(conf.app, conf.text)
    assert (again.claims, again.names) == (conf.claims, conf.names)


def test_challenges_of_an_authority_are_answered_before_anything_else() -> None:
    facts = Facts(challenges="/var/www/dokkupy/challenges")
    secure = replace(ROUTES["https"], extra=())
    check("challenges", render_app(secure, facts).text)
    check(
        "challenges-default",
        render_default("0123456789abcdef", [Claim("0.0.0.0", 80, "http", True)], Claim("0.0.0.0", 80, "http"), facts),
    )


def test_text_of_the_catch_all_is_the_golden_one() -> None:
    claims = [
        Claim(address, port, kind, True)
        for address in ("0.0.0.0", "[::]")
        for port, kind in ((80, "http"), (443, "tls"))
    ]
    check("default", render_default("0123456789abcdef", claims, claims[0], Facts()))
