"""Certificates of a real authority: issued, renewed, refused, revoked."""

from __future__ import annotations

import json
import os
import urllib.request
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from dokkupy_apps.desired.domains import add_domains
from dokkupy_apps.testing import deploy
from dokkupy_certs.certificates import slot_of
from dokkupy_letsencrypt import cli
from dokkupy_letsencrypt.certbot.program import Certbot
from dokkupy_letsencrypt.hooks import diagnose
from dokkupy_letsencrypt.order import leftovers, manage
from dokkupy_letsencrypt.validation import dns
from dokkupy_sdk import Host, hookimpl
from dokkupy_sdk.diagnosis import Evidence
from dokkupy_sdk.errors import HostError, UserError
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.operation import operation
from dokkupy_sdk.testing import FakeTlsProbe, dry
from dokkupy_sdk.tls import tls_probe

from plugins_builtin.letsencrypt.tests.authority import Pebble
from plugins_builtin.letsencrypt.tests.conftest import BLOG, TREE, Bench


def probe(bench: Bench) -> FakeTlsProbe:
    made = tls_probe(bench.host)
    assert isinstance(made, FakeTlsProbe)
    return made


def served(bench: Bench, name: str = "blog.example.com") -> str:
    return tls_probe(bench.host).served(BLOG, Domain(name), 443)


def add(bench: Bench, *names: str) -> None:
    with operation(bench.host, "domains:add", f"app:{BLOG}") as tx:
        add_domains(tx, BLOG, [Domain(name) for name in names])


def test_app_gets_one_certificate_for_all_its_names(bench: Bench) -> None:
    add(bench, "www.example.com", "shop.example.org")
    assert cli.enable(bench.host, BLOG).data == {"app": "blog", "issued": True}
    slot = slot_of(bench.host, BLOG, "letsencrypt")
    assert slot and set(slot.current.names) == {"blog.example.com", "www.example.com", "shop.example.org"}
    assert {served(bench, name) for name in slot.current.names} == {slot.current.id}
    assert cli.active(bench.host, BLOG).text == ["true"]
    assert "Pebble" in slot.current.issuer and slot.current.key == "EC secp256r1"


