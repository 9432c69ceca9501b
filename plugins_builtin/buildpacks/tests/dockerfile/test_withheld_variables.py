"""Which of the app's variables the steps see that install dependencies."""

from __future__ import annotations

import pytest
from dokkupy_sdk.buildpack import named
from dokkupy_sdk.errors import AppError

from plugins_builtin.buildpacks.tests.conftest import APP, Bench

NPM: dict[str, object] = {"package.json": {"scripts": {"start": "node x"}}, "package-lock.json": "{}"}


@pytest.mark.parametrize(
    "text",
    [
        "//npm.example.com/:_authToken=${MY_TOKEN}",
        "token: ${MY_TOKEN:-none}",
        "x $MY_TOKEN y",
        "%env(MY_TOKEN)%",
        "${env.MY_TOKEN}",
        "node -e 'process.env.MY_TOKEN'",
        'ENV["MY_TOKEN"]',
        "ENV.fetch('MY_TOKEN')",
        'ENV.fetch("MY_TOKEN", "")',
        'os.environ["MY_TOKEN"]',
        "os.environ.get('MY_TOKEN')",
        'os.getenv("MY_TOKEN")',
        "process.env['MY_TOKEN']",
        "https://$MY_TOKEN:x@example.com/",
        "%MY_TOKEN%",
    ],
)
def test_manifests_name_variables_in_the_ways_of_their_tools(text: str) -> None:
    assert named(["MY_TOKEN", "OTHER", "TOKEN", "MY"], [text]) == ("MY_TOKEN",)


@pytest.mark.parametrize(
    "text", ["MY_TOKEN", "# set MY_TOKEN", "${MY_TOKEN_2}", "$MY_TOKENS", "env.MY_TOKEN2", 'x["MY_TOKEN"]']
)
def test_a_name_alone_is_no_reference(text: str) -> None:
    assert named(["MY_TOKEN"], [text]) == ()


NAMING: dict[str, dict[str, object]] = {
    ".npmrc": {**NPM, ".npmrc": "//npm.example.com/:_authToken=${MY_TOKEN}\n"},
    ".yarnrc.yml": {**NPM, ".yarnrc.yml": 'npmAuthToken: "${MY_TOKEN}"\n'},
    "bunfig.toml": {**NPM, "bunfig.toml": 'token = "$MY_TOKEN"\n'},
    "preinstall": {"package.json": {"scripts": {"start": "node x", "preinstall": "node -e 'process.env.MY_TOKEN'"}}},
    "a script's file": {
        "package.json": {"scripts": {"start": "node x", "postinstall": "node ./tools/a.js"}},
        "tools/a.js": "process.env['MY_TOKEN']",
    },
    "requirements.txt": {"requirements.txt": "--index-url ${MY_TOKEN}\nflask\n", "Procfile": "web: x"},
    "an included file": {
        "requirements.txt": "-r more/base.txt\n",
        "more/base.txt": "-c limits.txt\n",
        "more/limits.txt": "--extra-index-url=https://${MY_TOKEN}@example.com\n",
        "Procfile": "web: x",
    },
    "pip.conf": {
        "requirements.txt": "flask\n",
        "pip.conf": "[global]\nindex-url = https://${MY_TOKEN}@x\n",
        "Procfile": "web: x",
    },
    "Pipfile": {
        "Pipfile": '[[source]]\nurl = "https://$MY_TOKEN@example.com"\n',
        "Pipfile.lock": "{}",
        "Procfile": "web: x",
    },
    "Gemfile": {
        "Gemfile": 'source "https://#{ENV.fetch("MY_TOKEN")}@gems.example.com"',
        "Gemfile.lock": "GEM\n",
        "Procfile": "web: x",
    },
}


@pytest.mark.parametrize("where", NAMING)
def test_install_step_sees_what_its_manifest_names_and_nothing_else(bench: Bench, where: str) -> None:
    bench.write(NAMING[where])
    _, text = bench.build({"MY_TOKEN": "canary-1", "DATABASE_URL": "canary-2"})
    assert "canary" not in text
    given = bench.engine.built[-1][0].secrets["dokkupy-install"].reveal()
    assert given == "MY_TOKEN=canary-1\n"
    install = [line for line in text.splitlines() if "could not be installed" in line]
    assert install and all("id=dokkupy-install" in line and "id=dokkupy-config" not in line for line in install)


def test_changed_value_installs_again_and_another_one_does_not(bench: Bench) -> None:
    bench.write(NAMING[".npmrc"])
    texts = [
        bench.build({"MY_TOKEN": token, "OTHER": other})[1] for token, other in (("a", "1"), ("a", "2"), ("b", "2"))
    ]
    assert texts[0] == texts[1] != texts[2]


def test_property_lists_further_ones(bench: Bench) -> None:
    bench.write(NPM)
    for said, expected in (("ONE,TWO", "ONE=1\n"), ("*", "ONE=1\nSIX=6\n")):
        bench.host.store.write("apps", APP, "buildpacks", data={"properties": {"install-variables": said}})
        bench.build({"ONE": "1", "SIX": "6", "PATH": "/nowhere"})
        assert bench.engine.built[-1][0].secrets["dokkupy-install"].reveal() == expected


@pytest.mark.parametrize(
    ("line", "named_in_the_error"),
    [("#9 1.2 Dependencies could not be installed", True), ("#9 1.2 sh: tsc: not found", False)],
)
def test_failed_installation_names_what_it_did_not_see_and_how_to_allow_it(
    bench: Bench, line: str, named_in_the_error: bool
) -> None:
    bench.write(NAMING[".npmrc"])
    bench.build({"A": "1"})
    bench.engine.fails = AppError("App build failed", details=(line,), code="build_failed")
    with pytest.raises(AppError) as caught:
        bench.build({"MY_TOKEN": "1", "FONTAWESOME_TOKEN": "2", "NPM_TOKEN": "3", "GIT_REV": "4"})
    assert ("did not get these variables of the app: FONTAWESOME_TOKEN." in caught.value.hint) == named_in_the_error
    assert ("buildpacks:set-property blog install-variables" in caught.value.hint) == named_in_the_error
