"""The namespace `nginx`, through the command line's own entry: exit status and both streams."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from dokkupy.cli.main import main
from dokkupy_nginx.config.claims import hidden_on
from dokkupy_nginx.hooks import diagnose, post_app_destroy
from dokkupy_nginx.setup import doctor
from dokkupy_nginx.setup.doctor import addresses, http3
from dokkupy_sdk.diagnosis import Evidence
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.model import Certificate, Port
from dokkupy_sdk.names import AppName

from plugins_builtin.nginx.tests.conftest import Rig


@pytest.fixture
def cli(rig: Rig, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    """run(words) -> (status, stdout, stderr), on a host with the app `blog` that is served."""
    rig.host.store.write("apps", "blog", "app", data={"created_at": "now"})
    rig.host.override_role("proxy", "nginx", rig.proxy)
    rig.serve("blog", "blog.example.com")
    capsys.readouterr()

    def run(*words: str) -> tuple[int, str, str]:
        status = main(list(words), host=rig.host)
        streams = capsys.readouterr()
        return status, streams.out, streams.err

    return run


def test_set_report_and_unset(cli, rig: Rig) -> None:  # type: ignore[no-untyped-def]
    assert cli("nginx:set", "blog", "client-max-body-size", "50m")[:2] == (
        0,
        "=====> Setting client-max-body-size to 50m\n",
    )
    assert cli("nginx:report", "blog", "--nginx-computed-client-max-body-size")[1] == "50m\n"
    assert cli("nginx:set", "blog", "client-max-body-size")[1] == "=====> Unsetting client-max-body-size\n"
    status, out, _ = cli("nginx:report", "blog", "--format", "json")
    report = json.loads(out)
    assert status == 0
    assert (report["client-max-body-size"], report["computed-client-max-body-size"]) == ("", "1m")
    assert sum(key.startswith("computed-") for key in report) == 31
    assert not {key for key in report if "http3" in key or "tls-profile" in key or "stapling" in key}
    whole = json.loads(cli("nginx:report", "blog", "--verbose", "--format", "json")[1])
    assert (
        sum(key.startswith("computed-") for key in whole) == 31 + 4
    )  # Dokku's, the TLS profile, requests of an address, HTTP/3, stapling
    assert cli("nginx:report", "blog", "--nginx-computed-tls-profile")[1] == "intermediate\n"
    before = int(report["last-visited-at"])
    assert rig.get("blog.example.com").headers["server"] == "nginx"  # without its version
    assert int(cli("nginx:report", "blog", "--nginx-last-visited-at")[1]) >= before


def test_bad_values_and_names_are_refused_and_change_nothing(cli, rig: Rig) -> None:  # type: ignore[no-untyped-def]
    for name, value in (
        ("client-max-body-size", "1m; root /"),
        ("nosuch", "x"),
        ("access-log-path", "/var/log/nginx/shop-access.log"),
        ("error-log-path", "/etc/passwd"),
        ("proxy-buffers", "1000000 1m"),
    ):
        status, _, err = cli("nginx:set", "blog", name, value)
        assert (status, err.startswith(" !     ")) == (1, True), name
    assert rig.host.store.read("apps", "blog", "nginx").get("properties", {}) == {}
    assert cli("nginx:report", "nosuchapp")[0] == 20


@pytest.mark.parametrize("value", [("127.0.0.1",), ()])
def test_an_address_to_listen_on_is_an_admin_s_to_set_and_unset(  # type: ignore[no-untyped-def]
    cli, rig: Rig, capsys: pytest.CaptureFixture[str], value: tuple[str, ...]
) -> None:
    """nginx gives all requests for an address to the apps that listen on it, whoever's names they ask for."""
    rig.host.store.write("global", "ssh-keys", data={"keys": {"dev": {"role": "deployer", "apps": ["blog"]}}})
    rig.host.store.write("apps", "shop", "app", data={"created_at": "now"})
    rig.serve("shop", "shop.example.com")
    assert main(["nginx:set", "blog", "bind-address-ipv4", "127.0.0.2"], host=rig.host) == 0
    assert main(["nginx:set", "blog", "bind-address-ipv4", *value], host=rig.host, who="key:dev") == 1
    capsys.readouterr()
    assert cli("nginx:report", "blog", "--nginx-bind-address-ipv4")[1] == "127.0.0.2\n"
    warning = cli("nginx:set", "blog", "bind-address-ipv4", "127.0.0.3")[2]
    assert "Only apps that listen on 127.0.0.3 itself are reachable there: not shop" in warning
    rig.proxy.apply([rig.route("blog", "blog.example.com", upstreams={5000: (rig.backends[0].upstream,)})])
    port = rig.layout.http_port
    assert hidden_on(map(rig.proxy.claims, rig.proxy.apps())) == {f"127.0.0.3:{port}": ("blog", ("shop",))}
    assert [one.message for one in addresses(rig.proxy)] == [
        f"Only blog and other apps with this address are reachable at 127.0.0.3:{port}, not shop, which listen on all "
        "addresses"
    ]


