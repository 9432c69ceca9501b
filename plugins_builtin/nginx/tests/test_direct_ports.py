"""TCP and UDP ports: what nginx requires for them, whom they belong to, and what happens when its module goes away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from dokkupy_nginx.config.claims import read_conf
from dokkupy_nginx.recovery.quarantine import clean
from dokkupy_nginx.render.app import render_app
from dokkupy_nginx.render.values import Facts
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.model import Port, Route, Upstream
from dokkupy_sdk.names import AppName
from dokkupy_sdk.testing.contracts.proxy_direct import Lines, greeting
from dokkupy_sdk.testing.ports import free_port

from plugins_builtin.nginx.tests.conftest import MODULES, Rig, wait_for

MAIL = AppName("mail")


@pytest.fixture
def lines() -> Iterator[Lines]:
    with closing(Lines("one")) as instance:
        yield instance


def route(port: Port, *upstreams: Upstream) -> Route:
    return Route(MAIL, (), (port,), {port.container: upstreams})


def unload(rig: Rig) -> None:
    """What `apt-get remove` of the module's package leaves."""
    conf = rig.root / "etc/nginx.conf"
    conf.write_text(conf.read_text().replace(MODULES, ""))


def test_text_is_for_the_stream_module_and_says_what_it_claims() -> None:
    ports = (Port("tcp", 2525, 25), Port("udp", 7007, 7000), Port("udp", 7008, 7008))
    conf = render_app(
        Route(MAIL, (), ports, {25: (Upstream("172.20.0.2", 25),), 7000: (Upstream("172.20.0.2", 7000),)}), Facts()
    )
    assert conf.body == "\n"
    assert conf.streams.splitlines() == [
        "upstream mail-tcp-25-2525 {",
        "    server 172.20.0.2:25 fail_timeout=2s;",
        "}",
        "",
        "server {",
        "    listen 2525 so_keepalive=on;",
        "    listen [::]:2525 so_keepalive=on;",
        "    proxy_pass mail-tcp-25-2525;",
        "    proxy_connect_timeout 60s;",
        "    proxy_timeout 1h;",
        "    proxy_socket_keepalive on;",
        "    limit_conn dokkupy_streams 2000;",
        "    error_log /var/log/nginx/mail-error.log;",
        "}",
        "",
        "upstream mail-udp-7000-7007 {",
        "    hash $remote_addr;",
        "    server 172.20.0.2:7000 fail_timeout=2s;",
        "}",
        "",
        "server {",
        "    listen 7007 udp reuseport;",
        "    listen [::]:7007 udp reuseport;",
        "    proxy_pass mail-udp-7000-7007;",
        "    proxy_connect_timeout 60s;",
        "    proxy_timeout 60s;",
        "    limit_conn dokkupy_streams 2000;",
        "    error_log /var/log/nginx/mail-error.log;",
        "}",
    ]
    assert read_conf(MAIL, conf.text).claims == conf.claims
    assert len(conf.claims) == 6  # a port is the app's own also while nothing runs


def test_a_host_without_the_module_learns_the_package_and_serves_the_others(rig: Rig, lines: Lines) -> None:
    unload(rig)
    rig.serve("blog", "blog.example.com")
    ready = rig.proxy.prepare("tcp")
    assert (ready.state, "libnginx-mod-stream" in ready.reason) == ("not-installed", True)
    assert rig.proxy.prepare("http").ready
    with pytest.raises(AppError, match="libnginx-mod-stream") as caught:
        rig.proxy.apply([route(Port("tcp", free_port(), 25), lines.upstream)])
    assert "apt-get install" in caught.value.hint
    assert rig.get("blog.example.com").body == "blog /"


def test_a_host_that_was_not_set_up_again_or_has_a_stream_block_of_its_own_learns_what_to_do(rig: Rig) -> None:
    conf = rig.root / "etc/nginx.conf"
    whole = conf.read_text()
    conf.write_text(whole.replace("include dokkupy.d/main/*.conf;", ""))
    assert "setup" in rig.proxy.prepare("udp").remedy
    conf.write_text(whole + "stream { }\n")
    assert "block `stream`" in rig.proxy.prepare("udp").reason


def test_an_app_is_set_aside_when_the_module_goes_and_the_others_are_served_after_a_start(
    rig: Rig, lines: Lines
) -> None:
    port = Port("tcp", free_port(), 25)
    rig.serve("blog", "blog.example.com")
    rig.proxy.apply([route(port, lines.upstream)])
    assert greeting(port.host) == "220 one"
    rig.stop()
    unload(rig)
    assert [*clean(rig.proxy)] == [MAIL]
    rig.start()
    wait_for(lambda: rig.get("blog.example.com").body == "blog /")
    conf = rig.root / "etc/nginx.conf"
    conf.write_text(MODULES + conf.read_text())
    rig.stop()  # a module is loaded when nginx starts
    rig.start()
    rig.serve("shop", "shop.example.com")
    assert greeting(port.host) == "220 one"


def test_a_port_on_which_others_speak_http_is_refused_and_so_is_http_on_a_tcp_port(rig: Rig, lines: Lines) -> None:
    number = free_port()
    rig.serve("blog", "blog.example.com", ports=(Port("http", number, 5000),))
    with pytest.raises(AppError, match=f"{number}.*blog"):
        rig.proxy.apply([route(Port("tcp", number, 25), lines.upstream)])
    for taken in (rig.http, rig.tls):
        with pytest.raises(AppError, match="cannot be used"):
            rig.proxy.apply([route(Port("tcp", taken, 25), lines.upstream)])
    own = Port("tcp", free_port(), 25)
    rig.proxy.apply([route(own, lines.upstream)])
    with pytest.raises(AppError, match=f"{own.host}.*mail"):
        rig.serve("shop", "shop.example.com", ports=(Port("http", own.host, 5000),))
    assert greeting(own.host) == "220 one"


def test_one_app_may_have_the_same_number_for_tcp_and_udp_beside_its_website(rig: Rig, lines: Lines) -> None:
    backend, number = rig.backend("dns"), free_port()
    both = rig.route(
        "dns",
        "dns.example.com",
        ports=(Port("http", rig.http, 5000), Port("tcp", number, 53), Port("udp", number, 53)),
        upstreams={5000: (backend.upstream,), 53: (lines.upstream,)},
    )
    rig.proxy.apply([both])
    assert rig.get("dns.example.com").body == "dns /"
    assert greeting(number) == "220 one"
    assert "in stream" in rig.proxy.show(AppName("dns"))
    rig.proxy.apply([replace(both, ports=both.ports[:1])])
    assert greeting(number) == ""
    assert rig.get("dns.example.com").body == "dns /"


def test_an_app_with_a_template_of_its_own_has_its_tcp_port_too(rig: Rig, lines: Lines) -> None:
    backend, number = rig.backend("blog"), free_port()
    template = """
    upstream {{ PORTS[0].upstream }} { server {{ DOKKU_APP_WEB_LISTENERS[0] }}; }
    server {
      {% for socket in PORTS[0].listen %}listen {{ socket }}; {% endfor %}
      server_name {{ SERVER_NAMES }};
      location / { proxy_pass http://{{ PORTS[0].upstream }}; }
    }
    """
    rig.proxy.apply(
        [
            rig.route(
                "blog",
                "blog.example.com",
                ports=(Port("http", rig.http, 5000), Port("tcp", number, 25)),
                upstreams={5000: (backend.upstream,), 25: (lines.upstream,)},
                listeners={"web": (backend.upstream,)},
                template=template,
            )
        ]
    )
    assert rig.get("blog.example.com").body == "blog /"
    assert greeting(number) == "220 one"
