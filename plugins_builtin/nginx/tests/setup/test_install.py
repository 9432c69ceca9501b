"""Setup wires a host whose nginx has its own sites, idempotently, and teardown leaves it as it was."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from dokkupy_nginx.server.process import Nginx, signals_conf
from dokkupy_nginx.server.signals import FINISH, RELOAD, Signals, script
from dokkupy_nginx.setup import install, private_logs
from dokkupy_nginx.setup.doctor import findings
from dokkupy_nginx.setup.install import Wiring, drop_in, sudoers
from dokkupy_sdk.errors import HostError

from plugins_builtin.nginx.tests.conftest import Rig, wait_for

UNIT = "[Service]\nExecStartPre=/usr/sbin/nginx -t -q -g 'daemon on; master_process on;'\nExecStart=/usr/sbin/nginx\n"


@pytest.fixture
def bare(cold: Rig) -> Rig:
    """A host where nothing of ours is, with a unit file and a site of somebody else."""
    os.unlink(cold.layout.link)
    os.unlink(cold.layout.include)
    cold.layout.system = str(cold.root / "system")
    unit = cold.root / "system/lib/systemd/system/nginx.service"
    unit.parent.mkdir(parents=True)
    unit.write_text(UNIT)
    (cold.root / "etc/conf.d/other.conf").write_text(
        f"server {{ listen {cold.http}; server_name other.example.com; return 200 other; }}\n"
    )
    return cold


def tree(rig: Rig) -> dict[str, str]:
    found = {}
    for top in ("etc", "system/etc"):
        for directory, names, files in os.walk(rig.root / top):
            for name in (*names, *files):
                path = os.path.join(directory, name)
                if os.path.islink(path):
                    found[path] = "-> " + os.readlink(path)
                elif os.path.isfile(path):
                    found[path] = Path(path).read_text()
    return found


def test_setup_says_what_it_would_do_does_it_once_and_teardown_takes_it_away(bare: Rig) -> None:
    before = tree(bare)
    planned = Wiring(bare.proxy, dry_run=True).setup()
    assert tree(bare) == before
    assert not os.path.exists(bare.layout.base)
    done = Wiring(bare.proxy, dry_run=False).setup()
    assert done == planned
    assert Wiring(bare.proxy, dry_run=False).setup() == []
    assert bare.get("other.example.com").body == "other"
    assert bare.get("unknown.example.com").status == 0
    assert bare.get("", tls=True).status == 0
    bare.serve("blog", "blog.example.com")
    assert bare.get("blog.example.com").body == "blog /"
    assert {finding.level for finding in findings(bare.proxy)} == {"ok"}
    Wiring(bare.proxy, dry_run=False).teardown()
    assert tree(bare) == before
    assert Wiring(bare.proxy, dry_run=False).teardown() == []


def test_unmodified_welcome_site_is_switched_off_and_on_again(bare: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("sites-available", "sites-enabled"):
        (bare.root / "etc" / name).mkdir()
    site = bare.root / "etc/sites-available/default"
    site.write_text(f"server {{ listen {bare.http} default_server; return 200 welcome; }}\n")
    link = bare.root / "etc/sites-enabled/default"
    link.symlink_to(site)
    conf = bare.root / "etc/nginx.conf"
    conf.write_text(conf.read_text().replace("include snippets", "include sites-enabled/*; include snippets"))
    digest = hashlib.md5(site.read_bytes()).hexdigest()
    real = install.execute

    def execute(argv, **options):  # type: ignore[no-untyped-def]
        if argv[0] == "dpkg-query":
            return wiring_answer(f" /etc/nginx/sites-available/default {digest}\n")
        return real(argv, **options)

    monkeypatch.setattr(install, "execute", execute)
    Wiring(bare.proxy, dry_run=False).setup()
    assert not link.exists()
    assert bare.get("unknown.example.com").status == 0
    Wiring(bare.proxy, dry_run=False).teardown()
    assert link.exists()


def wiring_answer(text: str):  # type: ignore[no-untyped-def]
    from dokkupy_sdk.execute import Completed

    return Completed(("dpkg-query",), 0, text, "")


def test_default_server_of_somebody_elses_is_respected_and_reported(bare: Rig) -> None:
    (bare.root / "etc/conf.d/own.conf").write_text(
        f"server {{ listen {bare.http} default_server; return 200 theirs; }}\n"
    )
    Wiring(bare.proxy, dry_run=False).setup()
    bare.serve("blog", "blog.example.com")
    assert bare.get("blog.example.com").body == "blog /"
    assert bare.get("unknown.example.com").body == "theirs"
    warnings = [finding for finding in findings(bare.proxy) if finding.level == "warning"]
    assert [f"{bare.http}" in finding.message and "own.conf" in finding.message for finding in warnings] == [True]


def test_directives_that_the_host_has_already_are_not_repeated(bare: Rig) -> None:
    conf = bare.root / "etc/nginx.conf"
    conf.write_text(conf.read_text().replace("access_log off;", "access_log off; server_names_hash_bucket_size 256;"))
    Wiring(bare.proxy, dry_run=False).setup()
    long = ".".join(["a" * 60, "b" * 60, "c" * 60, "example.com"])
    bare.serve("blog", long)
    assert bare.get(long).body == "blog /"


def test_something_of_another_at_our_place_is_not_touched(bare: Rig) -> None:
    os.mkdir(bare.layout.link)
    with pytest.raises(HostError, match="was not created by dokkupy"):
        Wiring(bare.proxy, dry_run=False).setup()
    assert os.path.isdir(bare.layout.link)


def test_configuration_that_is_broken_already_gets_no_include(bare: Rig) -> None:
    (bare.root / "etc/conf.d/other.conf").write_text("bogus on;\n")
    with pytest.raises(HostError) as caught:
        Wiring(bare.proxy, dry_run=False).setup()
    assert "bogus" in " ".join(caught.value.details)
    assert not os.path.exists(bare.layout.include)


def test_sudoers_lines_are_exact_and_accepted(bare: Rig, tmp_path: Path) -> None:
    from dokkupy_nginx.layout import Layout

    layout = Layout("/var/lib/dokkupy", sudo=True)
    text = sudoers("dokkupy", layout)
    assert "*" not in text
    for words in (
        ("-t", "-q", "-c", f"{layout.check}/nginx.conf"),
        ("-s", "reload"),
        ("-s", "reload", "-c", "/etc/dokkupy/nginx-signals.conf"),
        ("-s", "stop"),
    ):
        argv = Nginx(layout).command(*words)
        assert argv[:2] == ["sudo", "-n"]
        assert " ".join(argv[2:]) in text
    assert f'    {layout.signaller} "", ' in text
    path = tmp_path / "sudoers"
    path.write_text(text)
    path.chmod(0o440)
    done = subprocess.run(["/usr/sbin/visudo", "-cf", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_start_up_check_comes_before_the_units_own_test() -> None:
    lines = [line for line in drop_in(UNIT, "/var/lib/dokkupy").splitlines() if line.startswith("ExecStartPre=")]
    assert lines[0] == "ExecStartPre="
    assert lines[1].startswith("ExecStartPre=-/") and lines[1].endswith("-m dokkupy_nginx.boot /var/lib/dokkupy")
    assert lines[2] == "ExecStartPre=/usr/sbin/nginx -t -q -g 'daemon on; master_process on;'"


def test_nginx_makes_no_log_that_everybody_can_read() -> None:
    assert "UMask=0027" in drop_in(UNIT, "/var/lib/dokkupy").splitlines()


def test_everybody_may_read_the_pid_file_though_the_logs_are_not_theirs() -> None:
    """Without it nginx seems stopped to the system user, and no push can switch the traffic."""
    unit = f"{UNIT}\nPIDFile=/run/other.pid\n"
    assert "ExecStartPost=-/bin/chmod 0644 /run/other.pid" in drop_in(unit, "/var/lib/dokkupy").splitlines()
    assert drop_in("[Service]\n", "/x").splitlines()[-1] == "ExecStartPost=-/bin/chmod 0644 /run/nginx.pid"


def test_logs_that_are_open_to_all_are_closed(tmp_path: Path) -> None:
    for name, mode in {"a-access.log": 0o644, "a-error.log.1": 0o604, "b-access.log": 0o640, "notes": 0o644}.items():
        (tmp_path / name).touch()
        (tmp_path / name).chmod(mode)
    (tmp_path / "link.log").symlink_to("/etc/passwd")
    found = private_logs.open_to_all(str(tmp_path))
    assert [Path(path).name for path in found] == ["a-access.log", "a-error.log.1"]
    for path in found:
        private_logs.close(path, os.getgid())
    assert private_logs.open_to_all(str(tmp_path)) == []
    assert not private_logs.inherits_group(str(tmp_path))
    private_logs.let_inherit_group(str(tmp_path))
    assert private_logs.inherits_group(str(tmp_path))


def test_the_program_that_signals_nginx_signals_its_master_and_workers_and_nobody_else(
    rig: Rig, tmp_path: Path
) -> None:
    nginx = rig.proxy.nginx
    master = nginx.pid()
    assert master is not None
    wait_for(lambda: len(nginx.workers(master)) == 2)
    first, second = sorted(nginx.workers(master))
    program = tmp_path / "signal"
    program.write_text(script(nginx.pid_file()))
    program.chmod(0o755)
    signals = Signals([str(program)])
    with subprocess.Popen(["sleep", "600"]) as other:
        try:
            for words in ("", "1; id", str(master), str(other.pid), "99999999", str(first)):
                assert signals.send(FINISH, words)
            wait_for(lambda: first not in nginx.workers(master))
            assert nginx.pid() == master and second in nginx.workers(master)
            before = nginx.workers(master)
            assert signals.send(RELOAD)
            wait_for(lambda: len(nginx.workers(master)) == 2 and not before & nginx.workers(master))
            assert nginx.pid() == master
            (Path(nginx.pid_file())).write_text(str(other.pid))
            assert not signals.send(RELOAD)
            assert other.poll() is None
        finally:
            (Path(nginx.pid_file())).write_text(str(master))
            signals.end()
            other.kill()


def test_signals_fail_without_the_program_and_with_that_of_another_version(tmp_path: Path) -> None:
    program = tmp_path / "signal"
    signals = Signals([str(program)])
    assert not signals.send(RELOAD)
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    assert not signals.send(RELOAD)
    assert not signals.send(FINISH, "1")
    signals.end()
    signals.end()


def test_a_reload_asks_the_old_workers_itself(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.serve("blog", "blog.example.com")
    asked: list[set[int]] = []
    finish = Nginx.finish

    def noted(nginx: Nginx, workers: list[int]) -> None:
        asked.append({*workers})
        finish(nginx, workers)

    monkeypatch.setattr(Nginx, "finish", noted)
    master = rig.pid
    assert master is not None
    before = rig.proxy.nginx.workers(master)
    rig.proxy.reload()
    assert len(asked) == 1 and asked[0] <= before  # a busy machine may be slower than the master
    assert not before & rig.proxy.nginx.workers(master)
    assert rig.get("blog.example.com").body == "blog /"


def test_the_short_configuration_reaches_the_running_nginx_and_is_used_while_it_names_its_pid_file(bare: Rig) -> None:
    Wiring(bare.proxy, dry_run=False).setup()
    nginx = bare.proxy.nginx
    master = nginx.pid()
    assert master is not None
    assert nginx.short_configuration() == ()  # root signals by itself, and setup gives it nothing
    os.makedirs(os.path.dirname(bare.layout.signals), exist_ok=True)
    Path(bare.layout.signals).write_text(signals_conf(nginx.pid_file()))
    words = nginx.short_configuration()
    old = nginx.workers(master)
    subprocess.run([bare.layout.binary, "-s", "reload", *words], check=True, capture_output=True)
    assert nginx.await_generation(bare.proxy.trees.generation, "127.0.0.1", old)
    assert not old & nginx.workers(master)
    conf = bare.root / "etc/nginx.conf"
    conf.write_text(conf.read_text().replace("/run/nginx.pid", "/run/other.pid"))
    assert nginx.short_configuration() == ()
