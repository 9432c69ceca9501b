"""`certs:*`: what is kept, served, refused and undone."""

from __future__ import annotations

import gzip
import io
import json
import os
import sys
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dokkupy_certs import cli
from dokkupy_certs.bundle import from_tar
from dokkupy_certs.certificates import place, slot_of
from dokkupy_certs.expiry import causes, findings
from dokkupy_certs.hooks import diagnose
from dokkupy_sdk.diagnosis import Evidence
from dokkupy_sdk.errors import Denied, HostError, NotFound, UserError
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.testing import FakeProxy, FakeTlsProbe, dry
from dokkupy_sdk.tls import tls_probe

from plugins_builtin.certs.tests.conftest import BLOG, Bench


def probe(bench: Bench) -> FakeTlsProbe:
    made = tls_probe(bench.host)
    assert isinstance(made, FakeTlsProbe)
    return made


def proxy(bench: Bench) -> FakeProxy:
    made = bench.host.proxy()
    assert isinstance(made, FakeProxy)
    return made


def current(bench: Bench) -> str:
    slot = slot_of(bench.host, BLOG, "app")
    return slot.current.id if slot else ""


def picture(bench: Bench) -> tuple[object, ...]:
    directory = Path(bench.host.store.directory("apps", BLOG), "tls")
    kept = sorted(str(path.relative_to(directory)) for path in directory.rglob("*")) if directory.exists() else []
    return current(bench), kept, proxy(bench).routes["blog"]


def test_added_certificate_is_served_and_its_key_is_nobody_else_s(bench: Bench) -> None:
    answer = cli.add(bench.host, BLOG, *bench.files())
    served = probe(bench).served(BLOG, Domain("blog.example.com"), 443)
    assert served == current(bench) == answer.data["fingerprint"]
    assert [str(port) for port in proxy(bench).routes["blog"].ports] == ["http:80:5000", "https:443:5000"]
    key = Path(place(bench.host, BLOG, served), "key.pem")
    assert key.stat().st_mode & 0o777 == 0o600 and key.parent.stat().st_mode & 0o777 == 0o700
    assert answer.data["verified"] == "self signed" and answer.data["hostnames"] == "blog.example.com"


def test_updated_certificate_leaves_one_way_back(bench: Bench) -> None:
    found = []
    for _ in range(3):
        cli.update(bench.host, BLOG, *bench.files())
        found.append(current(bench))
    assert len(set(found)) == 3
    assert len(list(Path(bench.host.store.directory("apps", BLOG), "tls").iterdir())) == 2
    cli.rollback(bench.host, BLOG)
    assert current(bench) == found[1] == probe(bench).served(BLOG, Domain("blog.example.com"), 443)
    cli.rollback(bench.host, BLOG)
    assert current(bench) == found[2]


