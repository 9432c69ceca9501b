"""Facts for the proxy are validated when a plugin makes them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import Secret
from dokkupy_sdk.proxy_facts import AccessRule, BasicAuth, BodySizeLimit, DomainRedirect, RateLimit, Redirect

INVALID: dict[str, Callable[[], object]] = {
    "a redirect from no path": lambda: Redirect("old", "/new"),
    "a redirect from a path that climbs": lambda: Redirect("/a/../b", "/new"),
    "a redirect from a path with a directive": lambda: Redirect("/a { }", "/new"),
    "a redirect to nothing": lambda: Redirect("/old", ""),
    "a redirect to another scheme": lambda: Redirect("/old", "javascript:alert(1)"),
    "a redirect with a line break": lambda: Redirect("/old", "/new\r\nSet-Cookie: a=b"),
    "a redirect with a variable": lambda: Redirect("/old", "https://$host/"),
    "a redirect with the status of a success": lambda: Redirect("/old", "/new", status=200),
    "a domain redirect of no domain": lambda: DomainRedirect("a b", "https://example.com"),
    "a domain redirect of a wildcard": lambda: DomainRedirect("*.example.com", "https://example.com"),
    "a domain redirect to a path": lambda: DomainRedirect("www.example.com", "/new"),
    "a domain redirect to a URL with a path": lambda: DomainRedirect("www.example.com", "https://example.com/new"),
    "a domain redirect with a status of an error": lambda: DomainRedirect("a.example", "https://b.example", 404),
    "no users": lambda: BasicAuth(()),
    "a user name with a colon": lambda: BasicAuth((("a:b", Secret("x")),)),
    "an empty password": lambda: BasicAuth((("ann", Secret("")),)),
    "a password that is too long": lambda: BasicAuth((("ann", Secret("x" * 256)),)),
    "a password in the position of a hash": lambda: BasicAuth((("ann", Secret("hunter2")),), hashed=True),
    "an exempt name": lambda: BasicAuth((("ann", Secret("x")),), exempt=("example.com",)),
    "a realm with a quote": lambda: BasicAuth((("ann", Secret("x")),), realm='a"b'),
    "a realm with a line break": lambda: BasicAuth((("ann", Secret("x")),), realm="a\nb"),
    "an address that is a name": lambda: AccessRule(allow=("localhost",)),
    "a network with host bits": lambda: AccessRule(deny=("10.0.0.1/8",)),
    "a network with a directive": lambda: AccessRule(deny=("10.0.0.0/8; allow all",)),
    "no requests": lambda: RateLimit(0),
    "a rate below one request each minute": lambda: RateLimit(1, seconds=61),
    "a negative burst": lambda: RateLimit(1, burst=-1),
    "a size of nothing": lambda: BodySizeLimit(0),
}


@pytest.mark.parametrize("what", INVALID)
def test_a_fact_with_an_invalid_value_cannot_be_made(what: str) -> None:
    with pytest.raises(UserError) as caught:
        INVALID[what]()
    assert caught.value.hint or "a b" in caught.value.message


def test_a_password_is_not_in_the_text_of_its_fact() -> None:
    assert "hunter2" not in repr(BasicAuth((("ann", Secret("hunter2")),)))
