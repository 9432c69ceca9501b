"""A host name has one spelling, whatever was typed; the rules are for that one."""

from __future__ import annotations

import itertools
import re

import pytest
from dokkupy.errors import UserError
from dokkupy.model.names import AppName, Domain, EnvKey, Identifier, ProcessType
from dokkupy_sdk.names import GitRef, GlobalDomain, ImageRef, KeyName, PluginName


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Blog.Example.COM", "blog.example.com"),
        ("blog.example.com.", "blog.example.com"),
        ("*.Example.com.", "*.example.com"),
        ("_", "_"),
        # Of the Python library idna 3.20, with uts46=True.
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.Example", "xn--bcher-kva.example"),
        ("bu\N{COMBINING DIAERESIS}cher.example", "xn--bcher-kva.example"),
        ("straße.de", "xn--strae-oqa.de"),
        ("Ελλάς.gr", "xn--hxarsa0b.gr"),
        ("日本語。jp", "xn--wgv71a119e.jp"),
        ("नेपाल.com", "xn--l2bey1c2b.com"),
        ("*.bücher.de", "*.xn--bcher-kva.de"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_a_domain_is_kept_as_dns_and_certificates_have_it(typed: str, name: str) -> None:
    assert Domain(typed) == name
    assert Domain(name) == name


@pytest.mark.parametrize(
    "typed",
    [
        "",
        ".",
        "a..b",
        "a.b..",
        "☃.net",
        "bü cher.de",
        "bücher.de/x",
        "a_b.com",
        "-a.com",
        "ü" * 63 + ".de",
    ],
)
def test_an_invalid_host_name_is_refused(typed: str) -> None:
    with pytest.raises(UserError):
        Domain(typed)


def test_a_leading_dot_is_kept_as_dokku_keeps_it() -> None:
    assert Domain(".Example.com") == ".example.com"
    for text in ("..example.com", ".", "*..example.com", ".*.example.com"):
        with pytest.raises(UserError):
            Domain(text)


#: What names that reach a command, a path or a file were once: separators of shells, options, paths, other alphabets.
PAYLOADS = [
    ";",
    "a;id",
    "$(id)",
    "`id`",
    "a|b",
    "a&b",
    "a&&b",
    "a>b",
    "a<b",
    "a\nb",
    "a\rb",
    "a\0b",
    "\x1b[2J",
    "a'b",
    'a"b',
    "a\\b",
    "a*b",
    "a?b",
    "~",
    "{a,b}",
    "a${IFS}b",
    "-rf",
    "--privileged",
    ".",
    "..",
    "../a",
    "/",
    "/etc/passwd",
    "%2e%2e",
    "a\N{FULLWIDTH SOLIDUS}b",
    "\N{RIGHT-TO-LEFT OVERRIDE}a",
    "a" * 4096,
    "...",
    "",
    " ",
    "a b",
    "a\t",
]


@pytest.mark.parametrize(
    "kind", [AppName, ProcessType, EnvKey, Domain, GlobalDomain, PluginName, KeyName, GitRef, ImageRef]
)
def test_every_name_of_the_payload_set_is_refused(kind: type[str]) -> None:
    taken = []
    for text in PAYLOADS:
        try:
            taken.append(kind(text))
        except UserError as error:
            assert error.message.isprintable(), text
            assert len(error.message) < 300
    assert taken == []


@pytest.mark.parametrize(
    ("kind", "alphabet", "pattern"),
    [
        (AppName, "aZ9.-_é", r"[a-z0-9]+(?:(?:\.|-+)[a-z0-9]+)*"),
        (ProcessType, "aZ9.-_é", r"[A-Za-z0-9][A-Za-z0-9_-]*"),
        (EnvKey, "aZ9._-é", r"[A-Za-z_][A-Za-z0-9_]*"),
        (KeyName, "aZ9._@+-é", r"[A-Za-z0-9][A-Za-z0-9._@+-]*"),
        (GlobalDomain, "ag9:._\n", r"[0-9a-f:.]*:[0-9a-f:.]*|(?!_|\.).+"),
        (Domain, "a9.-*_", r"_|(?:\*?\.)?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"),
    ],
)
def test_a_form_that_is_matched_without_re_is_the_one_of_the_pattern(
    kind: type[Identifier], alphabet: str, pattern: str
) -> None:
    for length in range(1, 6):
        for letters in itertools.product(alphabet, repeat=length):
            text = "".join(letters)
            assert kind.matches(text) == bool(re.fullmatch(pattern, text)), text
