"""What `ps:inspect` shows of the engine's answer."""

from __future__ import annotations

import pytest
from dokkupy_docker.scheduler import masked

pytestmark = pytest.mark.unit


def test_the_engine_s_answer_shows_no_value_of_the_environment() -> None:
    found = {"Id": "1", "Name": "/blog.web.1", "Config": {"Env": ["A=secret", "B=", "C"], "Image": "x"}}
    shown = masked(found)
    assert shown["Config"]["Env"] == ["A=*******", "B=*******", "C=*******"]
    assert {**shown, "Config": {}} == {**found, "Config": {}} and shown["Config"]["Image"] == "x"
