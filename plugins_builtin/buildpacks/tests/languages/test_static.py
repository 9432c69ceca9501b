"""What the generated configuration of a static site serves, by a real nginx."""

from __future__ import annotations

import http.client
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dokkupy_buildpacks.languages.static import served
from dokkupy_sdk.testing.ports import free_port

FILES = {
    "index.html": "home",
    "about.html": "about",
    "docs/index.html": "docs",
    "404.html": "own 404 page",
    "app.0123456789abcdef.js": "js",
    "assets/logo.svg": "svg",
    "site.css": "css" * 400,
    ".env": "SECRET=1",
    ".well-known/security.txt": "mail us",
}

Ask = Callable[..., tuple[int, dict[str, str], str]]


@pytest.fixture
def ask(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Ask]:
    site, work = tmp_path / "site", tmp_path / "work"
    work.mkdir()
    for name, text in FILES.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(text)
    port = free_port()
    command = served("", ".", single_page=getattr(request, "param", False)).stages[0].steps[0].command
    text = command.split("<<'END'\n")[1].removesuffix("END")
    text = text.replace("/tmp/", f"{work}/").replace("root /site", f"root {site}")
    text = text.replace("__PORT__", f"127.0.0.1:{port}")
    (work / "nginx.conf").write_text(text)
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    assert nginx, "nginx is missing: ./test.sh installs it"
    # As root its workers would be another user, who does not see pytest's directory.
    process = subprocess.Popen(
        [nginx, "-p", str(work), "-e", "stderr", "-c", str(work / "nginx.conf"), "-g", "user root;"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )

    def get(path: str, **headers: str) -> tuple[int, dict[str, str], str]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace")
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body

    try:
        for _ in range(1200):
            assert process.poll() is None, process.stderr.read().decode() if process.stderr else ""
            try:
                get("/")
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        yield get
    finally:
        process.terminate()
        process.communicate(timeout=60)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/", "home"),
        ("/about", "about"),
        ("/docs/", "docs"),
        ("/docs", "docs"),
        ("/.well-known/security.txt", "mail us"),
    ],
)
def test_addresses_are_clean(ask: Ask, path: str, text: str) -> None:
    status, _, body = ask(path)
    assert (status, body) == (200, text)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/about.html", "/about"),
        ("/about.html?a=1", "/about?a=1"),
        ("/index.html", "/"),
        ("/docs/index.html?a=b.html", "/docs/?a=b.html"),
        # Never to another host: lessons, open redirects.
        ("//evil.example.com/index.html", "/evil.example.com/"),
        ("//evil.example.com/x.html", "/evil.example.com/x"),
        ("/\\evil.example.com/x.html", "/evil.example.com/x"),
        ("/\\/evil.example.com/index.html", "/evil.example.com/"),
    ],
)
def test_the_other_spelling_is_redirected_and_stays_here(ask: Ask, path: str, target: str) -> None:
    status, headers, _ = ask(path)
    assert (status, headers["location"]) == (301, target)


def test_what_is_not_there_is_the_sites_own_page(ask: Ask) -> None:
    status, _, body = ask("/nowhere")
    assert (status, body) == (404, "own 404 page")
    assert ask("/.env")[0] == 404
    assert "SECRET" not in ask("/.env")[2]


@pytest.mark.parametrize("ask", [True], indirect=True)
def test_single_page_answers_everything_but_hidden_files(ask: Ask) -> None:
    assert ask("/users/7")[0::2] == (200, "home")
    assert ask("/.env")[0] == 404


def test_named_by_content_is_kept_for_a_year_and_pages_are_asked_for_again(ask: Ask) -> None:
    for path in ("/app.0123456789abcdef.js", "/assets/logo.svg"):
        assert ask(path)[1]["cache-control"] == "public, max-age=31536000, immutable"
    for path in ("/", "/about", "/site.css"):
        assert ask(path)[1]["cache-control"] == "public, max-age=0, must-revalidate"
    _, headers, _ = ask("/site.css")
    assert ask("/site.css", If_None_Match=headers["etag"])[0] == 304
    _, headers, _ = ask("/site.css", Accept_Encoding="gzip")
    assert headers["content-encoding"] == "gzip" and re.search("accept-encoding", headers["vary"], re.IGNORECASE)
