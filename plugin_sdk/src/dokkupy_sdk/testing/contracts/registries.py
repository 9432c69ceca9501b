"""The contract of the role ImageRegistries."""

from __future__ import annotations

import pytest

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.model import RegistryLogin
from dokkupy_sdk.names import Secret
from dokkupy_sdk.roles import Engine
from dokkupy_sdk.testing.contracts.engine import EngineFixtures
from dokkupy_sdk.values import replace


class ImageRegistriesContract(EngineFixtures):
    """Fixture to give beside the engine's: `login`, of a registry that answers nobody without one."""

    @pytest.fixture
    def login(self) -> RegistryLogin:
        raise NotImplementedError("give a login of a registry that wants one")

    def test_a_login_is_checked_with_the_registry(self, engine: Engine, login: RegistryLogin) -> None:
        engine.registries.check(login)
        with pytest.raises(UserError) as refused:
            engine.registries.check(replace(login, password=Secret("wrong-canary")))
        assert refused.value.code == "login_refused"
        assert "wrong-canary" not in f"{refused.value.message}{refused.value.details}{refused.value.hint}"

    def test_what_was_pushed_is_there_for_the_login_alone(
        self, engine: Engine, image: str, mark: str, login: RegistryLogin
    ) -> None:
        ref = f"{login.server}/contract/{mark}:1"
        found = engine.images.find(image)
        assert found is not None
        engine.registries.push(found.id, ref, login)
        assert engine.images.find(ref) is None
        assert engine.registries.digest(ref, login)
        assert engine.registries.digest(ref, None) is None
        assert engine.registries.digest(ref, replace(login, password=Secret("wrong"))) is None

    def test_a_refused_push_leaves_nothing(self, engine: Engine, image: str, mark: str, login: RegistryLogin) -> None:
        ref = f"{login.server}/contract/{mark}:2"
        found = engine.images.find(image)
        assert found is not None
        with pytest.raises(UserError) as refused:
            engine.registries.push(found.id, ref, replace(login, password=Secret("wrong")))
        assert refused.value.code == "login_refused"
        assert engine.images.find(ref) is None
        assert engine.registries.digest(ref, login) is None
