"""The text for typical routes, whole, so that a change of it is seen. `UPDATE_GOLDEN=1 pytest` writes it again."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from dokkupy_nginx.config.claims import Claim, read_conf, used_quic
from dokkupy_nginx.render.app import render_app
from dokkupy_nginx.render.catch_all import render_default
from dokkupy_nginx.render.values import Facts
from dokkupy_sdk.model import Certificate, Port, Route, Upstream
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.proxy_facts import Location, ResponseHeader

pytestmark = pytest.mark.unit

UPSTREAMS = {5000: (Upstream("172.20.0.2", 5000), Upstream("172.20.0.3", 5000))}
NAMES = (Domain("blog.example.com"), Domain("*.blog.example.com"))
HTTP = (Port("http", 80, 5000),)

ROUTES = {
    "http": Route(AppName("blog"), NAMES, HTTP, UPSTREAMS),
    "https": Route(
        AppName("blog"),
        NAMES,
        (*HTTP, Port("https", 443, 5000)),
        UPSTREAMS,
        Certificate("/var/lib/dokkupy/tls/blog/server.crt", "/var/lib/dokkupy/tls/blog/server.key"),
        {"proxy-keepalive": "8", "hsts-preload": "true"},
        extra=(Location("/.well-known/acme-challenge/", "/var/www/acme"), ResponseHeader("X-Frame-Options", "DENY")),
    ),
    "partly-secure": Route(
        AppName("blog"),
        (Domain("a.example.com"), Domain("b.example.com"), Domain("c.example.com"), Domain("d.example.com")),
        (*HTTP, Port("https", 443, 5000)),
        UPSTREAMS,
        certificates={
            Domain("a.example.com"): Certificate("/tls/1/chain.pem", "/tls/1/key.pem"),
            Domain("b.example.com"): Certificate("/tls/2/chain.pem", "/tls/2/key.pem"),
            Domain("c.example.com"): Certificate("/tls/1/chain.pem", "/tls/1/key.pem"),
        },
        extra=(Location("/.well-known/acme-challenge/", "/var/www/acme"),),
    ),
    "stopped": Route(AppName("blog"), NAMES, HTTP),
    "no-domains": Route(AppName("blog"), (), (Port("http", 10000, 5000),), UPSTREAMS),
}


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


def test_port_and_scheme_are_words_unless_a_file_of_the_host_may_add_a_socket() -> None:
    words = ('X-Forwarded-Port "443"', 'X-Forwarded-Proto "https"')
    variables = ('X-Forwarded-Port "$server_port"', 'X-Forwarded-Proto "$scheme"')
    alone = render_app(ROUTES["https"], Facts()).text
    beside = render_app(ROUTES["https"], Facts(), snippets="/srv/blog/*.conf").text
    assert all(word in alone and word not in beside for word in words)
    assert all(variable in beside and variable not in alone for variable in variables)


def test_challenges_of_an_authority_are_answered_before_anything_else() -> None:
    facts = Facts(challenges="/var/www/dokkupy/challenges", waiting="/var/www/dokkupy/waiting")
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


H3 = Facts(version=(1, 26, 3), http3=True)


def test_http3_has_its_sockets_once_and_its_header() -> None:
    secure = replace(ROUTES["https"], extra=(), settings={"http3": "true"})
    conf = render_app(secure, H3)
    check("http3", conf.text)
    assert read_conf(conf.app, conf.text).claims == conf.claims
    sockets = used_quic([conf, replace(conf, app=AppName("shop"))])
    text = render_default("0123456789abcdef", conf.claims[2:], conf.claims[0], H3, quic=sockets)
    check("http3-default", text)
    assert (text.count("reuseport"), conf.text.count("reuseport")) == (2, 0)


@pytest.mark.parametrize(
    ("facts", "settings"), [(H3, {}), (Facts(), {"http3": "true"}), (H3, {"http3": "false"})], ids=str
)
def test_nothing_of_http3_where_nginx_has_none_or_nobody_wants_it(facts: Facts, settings: dict[str, str]) -> None:
    conf = render_app(replace(ROUTES["https"], settings=settings), facts)
    assert "quic" not in conf.text and "Alt-Svc" not in conf.text
    assert used_quic([conf]) == ()


def test_http3_of_an_app_for_all_names_leaves_the_catch_all_only_the_socket() -> None:
    settings = {"http3": "true", "bind-address-ipv6": "[::1]"}
    conf = render_app(replace(ROUTES["https"], domains=(), settings=settings), H3)
    assert "    listen 443 quic default_server;\n" in conf.text
    sockets = used_quic([conf])
    assert [(claim.socket, claim.default) for claim in sockets] == [(("0.0.0.0", 443), False), (("[::1]", 443), False)]
    foreign = {("0.0.0.0", 443): {"quic", "reuseport"}}
    text = render_default("0", [], conf.claims[0], H3, quic=sockets, foreign_quic=foreign)
    assert "    listen 443 quic;\n    server_name quic.dokkupy.invalid;" in text
    assert "    listen [::1]:443 quic reuseport;\n" in text