def test_set_takes_effect_with_the_next_apply(cli, rig: Rig) -> None:  # type: ignore[no-untyped-def]
    assert cli("nginx:set", "blog", "hsts", "false")[0] == 0
    assert cli("nginx:set", "blog", "proxy-read-timeout", "7s")[0] == 0
    rig.proxy.apply([rig.route("blog", "blog.example.com", upstreams={5000: (rig.backends[0].upstream,)})])
    assert "proxy_read_timeout 7s;" in cli("nginx:show-config", "blog")[1]
    assert cli("nginx:show-conf", "blog")[1] == cli("nginx:show-config", "blog")[1]


def test_later_app_of_the_same_name_does_not_read_what_was_logged_for_the_earlier_one(  # type: ignore[no-untyped-def]
    cli, rig: Rig
) -> None:
    path, other = Path(rig.layout.logs, "blog-access.log"), Path(rig.layout.logs, "blog-x-access.log")
    path.write_text("GET /reset?token=secret\n")
    other.write_text("GET /other\n")
    wait_for_log(cli, "token=secret")
    for _ in range(2):  # a destruction that was interrupted is finished later
        post_app_destroy(rig.host, AppName("blog"))
    assert cli("nginx:access-logs", "blog")[:2] == (0, "")
    with path.open("a") as file:
        file.write("GET /later\n")
    assert cli("nginx:access-logs", "blog")[1] == "GET /later\n"
    # Another app whose name begins so keeps its own; a rotated file is another one.
    rig.host.store.write("apps", "blog-x", "app", data={"created_at": "now"})
    assert cli("nginx:access-logs", "blog-x")[1] == "GET /other\n"
    path.unlink()
    path.write_text("GET /after-the-rotation-of-a-day\n")
    assert "after-the-rotation" in cli("nginx:access-logs", "blog")[1]


def wait_for_log(cli, text: str) -> None:  # type: ignore[no-untyped-def]
    """nginx writes a line a moment after the answer."""
    end = time.monotonic() + 60
    while text not in cli("nginx:access-logs", "blog")[1]:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_logs_are_chosen_by_number_time_and_text(cli, rig: Rig) -> None:  # type: ignore[no-untyped-def]
    rows = [
        '192.0.2.1 - - [29/Nov/2020:20:00:00 +0000] "GET /old HTTP/1.1" 200 2',
        '192.0.2.1 - - [29/Nov/2999:20:00:00 +0000] "GET /new HTTP/1.1" 200 2',
        '{"time": "2999-11-29T20:00:01+00:00", "uri": "/newer"}',
        "without a time",
    ]
    Path(rig.layout.logs, "blog-access.log").write_text("".join(f"{row}\n" for row in rows))
    Path(rig.layout.logs, "blog-error.log").write_text(
        "2020/11/29 20:00:00 [error] old\n2999/11/29 20:00:00 [error] new\n"
    )

    def shown(*words: str, kind: str = "access") -> list[str]:
        status, out, error = cli(f"nginx:{kind}-logs", "blog", *words)
        assert status == 0, error
        return list(out.splitlines())

    assert shown("--num", "1") == rows[-1:] and shown("-n", "0") == []
    assert shown("--since", "1h") == rows[1:]
    assert shown("--since", "2999-11-29T20:00:01Z", "--num", "1") == rows[-1:]
    assert shown("--grep", "/new") == rows[1:3] and shown("--grep", "/new", "--num", "1") == rows[2:3]
    assert shown("--since", "1h", kind="error") == ["2999/11/29 20:00:00 [error] new"]
    assert cli("nginx:access-logs", "blog", "--since", "yesterday")[0] == 1
    assert cli("nginx:access-logs", "blog", "--num", "-1")[0] == 1


def test_logs_are_shown_without_control_characters(cli, rig: Rig) -> None:  # type: ignore[no-untyped-def]
    rig.get("blog.example.com", "/seen")
    wait_for_log(cli, "GET /seen HTTP/1.1")
    with open(f"{rig.layout.logs}/blog-error.log", "a") as file:
        file.write("x\x1b[2Jy\n")
    assert "x[2Jy" in cli("nginx:error-logs", "blog")[1]
    os.unlink(f"{rig.layout.logs}/blog-error.log")
    assert cli("nginx:error-logs", "blog")[0] == 1


