"""The stand-in for a deploy is called as the deploy that it stands for."""

from __future__ import annotations

import inspect

import pytest
from dokkupy_apps import deploy

from plugins_builtin.git.tests import stand_in

pytestmark = pytest.mark.unit


def test_the_stand_in_takes_the_arguments_of_a_deploy() -> None:
    assert inspect.signature(stand_in.deploy_source) == inspect.signature(deploy.deploy_source)
