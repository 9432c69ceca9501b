"""Broken inputs of one app: the others keep serving, the error names app and line, a restart serves the rest."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.model import Certificate, Port, Route, Upstream
from dokkupy_sdk.names import Domain
from dokkupy_sdk.proxy_facts import ResponseHeader
from dokkupy_sdk.testing.ports import free_port

from plugins_builtin.nginx.tests.conftest import Rig

Break = Callable[[Rig, Route], Route]

SERVER = "server {{ listen {{{{ PORTS[0].listen[0] }}}}; server_name {{{{ SERVER_NAMES }}}};\n{0}\n}}"


def template(body: str) -> Break:
    return lambda rig, route: replace(route, template=SERVER.format(body))


def setting(name: str, value: str) -> Break:
    return lambda rig, route: replace(route, settings={name: value})


def snippet(text: str) -> Break:
    def broken(rig: Rig, route: Route) -> Route:
        directory = Path(rig.layout.snippets("bad"))
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "own.conf").write_text(text)
        return route

    return broken


def certificate(chain: str, key: str) -> Break:
    def broken(rig: Rig, route: Route) -> Route:
        for name, text in (("chain.pem", chain), ("key.pem", key)):
            if text:
                (rig.root / name).write_text(text)
        own = Certificate(str(rig.root / "chain.pem"), str(rig.root / "key.pem"))
        return replace(route, certificate=own, ports=(*route.ports, Port("https", rig.tls, 5000)))

    return broken


def ports(*extra: tuple[str, int]) -> Break:
    return lambda rig, route: replace(
        route, ports=(*route.ports, *(Port(scheme, port, 5000) for scheme, port in extra))
    )


def taken_by_a_program(rig: Rig, route: Route) -> Route:
    other = socket.socket()
    other.bind(("0.0.0.0", 0))
    other.listen()
    rig.keep.append(other)
    return replace(route, ports=(*route.ports, Port("http", other.getsockname()[1], 5000)))


def spoken_otherwise(rig: Rig, route: Route) -> Route:
    return replace(route, ports=(Port("grpc", rig.http, 5000),))


def unchecked(text: str) -> Domain:
    """A domain that went past its type, as a damaged state file might bring it."""
    return str.__new__(Domain, text)


# name: (what breaks it, whether nginx or the template has a line for it)
INPUTS: dict[str, tuple[Break, bool]] = {
    "template that does not parse": (template("location / {"), True),
    "template with an unknown directive": (template("bogus on;"), True),
    "template with a wrong value": (template("expires sometime;"), True),
    "template with an unknown variable": (template("return 200 $nope;"), True),
    "template with a foreign name": (
        lambda rig, route: replace(route, template=SERVER.format("").replace("{{ SERVER_NAMES }}", "good.example.com")),
        True,
    ),
    "template that never ends": (
        lambda rig, route: replace(
            route, template="{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
        ),
        False,
    ),
    "template that Jinja refuses": (lambda rig, route: replace(route, template="a\n{% if %}"), True),
    "property with a wrong size": (setting("client-max-body-size", "1x"), False),
    "property with a directive in it": (setting("client-max-body-size", "1m; root /"), False),
    "property with an unknown log format": (setting("access-log-format", "nosuch"), True),
    "property with an unknown variable": (setting("x-forwarded-for-value", "$nope"), True),
    "property with an address of another host": (setting("bind-address-ipv4", "203.0.113.7"), False),
    "property with a foreign log file": (setting("error-log-path", "/etc/cron.d/x.log"), False),
    "domain of another app": (lambda rig, route: replace(route, domains=(Domain("good.example.com"),)), False),
    "domain with a directive in it": (
        lambda rig, route: replace(route, domains=(unchecked("x.example.com; root /"),)),
        False,
    ),
    "port that another program holds": (taken_by_a_program, False),
    "port that other apps use otherwise": (spoken_otherwise, False),
    "port that is none": (ports(("http", 70000)), False),
    "port that is mapped twice": (
        lambda rig, route: replace(route, ports=(*route.ports, Port("http", rig.http, 5001))),
        False,
    ),
    "include that does not parse": (snippet("location /x { return 200;\n"), True),
    "include with an unknown directive": (snippet("# fine\nbogus on;\n"), True),
    "include with a second location /": (snippet("location / { return 200; }\n"), True),
    "include out of its block": (snippet("}\nserver { listen 1; }\n"), True),
    "certificate that is missing": (certificate("", ""), False),
    "certificate that is none": (certificate("hello", "world"), False),
    "header with a line break": (
        lambda rig, route: replace(route, extra=(ResponseHeader("X-A", "a\r\nSet-Cookie: b"),)),
        False,
    ),
    "instance at no address": (
        lambda rig, route: replace(route, upstreams={5000: (Upstream("unix:/var/run/docker.sock", 80),)}),
        False,
    ),
}


@pytest.mark.parametrize("name", INPUTS)
def test_broken_input_names_its_app_and_leaves_the_others_serving(rig: Rig, name: str) -> None:
    breaks, has_line = INPUTS[name]
    rig.serve("good", "good.example.com")
    backend = rig.serve("bad", "bad.example.com")
    generation = rig.proxy.trees.generation
    healthy = rig.route("bad", "bad.example.com", upstreams={5000: (backend.upstream,)})
    with pytest.raises(AppError) as caught:
        rig.proxy.apply([breaks(rig, healthy)])
    said = " ".join((caught.value.message, *caught.value.details))
    assert "App bad" in caught.value.message
    assert (" line " in said or "own.conf:" in said) or not has_line, said
    assert rig.proxy.trees.generation == generation
    assert rig.get("good.example.com").body == "good /"
    assert rig.get("bad.example.com").body == "bad /"
    # What serves after a restart is what served before, even where a file of the host is what broke.
    rig.stop()
    from dokkupy_nginx.recovery.quarantine import clean

    clean(rig.proxy)
    rig.start()
    assert rig.get("good.example.com").body == "good /"


def test_broken_include_is_named_with_file_and_line(rig: Rig) -> None:
    backend = rig.serve("bad", "bad.example.com")
    route = rig.route("bad", "bad.example.com", upstreams={5000: (backend.upstream,)})
    snippet("# fine\nbogus on;\n")(rig, route)
    with pytest.raises(AppError) as caught:
        rig.proxy.apply([route])
    assert f"{rig.layout.snippets('bad')}/own.conf:2" in " ".join(caught.value.details)
    assert "line 2: bogus on;" in caught.value.details


def test_broken_property_is_named(rig: Rig) -> None:
    backend = rig.serve("bad", "bad.example.com")
    route = rig.route("bad", "bad.example.com", upstreams={5000: (backend.upstream,)})
    with pytest.raises(AppError) as caught:
        rig.proxy.apply([setting("access-log-format", "nosuch")(rig, route)])
    assert "access-log-format" in caught.value.message or 'unknown log format "nosuch"' in caught.value.message


def test_file_that_went_bad_meanwhile_does_not_block_another_apps_deploy(rig: Rig) -> None:
    """The certificate of one app vanishes; the other app's deploy sets it aside, with a warning that names it."""
    backend = rig.backend("bad")
    own = Certificate(*rig.certificate("bad.example.com"))
    bad = rig.route(
        "bad",
        "bad.example.com",
        ports=(Port("https", rig.tls, 5000),),
        certificate=own,
        upstreams={5000: (backend.upstream,)},
    )
    rig.proxy.apply([bad])
    kept = Path(own.chain).read_text()
    Path(own.chain).unlink()
    rig.serve("good", "good.example.com")
    assert rig.get("good.example.com").body == "good /"
    assert rig.proxy.apps() == ("good",)
    # It comes back by itself with the next change, once nginx accepts it.
    Path(own.chain).write_text(kept)
    rig.proxy.apply([], remove=[good_name()])
    assert rig.get("bad.example.com", tls=True).body == "bad /"
    assert list(Path(rig.layout.quarantine).iterdir()) == []


def good_name():  # type: ignore[no-untyped-def]
    from dokkupy_sdk.names import AppName

    return AppName("good")


def test_app_cannot_take_anothers_name_port_or_place_as_catch_all(rig: Rig) -> None:
    rig.serve("good", "good.example.com")
    port = free_port()
    rig.proxy.apply([rig.route("all", ports=(Port("http", port, 5000),))])
    for thief in (
        rig.route("thief", "a.example.com", "good.example.com"),
        rig.route("thief", ports=(Port("http", port, 5000),)),
        rig.route("thief", "a.example.com", ports=(Port("grpc", port, 5000),)),
    ):
        with pytest.raises(AppError, match="App thief cannot"):
            rig.proxy.apply([thief])
    assert rig.proxy.apps() == ("all", "good")