def test_rollback_to_an_expired_one_takes_force(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        cli.update(bench.host, BLOG, *bench.files())
    before = picture(bench)

    class Later(datetime):
        days = 366

        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + timedelta(days=cls.days)

    monkeypatch.setattr(cli, "datetime", Later)
    with pytest.raises(UserError, match="for blog.example.com expired 24 hours ago") as caught:
        cli.rollback(bench.host, BLOG)
    assert "--force" in caught.value.hint and picture(bench) == before
    cli.rollback(bench.host, BLOG, force=True)
    assert "expired 24 hours ago" in bench.host.out.text() and picture(bench) != before  # type: ignore[attr-defined]
    # One that ends soon is gone back to, with a word about it.
    Later.days = 360
    cli.rollback(bench.host, BLOG)
    assert "is good for 5 days" in bench.host.out.text()  # type: ignore[attr-defined]


def test_keys_that_a_killed_command_left_are_swept_by_the_timer(bench: Bench) -> None:
    from dokkupy_certs.hooks import scheduled_jobs
    from dokkupy_certs.sweep import tick

    cli.add(bench.host, BLOG, *bench.files())
    before = picture(bench)
    directory = Path(bench.host.store.directory("apps", BLOG), "tls")
    for name in ("ab" * 16, f"{'cd' * 16}.new"):
        (directory / name).mkdir()
        (directory / name / "key.pem").write_text("secret")
    assert [job.run for job in scheduled_jobs(bench.host)] == ["dokkupy_certs.sweep:tick"]
    tick(bench.host)
    assert picture(bench) == before
    closed = len(list(Path(bench.host.path("journal", "closed")).iterdir()))
    tick(bench.host)
    assert len(list(Path(bench.host.path("journal", "closed")).iterdir())) == closed  # nothing to do costs nothing


def test_same_certificate_again_changes_nothing(bench: Bench) -> None:
    files = bench.files()
    cli.add(bench.host, BLOG, *files)
    before = picture(bench)
    cli.add(bench.host, BLOG, *files)
    assert picture(bench) == before
    with pytest.raises(UserError, match="no previous certificate"):
        cli.rollback(bench.host, BLOG)


@pytest.mark.parametrize("served", ["", "ab" * 32])
def test_what_is_not_served_is_undone(bench: Bench, served: str) -> None:
    cli.add(bench.host, BLOG, *bench.files())
    before = picture(bench)
    probe(bench).serves["blog.example.com"] = served
    with pytest.raises(HostError, match="blog.example.com"):
        cli.update(bench.host, BLOG, *bench.files())
    assert picture(bench) == before


def test_first_certificate_that_is_not_served_leaves_http(bench: Bench) -> None:
    before = picture(bench)
    probe(bench).serves["blog.example.com"] = ""
    with pytest.raises(HostError):
        cli.add(bench.host, BLOG, *bench.files())
    assert picture(bench) == before


def test_removed_certificate_is_gone_with_its_key(bench: Bench) -> None:
    before = proxy(bench).routes["blog"]
    cli.add(bench.host, BLOG, *bench.files())
    cli.remove(bench.host, BLOG)
    assert current(bench) == "" and proxy(bench).routes["blog"] == before
    assert list(Path(bench.host.store.directory("apps", BLOG), "tls").iterdir()) == []
    with pytest.raises(NotFound, match="An app-specific SSL endpoint is not defined"):
        cli.remove(bench.host, BLOG)


def test_names_that_it_does_not_cover_are_served_without_it(bench: Bench) -> None:
    cli.generate(bench.host, BLOG, Domain("shop.example.org"))
    route = proxy(bench).routes["blog"]
    assert set(route.domains) == {"blog.example.com", "shop.example.org"}
    assert route.certificate_of("blog.example.com") is None
    assert route.certificate_of("shop.example.org") is not None


def test_certificate_for_other_names_waits_for_them_with_a_warning(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in Dokku, whose users add the certificate first and the domain afterwards."""
    from dokkupy_sdk.entry import main

    crt, key = bench.files("shop.example.org")
    assert main(["certs:add", "blog", crt, key], host=bench.host) == 0
    shown = capsys.readouterr()
    assert (
        shown.err == " !     The certificate covers shop.example.org; these names stay without TLS: blog.example.com\n"
    )
    assert shown.out.startswith(
        "=====> Certificate for shop.example.org is stored, and is served once the app has such a domain"
    )
    assert [str(port) for port in proxy(bench).routes["blog"].ports] == ["http:80:5000"]
    main(["domains:add", "blog", "shop.example.org"], host=bench.host)
    assert probe(bench).served(BLOG, Domain("shop.example.org"), 443) == current(bench)


def test_certificate_for_other_names_replaces_one_that_serves_with_a_warning_and_a_way_back(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in Dokku: only a certificate that can never be served is refused."""
    from dokkupy_sdk.entry import main

    cli.add(bench.host, BLOG, *bench.files())
    before, serves = current(bench), proxy(bench).routes["blog"]
    capsys.readouterr()
    crt, key = bench.files("shop.example.org")
    assert main(["certs:add", "blog", crt, key], host=bench.host) == 0
    shown = capsys.readouterr()
    assert shown.err.splitlines() == [
        " !     The certificate covers shop.example.org; these names stay without TLS: blog.example.com",
        " !     blog.example.com had TLS until now; to go back to the previous certificate: certs:rollback blog",
    ]
    assert shown.out.startswith(
        "=====> Certificate for shop.example.org is stored, and is served once the app has such a domain"
    )
    assert proxy(bench).routes["blog"].certificate_of("blog.example.com") is None
    cli.rollback(bench.host, BLOG)
    assert current(bench) == before and proxy(bench).routes["blog"] == serves


def test_certificate_comes_before_the_first_domain(bench: Bench) -> None:
    bench.host.store.write("apps", "blog", "domains", data={"vhosts": []})
    cli.add(bench.host, BLOG, *bench.files("shop.example.org"))
    assert cli.extra(bench.host, BLOG)["enabled"] == "true"


def test_report_has_dokku_s_keys_and_its_own_when_asked(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    from dokkupy_sdk.entry import main

    names = ("dir", "enabled", "expires-at", "hostnames", "issuer", "starts-at", "subject", "verified")
    main(["certs:report", "blog", "--format", "json"], host=bench.host)
    assert set(json.loads(capsys.readouterr().out)) == {*names, *(f"ssl-{name}" for name in names)}
    main(["certs:report", "blog", "--verbose"], host=bench.host)
    assert "Ssl fingerprint:" in capsys.readouterr().out


def test_expired_certificate_is_refused(bench: Bench) -> None:
    with pytest.raises(UserError, match="expired at"):
        cli.add(bench.host, BLOG, *bench.files(days_ago=400))


def test_files_of_the_server_are_the_administrator_s(bench: Bench) -> None:
    bench.host = bench.host.for_invocation(who="key:eve")
    with pytest.raises(UserError, match="Over SSH"):
        cli.add(bench.host, BLOG, *bench.files())
    bench.host = bench.host.for_invocation(who="root")
    cli.add(bench.host, BLOG, *bench.files())
    bench.host = bench.host.for_invocation(who="key:eve")
    with pytest.raises(Denied):
        cli.show(bench.host, BLOG, "key")


def test_shown_parts_fit_together(bench: Bench) -> None:
    from cryptography import x509

    crt, key = bench.files()
    cli.add(bench.host, BLOG, crt, key)
    assert cli.show(bench.host, BLOG, "crt").raw == Path(crt).read_bytes()
    assert cli.show(bench.host, BLOG, "key").raw == Path(key).read_bytes()
    request = x509.load_pem_x509_csr(cli.show(bench.host, BLOG, "csr").raw or b"")
    assert request.is_signature_valid
    assert cli.chain(bench.host, BLOG).data[0]["subject"] == "CN=blog.example.com"
    assert cli.key(bench.host, BLOG).data["matches"] == "true"
    with pytest.raises(UserError, match="is not crt, key or csr"):
        cli.show(bench.host, BLOG, "passwd")


def test_key_is_in_no_answer_but_its_own(bench: Bench) -> None:
    crt, key = bench.files()
    secret = Path(key).read_text().splitlines()[1]
    answers = [cli.add(bench.host, BLOG, crt, key), cli.key(bench.host, BLOG), cli.chain(bench.host, BLOG)]
    assert secret not in repr([answer.data for answer in answers]) + repr(cli.extra(bench.host, BLOG))
    for directory, _, names in os.walk(bench.host.root):
        for name in names:
            if name != "key.pem":
                assert secret.encode() not in Path(directory, name).read_bytes(), name


def test_renamed_app_keeps_it_and_a_clone_gets_none(bench: Bench) -> None:
    from dokkupy_commands.use_cases.rename_clone import clone_app, rename_app

    cli.add(bench.host, BLOG, *bench.files())
    clone_app(bench.host, BLOG, AppName("copy"))
    assert cli.extra(bench.host, AppName("copy"))["enabled"] == "false"
    rename_app(bench.host, BLOG, AppName("diary"))
    facts = cli.extra(bench.host, AppName("diary"))
    assert facts["enabled"] == "true" and "/diary/" in facts["dir"]
    said = bench.host.out.text()  # type: ignore[attr-defined]
    assert "No certificate of diary covers diary.example.com, which therefore has no TLS" in said


@pytest.mark.parametrize("verb", ["update", "rollback", "remove"])
def test_dry_run_touches_no_file_and_no_table(bench: Bench, verb: str) -> None:
    cli.add(bench.host, BLOG, *bench.files())
    cli.update(bench.host, BLOG, *bench.files())
    files, before = bench.files(), picture(bench)
    host = dry(bench.host)
    if verb == "update":
        cli.update(host, BLOG, *files)
    else:
        getattr(cli, verb)(host, BLOG)
    assert host.plan
    assert picture(bench) == before


def test_undeployed_app_is_given_one_for_later(bench: Bench) -> None:
    from dokkupy_apps.apps import create_app

    create_app(bench.host, AppName("shop"))
    cli.add(bench.host, AppName("shop"), *bench.files("shop.example.com"))
    assert cli.extra(bench.host, AppName("shop"))["enabled"] == "true"


# standard input


def tar(*members: tuple[str, bytes | tarfile.TarInfo]) -> io.BytesIO:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in members:
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
                continue
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    stream.seek(0)
    return stream


def special(name: str, kind: bytes, target: str = "/etc/shadow") -> tuple[str, tarfile.TarInfo]:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return name, member


def test_tar_on_standard_input_is_read_however_deep(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    crt, key = (Path(path).read_bytes() for path in bench.files())
    stream = tar(("a/b/._server.crt", b"mac"), ("a/b/server.crt", crt), ("a/server.key", key), ("README", b"x"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
    bench.host = bench.host.for_invocation(who="key:eve")
    cli.add(bench.host, BLOG)
    assert current(bench)


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize(
    "names",
    [
        ("server.crt", "server.key"),
        ("fullchain.pem", "privkey.pem"),
        ("keycloak.example.com.pem", "privkey.pem"),
        ("live/blog/fullchain.pem", "live/blog/privkey.pem", "live/blog/cert.pem", "live/blog/chain.pem"),
    ],
)
def test_archives_of_every_usual_kind_are_read(mode: str, names: tuple[str, ...]) -> None:
    contents = (b"-----BEGIN CERTIFICATE-----", b"-----BEGIN PRIVATE KEY-----", b"x", b"x")
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in zip(names, contents, strict=False):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    stream.seek(0)
    assert from_tar(stream) == contents[:2]


def test_an_archive_that_swells_is_refused() -> None:
    with pytest.raises(UserError, match="larger than 2048 KB"):
        from_tar(io.BytesIO(gzip.compress(b"\0" * (64 << 20))))


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (io.BytesIO(b""), "No certificate given"),
        (io.BytesIO(b"hello"), "not a tar archive"),
        (io.BytesIO(b"x" * (3 << 20)), "larger than 2048 KB"),
        (tar(("server.key", b"k")), "missing a .crt file"),
        (tar(("server.crt", b"c")), "missing a .key file"),
        (tar(("a.crt", b"c"), ("b.crt", b"c"), ("s.key", b"k")), "more than one .crt file: 'a.crt', 'b.crt'"),
        (
            tar(special("server.crt", tarfile.SYMTYPE), ("s.key", b"k")),
            "'server.crt' in the archive is not a plain file",
        ),
        (tar(special("server.key", tarfile.LNKTYPE), ("s.crt", b"c")), "not a plain file"),
        (tar(special("server.key", tarfile.CHRTYPE), ("s.crt", b"c")), "not a plain file"),
        (tar(special("server.key", tarfile.FIFOTYPE), ("s.crt", b"c")), "not a plain file"),
        (tar(*((f"{n}.txt", b"x") for n in range(100))), "more than 64 entries"),
    ],
)
def test_bad_archives_are_refused(stream: io.BytesIO, reason: str) -> None:
    stream.seek(0)
    with pytest.raises(UserError, match=reason):
        from_tar(stream)


def test_names_in_an_archive_go_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert from_tar(tar(("../../evil.crt", b"c"), ("/etc/evil.key", b"k"))) == (b"c", b"k")
    assert list(tmp_path.rglob("*")) == [] and not Path("/etc/evil.key").exists()


# the doctor


def test_certificate_that_ends_soon_is_added_with_a_warning(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    from dokkupy_sdk.entry import main

    assert main(["certs:add", "blog", *bench.files(days_ago=360)], host=bench.host) == 0
    assert "It ends soon, at 20" in capsys.readouterr().err


def test_doctor_and_why_say_when_nobody_gets_or_trusts_the_certificate(bench: Bench) -> None:
    cli.add(bench.host, BLOG, *bench.files("shop.example.org"))
    trust, served = findings(bench.host)
    assert "does not lead to an authority that this host trusts" in trust.message
    assert served.level == "warning" and "is not served, because the app has no such domain" in served.message
    assert "domains:add blog shop.example.org" in served.remedy and "certs:remove blog" in served.remedy
    (cause,) = causes(bench.host, BLOG)
    assert "is not served" in cause.title


def test_doctor_looks_at_what_is_served_and_for_how_long(bench: Bench) -> None:
    cli.add(bench.host, BLOG, *bench.files())
    assert [one.level for one in findings(bench.host)] == ["ok"]
    for days, level in ((350, "warning"), (360, "error"), (366, "error")):
        found = findings(bench.host, datetime.now(UTC) + timedelta(days=days))
        assert found[0].level == level and "certs:update blog" in found[0].remedy
    assert list(causes(bench.host, BLOG)) == [] == list(diagnose(bench.host, Evidence("blog", "build")))
    (expired,) = causes(bench.host, BLOG, datetime.now(UTC) + timedelta(days=366))
    assert "expired 24 hours ago" in expired.title and "certs:update blog" in expired.fix[0]
    probe(bench).serves["blog.example.com"] = "ab" * 32
    assert "another certificate (abababab" in findings(bench.host)[-1].message
    (other,) = diagnose(bench.host, Evidence("blog", "serve"))
    assert "Another certificate" in other.title and "proxy:build-config blog" in other.fix[0]
