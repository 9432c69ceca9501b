"""The properties: what they accept, and that nothing they accept means more than a value."""

from __future__ import annotations

import functools
import itertools

import pytest
from dokkupy_nginx.config.syntax import parse
from dokkupy_nginx.render.app import quoted, render_app
from dokkupy_nginx.render.values import Facts
from dokkupy_nginx.settings import SETTINGS, own_log
from dokkupy_sdk.errors import AppError, UserError
from dokkupy_sdk.model import Certificate, Port, Route, Upstream
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.proxy_facts import Location, ProxyFact, ResponseHeader

from tests.architecture.each import for_each

pytestmark = pytest.mark.unit

PAYLOADS = [
    ";",
    "$(id)",
    "`id`",
    "|",
    "&",
    "&&",
    "||",
    ">",
    "<",
    "a\nb",
    "a\rb",
    "a\x00b",
    "\x1b[2J",
    "'",
    '"',
    "\\",
    "*",
    "?",
    "~",
    "{a,b}",
    "${IFS}",
    "-rf",
    "--privileged",
    ".",
    "..",
    "/",
    "%2e%2e",
    "／",
    "é",
    "‮x",
    "a" * 4096,
    "-x",
    "x.",
    "...",
    "1m; root /",
    "60s;}",
    "60s}server{",
    "on\n",
    " 1m",
    "1m ",
    "1m 1m",
    "1m;#",
    '"; include /etc/passwd; "',
    "$a{b}",
    "/var/log/nginx/../x.log",
    "/var/log/nginx/a b.log",
    "/var/log/nginx/.log",
    "/etc/passwd",
    "syslog:server=1",
    "/var/log/nginx/error.log",
    "/var/log/nginx/x.log;",
    "999999999999999999999",
    "-1",
    "1e9",
    "0x10",
    "１２",
    "[::]:80",
    "::1]",
    "256.1.1.1",
    "1.2.3.4:80",
    "1.2.3.4; ",
    "/dev/null buffer=1k",
    "../nginx.conf",
    "/nginx.conf",
    "a/../../b",
]

OURS = {"tls-profile", "http3", "ssl-stapling", "requests-per-address"}
#: What the text of an app's site does not hold; those of Dokku's choose its template or how nginx is called.
ELSEWHERE = {"nginx-conf-sigil-path", "nginx-service-command", "disable-custom-config", *OURS}
GOOD = {
    "tls-profile": "modern",
    "http3": "true",
    "ssl-stapling": "off",
    "requests-per-address": "500",
    "access-log-format": "combined",
    "access-log-path": "/var/log/nginx/blog-visits.log",
    "bind-address-ipv4": "10.0.0.1",
    "bind-address-ipv6": "::1",
    "client-body-timeout": "30s",
    "client-header-timeout": "500ms",
    "client-max-body-size": "50m",
    "disable-custom-config": "true",
    "error-log-path": "off",
    "hsts": "false",
    "hsts-include-subdomains": "false",
    "hsts-max-age": "60",
    "hsts-preload": "true",
    "keepalive-timeout": "75s 60s",
    "lingering-timeout": "5s",
    "nginx-conf-sigil-path": "deploy/nginx.conf.j2",
    "nginx-service-command": "systemctl",
    "proxy-buffer-size": "8k",
    "proxy-buffering": "off",
    "proxy-buffers": "16 8k",
    "proxy-busy-buffers-size": "16k",
    "proxy-connect-timeout": "5s",
    "proxy-keepalive": "8",
    "proxy-read-timeout": "1h",
    "proxy-send-timeout": "60",
    "send-timeout": "60s",
    "underscore-in-headers": "on",
    "x-forwarded-for-value": "$proxy_add_x_forwarded_for",
    "x-forwarded-port-value": "$http_x_forwarded_port",
    "x-forwarded-proto-value": "https",
    "x-forwarded-ssl": "on",
}


def route(**fields: object) -> Route:
    values: dict[str, object] = {
        "app": AppName("blog"),
        "domains": (Domain("blog.example.com"),),
        "ports": (Port("http", 80, 5000), Port("https", 443, 5000)),
        "upstreams": {5000: (Upstream("10.0.0.2", 5000),)},
        "certificate": Certificate("/a/c.pem", "/a/k.pem"),
    }
    return Route(**{**values, **fields})  # type: ignore[arg-type]


def shape(text: str) -> list[str]:
    """The names of all directives: what an injection would change."""

    def walk(directives):  # type: ignore[no-untyped-def]
        for directive in directives:
            yield directive.name
            yield from walk(directive.block or [])

    return list(walk(parse(text)))


@functools.cache
def shape_with(*facts: ProxyFact) -> list[str]:
    return shape(render_app(route(extra=facts), Facts()).text)


