"""Applying routes to a real nginx."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import time
from dataclasses import replace
from pathlib import Path

import pytest
from dokkupy_nginx.layout import PROBE_ADDRESS
from dokkupy_sdk.errors import AppError, DokkupyError, HostError
from dokkupy_sdk.model import Certificate, Port, Upstream
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.proxy_facts import Location, ResponseHeader
from dokkupy_sdk.testing.ports import free_port

from plugins_builtin.nginx.tests.conftest import Rig, served


def test_route_serves_its_domain_and_unknown_names_are_refused(rig: Rig) -> None:
    rig.serve("blog", "blog.example.com")
    assert rig.get("blog.example.com", "/x?y=1").body == "blog /x?y=1"
    assert rig.get("other.example.com").status == 0
    assert rig.get("").status in (0, 400)
    assert rig.get("blog.example.com", tls=True).status == 0


def test_unchanged_route_reloads_nothing(rig: Rig) -> None:
    backend = rig.serve("blog", "blog.example.com")
    generation = rig.proxy.trees.generation
    workers = rig.proxy.nginx.workers(rig.pid or 0)
    rig.proxy.apply([rig.route("blog", "blog.example.com", upstreams={5000: (backend.upstream,)})])
    assert rig.proxy.trees.generation == generation
    assert rig.proxy.nginx.workers(rig.pid or 0) == workers


def test_after_apply_every_new_connection_meets_the_new_route(rig: Rig) -> None:
    old = rig.serve("blog", "blog.example.com")
    new = rig.backend("new")
    for backend in (new, old, new, old, new):
        rig.proxy.apply([rig.route("blog", "blog.example.com", upstreams={5000: (backend.upstream,)})])
        assert {rig.get("blog.example.com").body for _ in range(20)} == {f"{backend.name} /"}


def test_removed_app_is_refused_and_the_others_stay(rig: Rig) -> None:
    rig.serve("blog", "blog.example.com")
    rig.serve("shop", "shop.example.com")
    rig.proxy.apply([], remove=[AppName("blog")])
    assert rig.get("blog.example.com").status == 0
    assert rig.get("shop.example.com").body == "shop /"
    assert rig.proxy.apps() == ("shop",)
    assert rig.proxy.show(AppName("blog")) == ""


def test_route_without_upstreams_answers_502(rig: Rig) -> None:
    rig.proxy.apply([rig.route("blog", "blog.example.com")])
    answer = rig.get("blog.example.com")
    assert answer.status == 502
    assert "not running" in answer.body


def test_dead_instance_is_a_502_page_and_a_living_one_beside_it_serves(rig: Rig) -> None:
    dead = Upstream("127.0.0.1", free_port())
    rig.proxy.apply([rig.route("blog", "blog.example.com", upstreams={5000: (dead,)})])
    assert rig.get("blog.example.com").status == 502
    alive = rig.backend("alive")
    rig.proxy.apply([rig.route("blog", "blog.example.com", upstreams={5000: (dead, alive.upstream)})])
    assert {rig.get("blog.example.com").body for _ in range(10)} == {"alive /"}


def test_app_without_domains_answers_every_name_on_its_own_port(rig: Rig) -> None:
    backend = rig.backend("blog")
    port = free_port()
    rig.proxy.apply([rig.route("blog", ports=(Port("http", port, 5000),), upstreams={5000: (backend.upstream,)})])
    assert rig.get("whatever", port=port).body == "blog /"
    assert rig.get("whatever").status == 0


def test_second_port_of_a_named_app_refuses_unknown_names_too(rig: Rig) -> None:
    backend = rig.backend("blog")
    port = free_port()
    route = rig.route(
        "blog", "blog.example.com", ports=(Port("http", port, 5000),), upstreams={5000: (backend.upstream,)}
    )
    rig.proxy.apply([route])
    assert rig.get("blog.example.com", port=port).body == "blog /"
    assert rig.get("other.example.com", port=port).status == 0


def test_wildcard_and_catch_all_domains(rig: Rig) -> None:
    rig.serve("wild", "*.example.com")
    rig.serve("exact", "a.example.com")
    rig.serve("rest", "_")
    assert rig.get("b.example.com").body == "wild /"
    assert rig.get("a.example.com").body == "exact /"
    assert rig.get("elsewhere.test").body == "rest /"


def test_https_redirects_serves_and_refuses_unknown_names(rig: Rig) -> None:
    backend = rig.backend("blog")
    certificate = Certificate(*rig.certificate("blog.example.com"))
    ports = (Port("http", rig.http, 5000), Port("https", rig.tls, 5000))
    route = rig.route(
        "blog", "blog.example.com", ports=ports, certificate=certificate, upstreams={5000: (backend.upstream,)}
    )
    rig.proxy.apply([route])
    assert rig.get("blog.example.com", "/a").headers["location"] == f"https://blog.example.com:{rig.tls}/a"
    answer = rig.get("blog.example.com", tls=True)
    assert answer.body == "blog /"
    assert answer.headers["strict-transport-security"] == "max-age=15724800; includeSubDomains"
    assert backend.requests[-1]["x-forwarded-proto"] == "https"
    assert rig.get("other.example.com", tls=True).status == 0
    assert rig.get("", tls=True).status == 0


def test_authority_is_answered_for_every_name_before_redirects_apps_and_templates(rig: Rig, public: Path) -> None:
    rig.layout.system = str(public)
    place = Path(rig.layout.challenges)
    place.mkdir(parents=True)
    (place / "token-1").write_text("token-1.thumb")
    backend = rig.backend("blog")
    certificate = Certificate(*rig.certificate("blog.example.com"))
    ports = (Port("http", rig.http, 5000), Port("https", rig.tls, 5000))
    upstreams = {5000: (backend.upstream,)}
    template = """server {
      listen {{ PROXY_PORT }}; server_name {{ SERVER_NAMES }};
      location ^~ /.well-known/acme-challenge/ { return 403; }
      location / { return 200 mine; }
    }"""
    rig.proxy.apply(
        [
            rig.route("blog", "blog.example.com", ports=ports, certificate=certificate, upstreams=upstreams),
            rig.route("plain", "plain.example.com", upstreams=upstreams),
            rig.route("stopped", "stopped.example.com"),
            rig.route("own", "own.example.com", upstreams=upstreams, template=template),
        ]
    )
    assert rig.get("own.example.com").body == "mine"
    for name in ("blog", "plain", "stopped", "own", "never-deployed"):
        answer = rig.get(f"{name}.example.com", "/.well-known/acme-challenge/token-1")
        assert (answer.status, answer.body) == (200, "token-1.thumb"), name
        assert rig.get(f"{name}.example.com", "/.well-known/acme-challenge/other").status == 404
    assert rig.get("never-deployed.example.com").status == 0
    assert not backend.requests


def test_names_have_their_own_certificates_or_none(rig: Rig) -> None:
    backend = rig.backend("blog")
    ports = (Port("http", rig.http, 5000), Port("https", rig.tls, 5000))
    names = ("a.example.com", "b.example.com", "plain.example.com")
    own = {Domain(name): Certificate(*rig.certificate(name)) for name in names[:2]}
    rig.proxy.apply([rig.route("blog", *names, ports=ports, certificates=own, upstreams={5000: (backend.upstream,)})])
    assert served(rig, "a.example.com") != served(rig, "b.example.com")
    assert rig.get("a.example.com").status == 301
    assert rig.get("plain.example.com").body == "blog /"
    assert rig.get("plain.example.com", tls=True).status == 0


def test_https_port_without_certificate_is_left_out(rig: Rig) -> None:
    backend = rig.backend("blog")
    ports = (Port("http", rig.http, 5000), Port("https", rig.tls, 5000))
    rig.proxy.apply([rig.route("blog", "blog.example.com", ports=ports, upstreams={5000: (backend.upstream,)})])
    assert rig.get("blog.example.com").body == "blog /"


def test_renewed_certificate_in_the_same_file_is_served(rig: Rig) -> None:

    backend = rig.backend("blog")
    certificate = Certificate(*rig.certificate("blog.example.com"))
    for path in (certificate.chain, certificate.key):  # nginx 1.27.4 keeps what has the same second
        os.utime(path, (1, 1))
    route = rig.route(
        "blog",
        "blog.example.com",
        ports=(Port("https", rig.tls, 5000),),
        certificate=certificate,
        upstreams={5000: (backend.upstream,)},
    )
    rig.proxy.apply([route])
    # The probe needs the name, so ask with SNI.
    before = served(rig, "blog.example.com")
    rig.certificate("blog.example.com")
    rig.proxy.apply([route])
    after = served(rig, "blog.example.com")
    assert before != after
    assert ssl.PEM_cert_to_DER_cert(Path(certificate.chain).read_text()) == after


def test_contributed_locations_and_headers_are_literal(rig: Rig, public: Path) -> None:
    directory = public / "acme"
    directory.mkdir(mode=0o755)
    (directory / "token").write_text("answer")
    extra = (
        Location("/.well-known/acme-challenge/", str(directory)),
        ResponseHeader("X-Odd", "a\"b\\c; } $host {x} # '"),
    )
    rig.serve("blog", "blog.example.com", extra=extra)
    assert rig.get("blog.example.com", "/.well-known/acme-challenge/token").body == "answer"
    assert rig.get("blog.example.com", "/.well-known/acme-challenge../etc/passwd").body.startswith("blog ")
    assert rig.get("blog.example.com").headers["x-odd"] == "a\"b\\c; } $host {x} # '"


def test_a_location_of_everything_takes_the_place_of_the_app_and_of_the_redirect(rig: Rig, public: Path) -> None:
    (public / "index.html").write_text("back soon")
    certificate = Certificate(*rig.certificate("blog.example.com"))
    ports = (Port("http", rig.http, 5000), Port("https", rig.tls, 5000))
    backend = rig.backend("blog")
    route = rig.route(
        "blog",
        "blog.example.com",
        ports=ports,
        certificate=certificate,
        upstreams={5000: (backend.upstream,)},
        extra=(Location("/", str(public), status=503),),
    )
    rig.proxy.apply([route])
    for tls in (False, True):
        for method, path in (("GET", "/"), ("GET", "/deep/path?x=1"), ("POST", "/form")):
            answer = rig.get("blog.example.com", path, tls=tls, method=method)
            assert (answer.status, answer.body) == (503, "back soon"), (tls, method, path)
    assert rig.proxy.unserved(route) == ()
    assert not backend.requests
    rig.proxy.apply([replace(route, extra=(Location("/", str(public)),))])
    assert (rig.get("blog.example.com").status, rig.get("blog.example.com").body) == (200, "back soon")
    rig.proxy.apply([replace(route, extra=(Location("/", str(public), status=503),), upstreams={})])
    assert rig.get("blog.example.com", tls=True).body == "back soon"


@pytest.mark.parametrize("status", [200, 301, 999])
def test_a_location_with_a_status_that_is_not_an_error_is_refused(rig: Rig, public: Path, status: int) -> None:
    with pytest.raises(DokkupyError, match="blog.*from 400 to 599"):
        rig.serve("blog", "blog.example.com", extra=(Location("/", str(public), status=status),))


def test_forwarded_headers_are_ours_not_the_clients(rig: Rig) -> None:
    backend = rig.serve("blog", "blog.example.com")
    spoofed = {
        "X-Forwarded-For": "6.6.6.6",
        "X-Real-IP": "6.6.6.6",
        "X-Forwarded-Ssl": "on",
        "X-Forwarded-Port": "6",
        "Forwarded": "for=6.6.6.6",
    }
    rig.get("blog.example.com", headers=spoofed)
    seen = backend.requests[-1]
    assert (seen["x-forwarded-for"], seen["x-real-ip"], seen["x-forwarded-proto"]) == ("127.0.0.1", "127.0.0.1", "http")
    assert seen["x-forwarded-port"] == str(rig.http)
    assert "forwarded" not in seen
    assert "x-forwarded-ssl" not in seen
    assert seen["host"] == "blog.example.com"


@pytest.mark.parametrize("domains", [("blog.example.com",), ()], ids=["its names", "all names"])
@pytest.mark.parametrize("instances", [1, 2])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_only_a_request_to_upgrade_is_passed_on_as_one(
    rig: Rig, domains: tuple[str, ...], instances: int, method: str
) -> None:
    backend = rig.backend("blog")
    rig.proxy.apply([rig.route("blog", *domains, upstreams={5000: (backend.upstream,) * instances})])
    asked = {"Upgrade": "websocket", "Connection": "Upgrade", "Content-Length": "0"}
    seen = []
    for headers in ({}, asked, {"Connection": "X-Real-IP, Upgrade"}):
        assert rig.get("blog.example.com", headers=headers, method=method).status == 200
        seen.append((backend.requests[-1].get("connection"), backend.requests[-1].get("upgrade")))
    assert seen[1] == ("upgrade", "websocket")
    assert {upgrade for _, upgrade in (seen[0], seen[2])} == {None}
    assert {connection for connection, _ in (seen[0], seen[2])} <= {None, "close"}


def test_nginx_that_is_down_gets_the_files_and_the_caller_the_remedy(cold: Rig) -> None:
    backend = cold.backend("blog")
    route = cold.route("blog", "blog.example.com", upstreams={5000: (backend.upstream,)})
    with pytest.raises(HostError) as caught:
        cold.proxy.apply([route])
    assert caught.value.code == "proxy_down"
    assert "nginx:start" in caught.value.hint
    cold.start()
    assert cold.get("blog.example.com").body == "blog /"
    cold.stop()
    cold.proxy.apply([route])  # nothing to change, so nothing to complain of


def test_kill_between_switch_and_reload_is_made_good_by_the_next_apply(rig: Rig) -> None:
    backend = rig.serve("blog", "blog.example.com")
    new = rig.backend("new")
    route = rig.route("blog", "blog.example.com", upstreams={5000: (new.upstream,)})
    pid = os.fork()
    if pid == 0:
        os.environ["DOKKUPY_FAILPOINT"] = "kill@5"  # linked, staged, tested, before switch, after switch
        rig.proxy.apply([route])
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL
    assert rig.get("blog.example.com").body == f"{backend.name} /"
    rig.proxy.apply([route])
    assert rig.get("blog.example.com").body == "new /"


def test_refused_reload_brings_the_old_tree_back(rig: Rig) -> None:
    """A port that another program holds: `nginx -t` cannot see it, only the reload can."""

    backend = rig.serve("blog", "blog.example.com")
    generation = rig.proxy.trees.generation
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))
        other.listen()
        port = other.getsockname()[1]
        ports = (Port("http", rig.http, 5000), Port("http", port, 5000))
        with pytest.raises(AppError) as caught:
            rig.proxy.apply([rig.route("blog", "blog.example.com", ports=ports, upstreams={5000: (backend.upstream,)})])
    assert str(port) in caught.value.message
    assert rig.proxy.trees.generation == generation
    time.sleep(0.1)
    assert rig.proxy.nginx.generation(PROBE_ADDRESS) == generation
    assert rig.get("blog.example.com").body == "blog /"


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2"])
def test_an_app_that_listens_on_loopback_alone_can_be_switched_and_others_too(rig: Rig, address: str) -> None:
    settings = {"bind-address-ipv4": address, "bind-address-ipv6": "[::1]"}
    rig.serve("inside", "inside.example.com", settings=settings)
    rig.serve("blog", "blog.example.com")
    rig.serve("inside", "inside.example.com", settings=settings)
    assert rig.proxy.served_generation() == rig.proxy.trees.generation
    # the other app is not taken for one that is not served
    assert rig.proxy.unserved(rig.route("blog", "blog.example.com")) == ()
    name = "inside.example.com" if address == "127.0.0.1" else "blog.example.com"
    assert rig.get(name).body == f"{name.partition('.')[0]} /"
