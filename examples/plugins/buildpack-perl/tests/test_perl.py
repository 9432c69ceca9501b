"""The language keeps the promises of every language."""

from __future__ import annotations

import pytest
from dokkupy_buildpack_perl.language import Perl
from dokkupy_sdk.buildpack import Language
from dokkupy_sdk.testing.contracts import LanguageContract


class TestPerl(LanguageContract):
    @pytest.fixture
    def language(self) -> Language:
        return Perl()

    @pytest.fixture
    def files(self) -> dict[str, str]:
        return {"app.psgi": "sub { [200, ['Content-Type' => 'text/plain'], [\"Hello from Perl\\n\"]] };\n"}
