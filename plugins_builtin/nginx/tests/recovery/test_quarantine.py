"""At boot one bad file is set aside, and nginx serves the rest; it comes back when nginx accepts it again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from dokkupy_nginx.recovery.quarantine import clean, quarantined
from dokkupy_nginx.timer import tick
from dokkupy_sdk.errors import HostError
from dokkupy_sdk.model import Certificate, Port
from dokkupy_sdk.names import AppName

from plugins_builtin.nginx.tests.conftest import BINARY, Rig


def break_live(rig: Rig, app: str, text: str = "bogus on;\n") -> None:
    path = Path(rig.proxy.trees.live) / "apps" / f"{app}.conf"
    kept = path.read_text()
    path.unlink()  # not written in place: it is a hard link
    path.write_text(kept + text)


def accepted(rig: Rig) -> bool:
    return (
        subprocess.run([BINARY, "-t", "-q", "-c", str(rig.root / "etc/nginx.conf")], capture_output=True).returncode
        == 0
    )


def test_bad_file_is_set_aside_and_the_others_serve_after_a_start(rig: Rig) -> None:
    rig.serve("good", "good.example.com")
    rig.serve("bad", "bad.example.com")
    rig.stop()
    break_live(rig, "bad")
    assert not accepted(rig)
    removed = clean(rig.proxy)
    assert list(removed) == ["bad"]
    assert "bogus" in removed[AppName("bad")]
    rig.start()
    assert rig.get("good.example.com").body == "good /"
    assert rig.get("bad.example.com").status == 0
    assert quarantined(rig.proxy) == removed


def test_several_bad_files_and_one_without_a_line_are_all_found(rig: Rig) -> None:
    for app in ("a", "b", "c", "d", "e"):
        rig.serve(app, f"{app}.example.com")
    rig.stop()
    break_live(rig, "b")
    break_live(rig, "d", 'server { listen 1; location / { return 200 "$nope"; } }\n')
    break_live(
        rig, "e", "server { listen 2; proxy_busy_buffers_size 1m; location / { proxy_pass http://127.0.0.1; } }\n"
    )
    assert sorted(clean(rig.proxy)) == ["b", "d", "e"]
    assert rig.proxy.apps() == ("a", "c")
    assert accepted(rig)


def test_clean_changes_nothing_when_all_is_well(rig: Rig) -> None:
    rig.serve("good", "good.example.com")
    generation = rig.proxy.trees.generation
    assert clean(rig.proxy) == {}
    assert rig.proxy.trees.generation == generation


def test_fault_of_the_hosts_own_file_moves_no_apps_file(rig: Rig) -> None:
    rig.serve("good", "good.example.com")
    (rig.root / "etc/snippets/x.conf").write_text("bogus on;\n")
    with pytest.raises(HostError) as caught:
        clean(rig.proxy)
    assert "bogus" in caught.value.message
    assert rig.proxy.apps() == ("good",)


def test_the_timer_serves_a_fixed_file_again(rig: Rig) -> None:
    backend = rig.backend("bad")
    own = Certificate(*rig.certificate("bad.example.com"))
    ports = (Port("https", rig.tls, 5000),)
    rig.proxy.apply(
        [rig.route("bad", "bad.example.com", ports=ports, certificate=own, upstreams={5000: (backend.upstream,)})]
    )
    os.rename(own.key, own.key + ".away")
    clean(rig.proxy)
    rig.host.override_role("proxy", "nginx", rig.proxy)
    tick(rig.host)
    assert rig.proxy.apps() == ()
    os.rename(own.key + ".away", own.key)
    tick(rig.host)
    assert rig.get("bad.example.com", tls=True).body == "bad /"
    assert quarantined(rig.proxy) == {}


def test_start_up_check_runs_alone_and_never_fails_the_start_over_an_app(rig: Rig) -> None:
    """The unit's ExecStartPre, as another process without the plugins."""
    rig.serve("good", "good.example.com")
    rig.serve("bad", "bad.example.com")
    rig.stop()
    break_live(rig, "bad")
    program = (
        "import sys; from dokkupy_nginx import boot, proxy; from dokkupy_nginx.layout import Layout\n"
        f"proxy.Layout = lambda root: Layout(root, etc={rig.layout.etc!r}, binary={BINARY!r}, logs={rig.layout.logs!r}, "
        f"http_port={rig.http}, tls_port={rig.tls}, sudo=False)\n"
        f"sys.exit(boot.main([{rig.layout.root!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, "app bad is set aside" in done.stderr) == (0, True)
    rig.start()
    assert rig.get("good.example.com").body == "good /"
