"""Why a check failed, from where the process listens and from what it answered."""

from __future__ import annotations

import pytest
from dokkupy_checks.causes import check_causes
from dokkupy_sdk.diagnosis import Evidence


@pytest.mark.parametrize(
    ("listens", "title", "fix"),
    [
        (("127.0.0.1:5000",), "It listens on 127.0.0.1 only", "Make it listen on 0.0.0.0:5000"),
        (("127.0.0.1:8080",), "It listens on 127.0.0.1:8080", "Make it listen on 0.0.0.0:5000"),
        (("0.0.0.0:3000",), "It listens on 0.0.0.0:3000", "ports:set blog http:80:3000"),
        ((":::3000",), "It listens on :::3000", "ports:set blog http:80:3000"),
        ((), "It listens on no port", "Make it listen on 0.0.0.0:5000"),
    ],
)
def test_a_process_that_listens_elsewhere_has_its_cause(listens: tuple[str, ...], title: str, fix: str) -> None:
    (found,) = check_causes(Evidence("blog", "start", port=5000, listens=listens))
    assert found.title == title and fix in "\n".join(found.fix)


@pytest.mark.parametrize("listens", [None, ("0.0.0.0:5000",)])
def test_nothing_is_claimed_where_nobody_looked_or_the_port_is_right(listens: tuple[str, ...] | None) -> None:
    assert list(check_causes(Evidence("blog", "start", port=5000, listens=listens))) == []


@pytest.mark.parametrize(
    ("error", "title"),
    [
        ("GET /up was answered with 301, expected 2xx", "redirects (status 301)"),
        ("GET /up was answered with 404, expected 2xx", "no page at the checked path /up"),
        ("GET /up was answered with 401, expected 2xx", "requires a login"),
        ("GET /up was answered with 403, expected 2xx", "refuses the check's request for /up (status 403)"),
        ("GET /up was answered with 400, expected 2xx", "refuses the host name"),
        ("GET /up was answered with 503, expected 2xx", "fails while it answers /up (status 503)"),
        ("GET /up was answered with 200, but without 'ok'", "does not contain 'ok'"),
        ("GET /up failed: no answer within 5 s", "does not answer /up within 5 s"),
    ],
)
def test_an_answer_that_fails_a_check_has_its_cause(error: str, title: str) -> None:
    reason = f"blog web.1 failed the check 'up' after 3 attempts: {error}"
    (found,) = check_causes(Evidence("blog", "start", reason=reason))
    assert title in found.title and found.fix
