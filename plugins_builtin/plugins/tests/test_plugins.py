"""`plugin:*` in a separate environment: real pip, real wheels, real processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
from dokkupy.errors import HostError
from dokkupy.host import Host
from dokkupy.model.names import AppName
from dokkupy_apps.apps import create_app, destroy_app
from dokkupy_plugins import install as plugin_install
from dokkupy_sdk.testing.effort import stride

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


class Environment:
    """A Python environment with core and SDK, and its own state directory."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.root = place / "state"
        venv.create(place / "venv", with_pip=True, symlinks=True)
        self.python = place / "venv" / "bin" / "python"
        found = subprocess.run(
            [self.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            capture_output=True,
            text=True,
            check=True,
        )
        self.site = Path(found.stdout.strip())
        here = sysconfig.get_path("purelib")
        (self.site / "checkout.pth").write_text(f"import site; site.addsitedir({here!r})\n")
        self.root.mkdir()

    def run(self, *words: str, fault: str = "") -> subprocess.CompletedProcess[str]:
        env = {"PATH": os.environ["PATH"], "DOKKUPY_ROOT": str(self.root), "HOME": str(self.place)}
        env["DOKKUPY_PLUGINS"] = "plugins,sdk,tool,other"  # everything else in the checkout's environment is disabled
        if os.path.exists(CERTIFICATES):
            env["PIP_CERT"] = CERTIFICATES
        if fault:
            env["DOKKUPY_FAILPOINT"] = fault
        return subprocess.run(
            [self.python, "-I", "-m", "dokkupy", *words], capture_output=True, text=True, env=env, timeout=300
        )

    def host(self) -> Host:
        """The same state in this process."""
        return Host(str(self.root))

    def listed(self) -> dict[str, dict[str, str]]:
        done = self.run("plugin:list", "--format", "json")
        assert done.returncode == 0, done.stderr
        return {row["name"]: row for row in json.loads(done.stdout)}

    def installed(self) -> list[Path]:
        """What was installed here in addition to a new environment."""
        return [
            path for path in self.site.iterdir() if not path.name.startswith(("pip", "setuptools", "_dist", "pkg_"))
        ]

    def own(self) -> set[str]:
        """The files that were installed here, byte code left out."""
        return {
            str(path.relative_to(self.site))
            for top in self.installed()
            for path in (top.rglob("*") if top.is_dir() else [top])
            if path.is_file() and "__pycache__" not in path.parts
        }

    def keep(self, name: str) -> None:
        """Save what is installed and the state, for `bring_back`."""
        kept = self.place / "kept" / name
        shutil.copytree(self.root, kept / "state", symlinks=True)
        (kept / "site").mkdir()
        for path in self.installed():
            copy(path, kept / "site" / path.name)

    def bring_back(self, name: str) -> Environment:
        """Restore what was saved, by copying, because pip takes seconds for each step."""
        kept = self.place / "kept" / name
        for path in (*self.installed(), self.root):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in (kept / "site").iterdir():
            copy(path, self.site / path.name)
        shutil.copytree(kept / "state", self.root, symlinks=True)
        return self


def copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return Environment(tmp_path_factory.mktemp("plugins"))


def write(environment: Environment, name: str, directory: Path) -> Path:
    done = environment.run("plugin:new", name, "--directory", str(directory))
    assert done.returncode == 0, done.stderr
    return directory


@pytest.fixture(scope="session")
def wheels(environment: Environment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Wheels of plugins: a good one, a newer one, and ones with various faults, all built at once."""
    sources, target = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("wheels")
    good = write(environment, "tool", sources / "good")
    made = {"good": good}
    changes = {
        "newer": ("pyproject.toml", 'version = "0.1.0"', 'version = "0.2.0"'),
        "raises": ("src/dokkupy_tool/cli.py", "group = ", "raise RuntimeError('no')\ngroup = "),
        "exits": ("src/dokkupy_tool/hooks.py", "@hookimpl", "import sys\nsys.exit(0)\n@hookimpl"),
        "prints": ("src/dokkupy_tool/hooks.py", "@hookimpl", "print('loaded')\nprint('garbage' * 1000)\n@hookimpl"),
        "hangs": ("src/dokkupy_tool/settings.py", "SETTINGS =", "import time\ntime.sleep(600)\nSETTINGS ="),
        "unknown hook": ("src/dokkupy_tool/hooks.py", "def on_deploy_finished", "def on_deploy_finishd"),
        "taken name": ("pyproject.toml", 'tool = "dokkupy_tool.cli:group"', 'plugin = "dokkupy_tool.cli:group"'),
        "no group": ("pyproject.toml", "dokkupy_tool.cli:group", "dokkupy_tool.cli:SETTINGS"),
        "no plugin": ("pyproject.toml", '"dokkupy.', '"other.'),
        "other core": ("pyproject.toml", '"dokkupy-sdk>=0.1,<0.2"', '"dokkupy-sdk>=7"'),
        "needs": ("pyproject.toml", '"dokkupy-sdk>=0.1,<0.2"', '"dokkupy-sdk>=0.1,<0.2", "dokkupy-tool"'),
    }
    for title, (file, before, after) in changes.items():
        directory = write(environment, "tool", sources / title.replace(" ", "-"))
        if title == "needs":
            for path in (directory / "pyproject.toml", *directory.rglob("*.py")):
                path.write_text(path.read_text().replace("tool", "other"))
            (directory / "src" / "dokkupy_tool").rename(directory / "src" / "dokkupy_other")
        text = (directory / file).read_text()
        assert before in text, title
        (directory / file).write_text(text.replace(before, after))
        made[title] = directory
    script = (
        "import os, sys\nfrom hatchling.build import build_wheel\n"
        "for folder in sys.argv[2:]:\n"
        "    os.chdir(folder)\n    place = os.path.join(sys.argv[1], os.path.basename(folder))\n"
        "    os.makedirs(place)\n    print(os.path.join(place, build_wheel(place)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(target), *map(str, made.values())],
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(made, map(Path, done.stdout.split("\n")), strict=False))


@pytest.fixture(scope="session")
def prepared(environment: Environment, wheels: dict[str, Path]) -> Environment:
    """An environment saved without a plugin (`clean`) and with one (`good`), installed by the command itself."""
    environment.keep("clean")
    done = environment.run("plugin:install", str(wheels["good"]))
    assert done.returncode == 0, done.stderr
    environment.keep("good")
    return environment


@pytest.fixture
def clean(prepared: Environment) -> Environment:
    found = prepared.bring_back("clean")
    assert "tool" not in found.listed()
    return found


@pytest.fixture
def good(prepared: Environment) -> Environment:
    found = prepared.bring_back("good")
    assert found.listed()["tool"]["version"] == "0.1.0"
    return found


def test_a_plugin_is_installed_used_disabled_and_uninstalled(clean: Environment, wheels: dict[str, Path]) -> None:
    before = clean.own()
    planned = clean.run("plugin:install", "--dry-run", str(wheels["good"]))
    assert "Would install dokkupy-tool 0.1.0" in planned.stdout, planned.stderr
    assert clean.own() == before
    done = clean.run("plugin:install", str(wheels["good"]))
    assert done.returncode == 0, done.stderr
    row = clean.listed()["tool"]
    assert (row["status"], row["version"], row["summary"]) == ("enabled", "0.1.0", "Tool for dokkupy")
    create_app(clean.host(), AppName("blog"))
    assert clean.run("tool:greet", "blog").stdout == "Hello, blog\n"
    assert clean.run("plugin:disable", "tool").returncode == 0
    assert clean.listed()["tool"]["status"] == "disabled"
    assert clean.run("tool:greet", "blog").returncode == 1
    assert clean.run("plugin:enable", "tool").returncode == 0
    assert clean.run("tool:greet", "blog").returncode == 0
    assert clean.run("plugin:uninstall", "tool").returncode == 0
    assert clean.own() == before
    assert clean.run("plugin:installed", "tool").returncode == 1
    destroy_app(clean.host(), AppName("blog"))


def test_a_newer_version_replaces_the_older_one(good: Environment, wheels: dict[str, Path]) -> None:
    done = good.run("plugin:install", str(wheels["newer"]), "--format", "json")
    assert json.loads(done.stdout) == [{"distribution": "dokkupy-tool", "version": "0.2.0", "before": "0.1.0"}]
    assert good.listed()["tool"]["version"] == "0.2.0"


def test_a_plugin_can_be_installed_and_updated_from_a_directory(clean: Environment, tmp_path: Path) -> None:
    directory = write(clean, "tool", tmp_path / "dev")
    assert clean.run("plugin:install", str(directory)).returncode == 0
    file = directory / "src/dokkupy_tool/settings.py"
    file.write_text(file.read_text().replace("Hello", "Servus"))
    create_app(clean.host(), AppName("blog"))
    updated = clean.run("plugin:update", "tool")
    assert updated.returncode == 0, updated.stderr
    assert clean.run("tool:greet", "blog").stdout == "Servus, blog\n"
    destroy_app(clean.host(), AppName("blog"))


BAD = {
    "raises": "no",
    "exits": "SystemExit",
    "unknown hook": "Did you mean on_deploy_finished",
    "taken name": "plugin is taken by dokkupy-plugins",
    "no group": "not a Group",
    "no plugin": "not a plugin",
    "other core": "dokkupy-sdk>=7",
}


@pytest.mark.parametrize("bad", list(BAD))
def test_a_plugin_that_does_not_load_is_refused_by_name_and_nothing_changes(
    good: Environment, wheels: dict[str, Path], bad: str
) -> None:
    before = good.own()
    done = good.run("plugin:install", str(wheels[bad]))
    assert done.returncode != 0
    assert BAD[bad] in done.stderr, done.stderr
    if bad != "other core":
        assert "dokkupy-tool" in done.stderr
    assert good.own() == before
    assert good.listed()["tool"]["status"] == "enabled"
    assert os.listdir(good.root / "work") == []


def test_a_plugin_that_hangs_while_loading_is_refused(
    wheels: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheels["hangs"]) as wheel:
        wheel.extractall(site)
    monkeypatch.setattr(plugin_install, "LOAD_SECONDS", 2)
    with pytest.raises(HostError, match="did not end within 2 seconds"):
        plugin_install.require_loadable(str(site), ["dokkupy-tool"])


def test_what_a_loading_plugin_prints_does_not_reach_the_output(clean: Environment, wheels: dict[str, Path]) -> None:
    assert clean.run("plugin:install", str(wheels["prints"])).returncode == 0
    assert json.loads(clean.run("version", "--format", "json").stdout)
    assert clean.listed()["tool"]["status"] == "enabled"


def test_a_plugin_that_another_one_requires_is_not_uninstalled(good: Environment, wheels: dict[str, Path]) -> None:
    done = good.run("plugin:install", str(wheels["needs"]))
    assert done.returncode == 0, done.stderr
    refused = good.run("plugin:uninstall", "tool")
    assert refused.returncode == 1 and "other requires tool" in refused.stderr


@pytest.mark.parametrize("name", ["core", "sdk", "nothing", "../etc", "A", "x" * 200, "a b", "-rf"])
def test_uninstalling_what_cannot_be_uninstalled_is_refused(environment: Environment, name: str) -> None:
    assert environment.run("plugin:uninstall", name).returncode == 1


@pytest.mark.parametrize(
    "source",
    ["--index-url=http://evil", "../nowhere/x", "https://", "git+https://example.invalid/x.git#--upload-pack=x", "a b"],
)
def test_a_bad_source_is_refused(environment: Environment, source: str) -> None:
    done = environment.run("plugin:install", source)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [["plugin:install", "newer"], ["plugin:uninstall", "tool"]])
def test_an_installation_killed_anywhere_is_complete_or_rolled_back(
    prepared: Environment, wheels: dict[str, Path], words: list[str]
) -> None:
    line = [words[0], str(wheels.get(words[1], words[1]))]
    outcomes = []
    for number in range(1, 40, stride(5)):
        clean = prepared.bring_back("good")
        before = clean.own()
        died = clean.run(*line, fault=f"kill@{number}")
        clean.run("recover")
        row = clean.listed().get("tool")
        assert row is None or row["status"] == "enabled", number
        same = row is not None and row["version"] == "0.1.0"
        if same:
            assert clean.own() == before, number
        outcomes.append("before" if same else "after")
        assert [name for name in os.listdir(clean.site) if name.startswith("~")] == []
        if died.returncode != -signal.SIGKILL:
            break
    print(f"\n{words[0]}: {len(outcomes) - 1} boundaries: {' '.join(outcomes)}")
    assert outcomes[0] == "before" and outcomes[-1] == "after"