@pytest.mark.parametrize("verb", ["enable", "renew", "revoke", "disable", "cleanup"])
def test_dry_run_asks_no_authority_and_changes_nothing(
    bench: Bench, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if verb != "enable":
        manage.enable(bench.host, BLOG)
    before = served(bench), manage.read(bench.host, BLOG), os.path.exists(Certbot(bench.host).live("blog")[1])

    def asked(*_: object) -> None:
        raise AssertionError("certbot was run")

    monkeypatch.setattr(Certbot, "run", asked)
    getattr(cli, verb)(dry(bench.host), BLOG)
    assert before == (served(bench), manage.read(bench.host, BLOG), os.path.exists(Certbot(bench.host).live("blog")[1]))


def test_what_will_do_is_kept_and_what_is_forced_is_new(bench: Bench) -> None:
    manage.enable(bench.host, BLOG)
    first = served(bench)
    assert manage.enable(bench.host, BLOG) is False and served(bench) == first
    assert manage.enable(bench.host, BLOG, force=True) is True and served(bench) != first
    slot = slot_of(bench.host, BLOG, "letsencrypt")
    assert slot and slot.previous and slot.previous.id == first


def test_renewal_comes_by_itself_in_time_and_not_before(bench: Bench) -> None:
    manage.enable(bench.host, BLOG)
    first, due = served(bench), manage.status(bench.host, BLOG).due
    assert due is not None
    assert manage.renew_due(bench.host, clock=lambda: due - timedelta(seconds=1)) == []
    assert manage.renew_due(bench.host, clock=lambda: due) == ["blog: renewed"]
    assert served(bench) != first


def test_changed_names_and_settings_are_a_reason(bench: Bench) -> None:
    manage.enable(bench.host, BLOG)
    add(bench, "new.example.com")
    assert manage.status(bench.host, BLOG).reason == "the names changed"
    assert manage.renew_due(bench.host) == ["blog: renewed"]
    assert served(bench, "new.example.com") == served(bench)
    with operation(bench.host, "letsencrypt:set", f"app:{BLOG}") as tx:
        manage.SETTINGS.set(tx, BLOG, "key-type", "rsa")
    assert manage.renew_due(bench.host) == ["blog: renewed"]
    slot = slot_of(bench.host, BLOG, "letsencrypt")
    assert slot and slot.current.key == "RSA 2048"
    assert manage.renew_due(bench.host) == []


def test_names_that_lead_elsewhere_are_left_out_and_said(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    from dokkupy_letsencrypt.validation import reach

    add(bench, "gone.example.com", "elsewhere.example.com", "silent.example.com")
    plain = reach.ask

    def ask(name: str, path: str) -> tuple[int, bytes]:
        if name == "gone.example.com":
            raise socket.gaierror("Name or service not known")
        if name == "silent.example.com":
            raise TimeoutError("no answer")
        return (200, b"hello") if name == "elsewhere.example.com" else plain(name, path)

    monkeypatch.setattr(reach, "ask", ask)
    manage.enable(bench.host, BLOG)
    slot = slot_of(bench.host, BLOG, "letsencrypt")
    assert slot and set(slot.current.names) == {"blog.example.com", "silent.example.com"}
    assert cli.extra(bench.host, BLOG)["left-out"] == "gone.example.com elsewhere.example.com"
    text = bench.host.out.text()  # type: ignore[attr-defined]
    assert "gone.example.com is left out: it is not in the DNS" in text
    assert "elsewhere.example.com is left out: another server answers (status 200)" in text
    assert served(bench, "gone.example.com") == ""
    # Nothing is asked for again while nothing changes.
    assert manage.renew_due(bench.host) == []


def test_authority_that_is_down_changes_nothing_and_is_asked_again_later(tmp_path: Path, bench: Bench) -> None:
    manage.enable(bench.host, BLOG)
    first = served(bench)
    with operation(bench.host, "letsencrypt:set", f"app:{BLOG}") as tx:
        manage.SETTINGS.set(tx, BLOG, "server", "https://localhost:1/dir")
    at = manage.now()
    for turn, hours in enumerate((1, 2, 4, 8, 16, 24, 24), 1):
        lines = manage.renew_due(bench.host, clock=partial(datetime.fromtimestamp, at.timestamp(), UTC))
        assert len(lines) == 1 and "No certificate for blog" in lines[0]
        found = manage.status(bench.host, BLOG)
        assert (found.failures, found.next_try) == (turn, (at + timedelta(hours=hours)).replace(microsecond=0))
        assert (
            manage.renew_due(bench.host, clock=partial(datetime.fromtimestamp, at.timestamp() + hours * 3600 - 2, UTC))
            == []
        )
        at += timedelta(hours=hours)
    assert served(bench) == first and cli.extra(bench.host, BLOG)["failures"] == "7"
    (cause,) = diagnose(bench.host, Evidence("blog", "serve"))
    assert "gives no certificate (7 failed attempts)" in cause.title and "letsencrypt:enable blog" in cause.fix[0]
    with operation(bench.host, "letsencrypt:set", f"app:{BLOG}") as tx:
        manage.SETTINGS.set(tx, BLOG, "server", "")
    # With the old authority back, what there is will do: nothing is asked for, and the trouble is over.
    assert manage.enable(bench.host, BLOG) is False and served(bench) == first
    assert cli.extra(bench.host, BLOG)["failures"] == "0" and cli.extra(bench.host, BLOG)["next-try"] == ""
    assert list(diagnose(bench.host, Evidence("blog", "serve"))) == []
    assert manage.renew_due(bench.host) == []


def test_challenge_that_is_shadowed_is_explained(bench: Bench) -> None:
    bench.server.RequestHandlerClass = Shadow
    with pytest.raises(HostError, match="No certificate for blog") as caught:
        manage.enable(bench.host, BLOG)
    assert "DNS record" in caught.value.hint or "points to this host" in caught.value.message
    assert served(bench) == "" and slot_of(bench.host, BLOG, "letsencrypt") is None


def test_certificate_that_is_not_served_is_rolled_back(bench: Bench) -> None:
    probe(bench).serves["blog.example.com"] = "ab" * 32
    with pytest.raises(HostError, match="blog.example.com"):
        manage.enable(bench.host, BLOG)
    assert slot_of(bench.host, BLOG, "letsencrypt") is None
    del probe(bench).serves["blog.example.com"]
    manage.enable(bench.host, BLOG)
    assert served(bench)


def test_disabled_and_revoked_ones_are_gone(bench: Bench) -> None:
    manage.enable(bench.host, BLOG)
    cli.disable(bench.host, BLOG)
    assert cli.active(bench.host, BLOG).text == ["false"] and bench.proxy.routes["blog"].certificate is None
    assert manage.renew_due(bench.host) == []
    manage.enable(bench.host, BLOG)
    cli.revoke(bench.host, BLOG)
    assert cli.active(bench.host, BLOG).text == ["false"]
    with pytest.raises(UserError, match="no certificate of an authority"):
        cli.revoke(bench.host, BLOG)


def test_all_apps_at_once_and_one_s_failure_is_nobody_else_s(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from dokkupy_letsencrypt.validation import reach

    plain = reach.ask
    monkeypatch.setattr(reach, "ask", lambda name, path: (404, b"") if name.startswith("bad") else plain(name, path))
    for name in ("bad", "shop"):
        deploy(bench.host, name, TREE)
    answer = cli.enable(bench.host, None, all=True)
    assert {row["app"]: row["issued"] for row in answer.data} == {"bad": False, "blog": True, "shop": True}
    assert answer.status == 1
    assert [row["app"] for row in cli.list_apps(bench.host).data] == ["blog", "shop"]
    with pytest.raises(UserError, match="--all"):
        cli.enable(bench.host)


def test_a_destroyed_app_loses_its_certificates_and_a_clone_has_none(bench: Bench) -> None:
    from dokkupy_commands.use_cases.rename_clone import clone_app
    from dokkupy_letsencrypt.hooks import post_app_destroy

    manage.enable(bench.host, BLOG)
    clone_app(bench.host, BLOG, AppName("copy"))
    assert cli.extra(bench.host, AppName("copy"))["autorenew"] == "false"
    assert os.path.exists(Certbot(bench.host).live("blog")[1])
    post_app_destroy(bench.host, BLOG)
    assert not os.path.exists(Certbot(bench.host).live("blog")[1])


def test_keys_are_in_private_files_alone(bench: Bench) -> None:
    manage.enable(bench.host, BLOG)
    secret = Path(Certbot(bench.host).live("blog")[1]).read_text().splitlines()[1]
    for directory, _, names in os.walk(bench.host.root):
        for name in names:
            path = Path(directory, name)
            if path.exists() and secret in path.read_bytes().decode(errors="replace"):
                assert path.stat().st_mode & 0o077 == 0 and name.startswith(("key", "privkey")), path
    assert secret not in repr(cli.extra(bench.host, BLOG))


def test_an_authority_that_wants_an_external_account_gives_a_certificate_only_with_its_key(
    tmp_path: Path, bench: Bench
) -> None:
    """An authority that wants it: without the key a clear word, with it a certificate."""
    strict = Pebble(
        tmp_path,
        externalAccountBindingRequired=True,
        externalAccountMACKeys={"kid-1": "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"},
    )
    strict.config["httpPort"] = bench.authority.http
    (tmp_path / "pebble.json").write_text(json.dumps({"pebble": strict.config}))
    strict.start()
    try:
        with operation(bench.host, "letsencrypt:set", f"app:{BLOG}") as tx:
            manage.SETTINGS.set(tx, BLOG, "server", strict.directory)
            manage.SETTINGS.set(tx, BLOG, "ca-bundle", strict.bundle)
        with pytest.raises(HostError, match="external account binding"):
            manage.enable(bench.host, BLOG)
        with operation(bench.host, "letsencrypt:set", f"app:{BLOG}") as tx:
            manage.SETTINGS.set(tx, BLOG, "eab-kid", "kid-1")
            manage.SETTINGS.set(tx, BLOG, "eab-hmac-key", strict.config["externalAccountMACKeys"]["kid-1"])  # type: ignore[index]
        manage.enable(bench.host, BLOG)
        assert served(bench)
        secret = str(strict.config["externalAccountMACKeys"]["kid-1"])  # type: ignore[index]
        texts = {path: path.read_text(errors="replace") for path in Path(bench.host.root).rglob("*") if path.is_file()}
        with_it = {path.name.removesuffix(".previous") for path, text in texts.items() if secret in text}
        assert with_it == {"letsencrypt.toml"}  # where settings are kept
    finally:
        strict.stop()


def test_an_account_that_the_authority_forgot_is_registered_again(tmp_path: Path, bench: Bench) -> None:
    forgetful = Pebble(tmp_path)
    forgetful.config["httpPort"] = bench.authority.http
    (tmp_path / "pebble.json").write_text(json.dumps({"pebble": forgetful.config}))
    with operation(bench.host, "letsencrypt:set", f"app:{BLOG}") as tx:
        manage.SETTINGS.set(tx, BLOG, "server", forgetful.directory)
        manage.SETTINGS.set(tx, BLOG, "ca-bundle", forgetful.bundle)
    for _ in range(2):
        forgetful.start()
        try:
            manage.enable(bench.host, BLOG, force=True)
        finally:
            forgetful.stop()
    assert "does not know this host's account any more" in bench.host.out.text()  # type: ignore[attr-defined]
    assert served(bench)


@pytest.mark.parametrize(
    "text",
    [
        "http://ca.example.com/dir",
        "https://x/../../etc",
        "https://u:p@x/dir",
        "ftp://x",
        "https://x/a b",
        "https:///dir",
    ],
)
def test_server_that_is_no_directory_s_address_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        manage.SETTINGS.require("server", is_global=True).parse(text)


class Shadow:
    """Stands in for a handler: an app that answers everything itself."""

    def __new__(cls, request: object, client: object, server: object) -> object:
        import http.server

        class Own(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"my own page")

            def log_message(self, *_: object) -> None: ...

        return Own(request, client, server)  # type: ignore[arg-type]


# DNS-01


class Zone:
    """A plugin with the hook resolve_dns_challenge, for the authority's own DNS server."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.records: list[tuple[str, str, bool]] = []

    @hookimpl
    def resolve_dns_challenge(self, host: Host, app: AppName, name: str, value: str, present: bool) -> bool | None:
        if not name.endswith("example.com"):
            return None
        self.records.append((name, value, present))
        verb = "set-txt" if present else "clear-txt"
        body = json.dumps({"host": f"{name}.", "value": value} if present else {"host": f"{name}."}).encode()
        urllib.request.urlopen(f"http://127.0.0.1:{self.bench.authority.dns_management}/{verb}", data=body, timeout=60)
        return True


def by_hook(bench: Bench) -> Zone:
    zone = Zone(bench)
    bench.host.hooks.manager.register(zone, name="zone")
    with operation(bench.host, "letsencrypt:set", f"app:{BLOG}") as tx:
        manage.SETTINGS.set(tx, BLOG, "dns-provider", "hook")
    return zone


def test_wildcard_comes_by_dns_and_without_it_is_left_out(bench: Bench) -> None:
    add(bench, "*.blog.example.com")
    manage.enable(bench.host, BLOG)
    assert "*.blog.example.com is left out: wildcards require DNS" in bench.host.out.text()  # type: ignore[attr-defined]
    zone = by_hook(bench)
    assert manage.status(bench.host, BLOG).reason
    manage.enable(bench.host, BLOG)
    slot = slot_of(bench.host, BLOG, "letsencrypt")
    assert slot and set(slot.current.names) == {"blog.example.com", "*.blog.example.com"}
    assert served(bench, "*.blog.example.com") == slot.current.id
    put = [record[:2] for record in zone.records if record[2]]
    assert put and {record[0] for record in put} == {"_acme-challenge.blog.example.com"}
    assert {record[:2] for record in zone.records if not record[2]} == set(put)


def test_record_that_a_killed_command_left_is_taken_away_by_the_timer(bench: Bench) -> None:
    zone = by_hook(bench)
    for value in ("one", "two"):
        assert dns.put(bench.host, BLOG, "blog.example.com", value, present=True) == ""
    dns.put(bench.host, BLOG, "blog.example.com", "two", present=False)
    notes = Path(bench.host.path("letsencrypt", "dns"))
    (note,) = notes.iterdir()
    leftovers.sweep(bench.host)
    assert list(notes.iterdir()) == [note]  # the authority may still be asking
    os.utime(note, (0, 0))
    leftovers.sweep(bench.host)
    assert zone.records[-1] == ("_acme-challenge.blog.example.com", "one", False) and list(notes.iterdir()) == []


def test_domain_that_no_plugin_writes_for_is_said(bench: Bench) -> None:
    add(bench, "blog.example.org")
    by_hook(bench)
    with pytest.raises(HostError, match="no plugin on this host can write"):
        manage.enable(bench.host, BLOG)


def test_dns_plugin_of_certbot_that_is_missing_is_named(bench: Bench) -> None:
    with operation(bench.host, "letsencrypt:set", f"app:{BLOG}") as tx:
        manage.SETTINGS.set(tx, BLOG, "dns-provider", "cloudflare")
        manage.SETTINGS.set(
            tx, BLOG, "dns-credentials", "dns_cloudflare_api_token=canary-1, dns_cloudflare_email=a@b.c"
        )
    with pytest.raises(HostError, match="does not have this DNS plugin") as caught:
        manage.enable(bench.host, BLOG)
    assert "canary-1" not in repr(caught.value.details)
    for bad in ("token", "a=b;c", "a=b\nserver=x", "a='b'"):
        with pytest.raises(UserError):
            manage.SETTINGS.require("dns-credentials", is_global=False).parse(bad)
