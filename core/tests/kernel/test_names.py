"""A host name has one spelling, whatever was typed; the rules are for that one."""

from __future__ import annotations

import pytest
from dokkupy.errors import UserError
from dokkupy.model.names import Domain


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
def test_what_is_no_host_name_is_refused(typed: str) -> None:
    with pytest.raises(UserError):
        Domain(typed)


def test_a_leading_dot_is_kept_as_dokku_keeps_it() -> None:
    assert Domain(".Example.com") == ".example.com"
    for text in ("..example.com", ".", "*..example.com", ".*.example.com"):
        with pytest.raises(UserError):
            Domain(text)
