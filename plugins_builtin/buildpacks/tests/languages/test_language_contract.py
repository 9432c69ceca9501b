"""Every language of the plugin keeps the promises of a language."""

from __future__ import annotations

import pytest
from dokkupy_buildpacks.languages.go import Go
from dokkupy_buildpacks.languages.java import Java
from dokkupy_buildpacks.languages.nodejs import Node
from dokkupy_buildpacks.languages.php import Php
from dokkupy_buildpacks.languages.python import Python
from dokkupy_buildpacks.languages.ruby import Ruby
from dokkupy_buildpacks.languages.rust import Rust
from dokkupy_buildpacks.languages.static import Static
from dokkupy_sdk.buildpack import Language
from dokkupy_sdk.testing.contracts import LanguageContract

SOURCES: dict[type[Language], dict[str, str]] = {
    Go: {"go.mod": "module example.com/x\n\ngo 1.22\n", "main.go": "package main\n"},
    Java: {"pom.xml": "<project/>"},
    Node: {
        "package.json": '{"scripts": {"build": "x", "start": "node x.js"}, "dependencies": {"a": "1"}}',
        "yarn.lock": "",
    },
    Php: {"public/index.php": "<?php", "composer.json": '{"require": {"php": "^8.2"}}'},
    Python: {"requirements.txt": "flask\ngunicorn\n", "app.py": "app = Flask(__name__)\n"},
    Ruby: {"Gemfile": 'gem "puma"', "Gemfile.lock": "GEM\n    puma (6)\n", "config.ru": ""},
    Rust: {"Cargo.toml": '[package]\nname = "x"\n', "src/main.rs": "fn main() {}"},
    Static: {"index.html": "<p>hello</p>"},
}


@pytest.fixture(params=SOURCES, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> type[Language]:
    chosen: type[Language] = request.param
    return chosen


class TestLanguages(LanguageContract):
    @pytest.fixture
    def language(self, kind: type[Language]) -> Language:
        return kind()

    @pytest.fixture
    def files(self, kind: type[Language]) -> dict[str, str]:
        return SOURCES[kind]
