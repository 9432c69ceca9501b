"""Facts that refuse or redirect requests, beyond the contract: files of passwords, templates, a host that is not set up."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from dokkupy_nginx.render.rules import body_size, guards, rate_zone
from dokkupy_sdk.errors import AppError, HostError
from dokkupy_sdk.names import AppName, Secret
from dokkupy_sdk.proxy_facts import AccessRule, BasicAuth, BodySizeLimit, RateLimit
from dokkupy_sdk.proxy_rules import ProxyRules, merge_facts

from plugins_builtin.nginx.tests.conftest import Rig

BLOG = AppName("blog")


def auth(password: str) -> BasicAuth:
    return BasicAuth((("ann", Secret(password)),))


@pytest.mark.process
def test_a_password_file_is_read_by_nginx_and_goes_with_its_fact(rig: Rig, request: pytest.FixtureRequest) -> None:
    users = Path(rig.layout.users)
    users.mkdir(parents=True)
    request.addfinalizer(partial(os.umask, os.umask(0o077)))
    for password in ("first", "second"):
        rig.serve("blog", "blog.example.com", extra=(auth(password),))
        (file,) = os.listdir(users)
        assert stat.S_IMODE((users / file).stat().st_mode) == 0o644  # whatever the umask: nginx's workers read it
        assert file in rig.proxy.show(BLOG)
        assert "ann:{SSHA}" in (users / file).read_text() and password not in (users / file).read_text()
    rig.serve("blog", "blog.example.com")
    assert os.listdir(users) == []


@pytest.mark.process
def test_without_the_directory_of_passwords_setup_is_named(rig: Rig) -> None:
    with pytest.raises(HostError, match="is missing") as caught:
        rig.serve("blog", "blog.example.com", extra=(auth("x"),))
    assert "dokkupy setup" in caught.value.hint


@pytest.mark.process
def test_an_app_with_a_template_of_its_own_refuses_facts_instead_of_ignoring_them(rig: Rig) -> None:
    route = rig.route("blog", "blog.example.com", upstreams={5000: (rig.backend("blog").upstream,)})
    with pytest.raises(AppError, match="AccessRule.*its own nginx template") as caught:
        rig.proxy.apply([replace(route, template="server { }", extra=(AccessRule(deny=("192.0.2.1",)),))])
    assert "disable-custom-config true" in caught.value.hint


def test_rates_are_in_whole_requests_of_a_second_or_a_minute() -> None:
    rates = {(10, 1): "10r/s", (60, 60): "1r/s", (1, 2): "30r/m", (7, 13): "32r/m", (1, 60): "1r/m"}
    for (requests, seconds), text in rates.items():
        assert f"rate={text};" in rate_zone(BLOG, RateLimit(requests, seconds))[0]


def test_the_smaller_size_of_a_body_holds() -> None:
    rules = merge_facts([BodySizeLimit(1000), BodySizeLimit(2000)])
    assert [body_size(rules, own) for own in ("1m", "0", "999", "1k")] == ["1000", "1000", "999", "1000"]
    assert body_size(ProxyRules(), "1m") == "1m"


def test_denied_addresses_come_before_allowed_ones() -> None:
    rules = merge_facts([AccessRule(allow=("10.0.0.0/8",)), AccessRule(deny=("10.0.0.1",))])
    assert [line.strip() for line in guards(BLOG, rules, "")] == ["deny 10.0.0.1;", "allow 10.0.0.0/8;", "deny all;"]