def test_there_are_the_31_properties_of_dokku_with_its_defaults() -> None:
    assert set(GOOD) == set(SETTINGS.properties)
    dokkus = set(SETTINGS.properties) - OURS
    assert len(dokkus) == 31
    assert SETTINGS.properties["hsts-max-age"].default == "15724800"
    assert SETTINGS.properties["client-max-body-size"].default == "1m"
    assert all(SETTINGS.properties[name].scope == "both" for name in dokkus)


@for_each(GOOD)
def test_property_takes_good_values_and_its_own_default(name: str) -> None:
    prop = SETTINGS.properties[name]
    assert prop.parse(GOOD[name])
    assert not prop.default or prop.parse(prop.default.replace("{app}", "blog"))
    render_app(route(settings={name: GOOD[name]}), Facts())


@for_each(GOOD)
def test_property_refuses_or_takes_literally_whatever_is_thrown_at_it(name: str) -> None:
    plain = shape_with()
    taken = 0
    for payload in PAYLOADS:
        try:
            kept = SETTINGS.properties[name].parse(payload)
        except UserError:
            if name not in ELSEWHERE:
                with pytest.raises(AppError, match="App blog"):
                    render_app(route(settings={name: payload}), Facts())
            continue
        taken += 1
        # A path in the repository may hold any printable character: it is only ever looked up there.
        assert not set(kept) & set(";{}\"'\\\n\r\0") or name == "nginx-conf-sigil-path"
        assert shape(render_app(route(settings={name: kept}), Facts()).text) == plain
    assert taken < len(PAYLOADS) / 2 or name == "nginx-conf-sigil-path"


@for_each(PAYLOADS, ascii)
def test_header_value_stays_one_word(payload: str) -> None:
    plain = shape_with(ResponseHeader("X-A", "b"))
    try:
        text = render_app(route(extra=(ResponseHeader("X-A", payload),)), Facts()).text
    except AppError:
        assert any(ord(character) < 32 for character in payload)
        return
    except Exception as error:  # a word that nginx's buffer cannot hold
        assert len(payload) > 4000, error
        return
    if len(payload) < 4000:
        assert shape(text) == plain


@for_each(list(itertools.product(PAYLOADS, ["domain", "chain", "address", "location"])), ascii)
def test_other_inputs_are_refused_or_stay_one_word(one: tuple[str, str]) -> None:
    payload, field = one
    fields: dict[str, dict[str, object]] = {
        "domain": {"domains": (str.__new__(Domain, payload),)},
        "chain": {"certificate": Certificate("/a/" + payload, "/a/k.pem")},
        "address": {"upstreams": {5000: (Upstream(payload, 80),)}},
        "location": {"extra": (Location("/x/" + payload, "/srv/" + payload),)},
    }
    expected = shape_with(Location("/x/", "/srv/x")) if field == "location" else shape_with()
    try:
        text = render_app(route(**fields[field]), Facts()).text
    except AppError as error:
        assert "App blog" in error.message
        return
    assert shape(text) == expected


def test_dollar_in_a_literal_is_no_variable() -> None:
    assert quoted("a$host") == '"a${dokkupy_dollar}host"'


def test_log_file_belongs_to_one_app_only() -> None:
    assert own_log("blog", "/var/log/nginx/blog-access.log")
    assert not own_log("blog", "/var/log/nginx/blog-api-access.log")
    assert own_log("blog-api", "/var/log/nginx/blog-api-access.log")
    assert not own_log("blog", "/var/log/nginx/shop-access.log")


@pytest.mark.parametrize(
    ("version", "expected", "absent"),
    [
        ((1, 22, 1), ["listen 443 ssl http2;"], ["http2 on;", "keepalive_min_timeout"]),
        ((1, 25, 1), ["listen 443 ssl;", "http2 on;"], ["keepalive_min_timeout"]),
        ((1, 27, 4), ["http2 on;", "keepalive_min_timeout 5s;"], []),
    ],
)
def test_text_fits_the_version_of_nginx(version: tuple[int, ...], expected: list[str], absent: list[str]) -> None:
    text = render_app(route(), Facts(version=version)).text
    assert all(line in text for line in expected)
    assert not any(line in text for line in absent)


def test_grpc_is_passed_as_grpc() -> None:
    text = render_app(route(ports=(Port("grpc", 50051, 5000), Port("grpcs", 50052, 5000))), Facts()).text
    # Each call is a POST, which gets a connection of its own.
    assert text.count("grpc_pass grpc://blog-5000_fresh;") == 2
    assert "listen 50051 http2;" in text
    assert "listen 50052 ssl http2;" in text
    assert "grpc_hide_header Strict-Transport-Security;" in text
