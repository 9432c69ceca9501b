"""Variables that plugins give to a build."""

from __future__ import annotations

import pytest
from dokkupy.errors import UserError
from dokkupy.model.secret import Secret
from dokkupy_apps.builds.image import merge_plugin_env


def test_a_plugin_s_variables_are_validated_like_the_app_s_own() -> None:
    assert merge_plugin_env([("x", ("A", Secret("1"))), ("y", ("A", Secret("2")))])["A"].reveal() == "2"
    with pytest.raises(UserError, match="A contains a NUL"):
        merge_plugin_env([("x", ("A", Secret("1\x002")))])
    with pytest.raises(UserError):
        merge_plugin_env([("x", ("A B", Secret("1")))])