def test_validate_names_the_bad_app_and_clean_sets_it_aside(cli, rig: Rig) -> None:  # type: ignore[no-untyped-def]
    assert cli("nginx:validate-config")[0] == 0
    path = Path(rig.proxy.trees.live) / "apps/blog.conf"
    text = path.read_text()
    path.unlink()
    path.write_text(text + "bogus on;\n")
    status, _, err = cli("nginx:validate", "blog")
    assert (status, "bogus" in err, "blog" in err) == (1, True, True)
    assert cli("nginx:reload")[0] == 1
    assert cli("nginx:validate-config", "--clean")[0] == 0
    assert rig.proxy.apps() == ()
    assert cli("nginx:validate-config")[0] == 1, "it is set aside, not well"


def test_a_mistake_in_nginx_conf_is_named_by_the_file_that_the_operator_edits(cli, rig: Rig) -> None:  # type: ignore[no-untyped-def]
    with open(f"{rig.layout.etc}/nginx.conf", "a") as file:
        file.write("bogus on;\n")
    _, _, error = cli("nginx:validate-config")
    (cause,) = diagnose(rig.host, Evidence("blog", "start", reason="nginx refuses its configuration"))
    for text in (error, cause.title, *cause.fix):
        assert f"{rig.layout.etc}/nginx.conf:" in text and rig.layout.check not in text
    assert not [*diagnose(rig.host, Evidence("blog", "start", reason="exit 1"))]


def test_nginx_that_runs_without_the_apps_is_not_said_to_serve_them(  # type: ignore[no-untyped-def]
    cli, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rig.proxy.nginx, "await_generation", lambda *_, **__: False)
    monkeypatch.setattr(rig.proxy.nginx, "generation", lambda *_: "")
    with pytest.raises(HostError, match="nginx runs, but does not serve dokkupy's apps"):
        rig.proxy.reload()
    assert doctor.status_of(rig.proxy).level == "ok"
    rig.stop()
    assert "no app is reachable" in doctor.status_of(rig.proxy).message
    monkeypatch.setattr(doctor, "listened_on", lambda port: False)
    assert "nginx is not running" in [one.title for one in diagnose(rig.host, Evidence("blog", "serve"))]
    monkeypatch.setattr(doctor, "listened_on", lambda port: port == 80)
    (found,) = doctor.serving(rig.proxy)
    assert "another program listens on port 80" in found.message and "sport = :80" in found.remedy


def test_stop_start_and_reload(cli, rig: Rig) -> None:  # type: ignore[no-untyped-def]
    assert cli("nginx:reload")[:2] == (0, "-----> Reloaded nginx\n")
    assert cli("nginx:stop", "--dry-run")[0] == 0
    assert rig.pid is not None
    assert cli("nginx:stop")[0] == 0
    from plugins_builtin.nginx.tests.conftest import wait_for

    wait_for(lambda: rig.pid is None)
    assert cli("nginx:start")[0] == 0
    wait_for(lambda: rig.pid is not None)
    assert rig.get("blog.example.com").body == "blog /"


def test_removed_app_leaves_nothing_to_show(cli, rig: Rig) -> None:  # type: ignore[no-untyped-def]
    rig.proxy.apply([], remove=[AppName("blog")])
    status, _, err = cli("nginx:show-config", "blog")
    assert (status, "No nginx.conf exists for blog" in err) == (1, True)


def test_nginx_without_http3_says_so_and_serves_without(cli, rig: Rig) -> None:  # type: ignore[no-untyped-def]
    path = Path(rig.layout.base) / "version.json"
    path.write_text(path.read_text().replace('"http3": true', '"http3": false'))
    status, _, err = cli("nginx:set", "blog", "http3", "true")
    assert (status, "built without HTTP/3" in err) == (0, True)
    secure = Certificate(*rig.certificate("blog.example.com"))
    ports = (Port("https", rig.tls, 5000),)
    route = rig.route(
        "blog", "blog.example.com", ports=ports, certificate=secure, upstreams={5000: (rig.backends[0].upstream,)}
    )
    rig.proxy.apply([route])
    assert "quic" not in cli("nginx:show-config", "blog")[1]
    assert cli("nginx:report", "blog", "--nginx-http3-served")[1] == "unsupported\n"
    assert cli("nginx:report", "--global", "--nginx-http3-supported")[1] == "false\n"
    found = http3(rig.proxy, "1.22.1", able=False)
    assert (found.level, "which blog should use" in found.message) == ("warning", True)
    cli("nginx:set", "blog", "http3")
    assert http3(rig.proxy, "1.22.1", able=False).level == "ok"
