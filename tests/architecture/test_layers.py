"""Which code may import which, checked in the source."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

from tests.architecture.each import for_each
from tests.architecture.readers import nodes, tree

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = sorted(path for path in (ROOT / "plugins_builtin").iterdir() if (path / "pyproject.toml").exists())
SAMPLES = sorted(path for path in (ROOT / "examples/plugins").iterdir() if (path / "pyproject.toml").exists())
DISTRIBUTIONS = [ROOT / "core", ROOT / "plugin_sdk", *PLUGINS, *SAMPLES]
SOURCES = [file for dist in DISTRIBUTIONS for file in sorted((dist / "src").rglob("*.py"))]
FORBIDDEN_NAMES = {"manager", "helper", "helpers", "util", "utils", "misc", "base", "common", "info"}
#: The layers of core, the highest first, with their limits of lines. The limits may only shrink (CONTRIBUTING has the
#: table).
CORE_LINES = {
    "cli": 1_151,
    "hookspecs.py": 240,
    "transaction.py": 6,
    "host.py": 64,
    "roles": 599,
    "kernel": 2_341,
    "model": 1_293,
    "errors.py": 150,
}
LONGEST_MODULE = 425
LONGEST_FUNCTION = 76

USE_TEMPFILE = {"plugin_sdk/src/dokkupy_sdk/scratch.py"}

#: Imported name -> distribution, if the two differ.
DISTRIBUTED_AS = {
    "pyjson5": "pyjson5",
    "tomli_w": "tomli-w",
    "dokkupy": "dokkupy-core",
    "dotenv": "python-dotenv",
    "nacl": "pynacl",
    "yaml": "pyyaml",
    "semantic_version": "semantic-version",
    "pytest": "pytest",
}


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(node: ast.AST) -> set[str]:
    found = set()
    for one in ast.walk(node):
        if isinstance(one, ast.Import):
            found |= {alias.name for alias in one.names}
        elif isinstance(one, ast.ImportFrom) and one.module and not one.level:
            found.add(one.module)
    return found


@for_each([*PLUGINS, *SAMPLES], short)
def test_a_plugin_imports_only_the_sdk_and_itself_of_dokkupy(plugin: Path) -> None:
    """It may also import a kit that it declares, such as dokkupy-services."""
    own = "dokkupy_" + plugin.name.replace("-", "_")
    declared = tomllib.loads((plugin / "pyproject.toml").read_text())["project"].get("dependencies", [])
    family = {re.split(r"[^A-Za-z0-9-]", text)[0].replace("-", "_") for text in declared if text.startswith("dokkupy-")}
    for file in (plugin / "src").rglob("*.py"):
        for name in imports(tree(file)):
            top = name.partition(".")[0]
            if top == "dokkupy" or top.startswith("dokkupy_"):
                assert top in {"dokkupy_sdk", own, *family}, f"{short(file)} imports {name}"


def core_lines(layer: str) -> int:
    root = ROOT / "core" / "src" / "dokkupy"
    return sum(file.read_text().count("\n") for file in SOURCES if root / layer in (file, *file.parents))


@for_each(CORE_LINES)
def test_a_layer_of_core_stays_small(layer: str) -> None:
    """Core must not contain what a plugin can do by the SDK. Lower the limit after each move of code out of core."""
    assert 0 < core_lines(layer) <= CORE_LINES[layer]


def test_each_module_of_core_is_in_a_layer_whose_limit_contributing_says() -> None:
    # A removed layer may leave a folder with byte code in a checkout.
    found = {
        path.name
        for path in (ROOT / "core" / "src" / "dokkupy").iterdir()
        if [*path.rglob("*.py")] or path.suffix == ".py"
    }
    assert found - {"__init__.py", "__main__.py"} == set(CORE_LINES)
    text = (ROOT / "CONTRIBUTING.md").read_text()
    rows = dict(re.findall(r"^\| `([a-z_.]+)` \|.*\| ([0-9,]+) \|$", text, re.MULTILINE))
    assert {layer: int(rows[layer].replace(",", "")) for layer in CORE_LINES} == CORE_LINES


TECHNOLOGIES = re.compile(
    r"nginx|docker(?!file)|podman|postgres|mysql|mariadb|redis|mongo|rabbitmq|letsencrypt|certbot|caddy|kubernetes|restic|buildpack|herokuish",
    re.IGNORECASE,
)
#: File of core -> technologies that its code still names. This table may only shrink.
STILL_NAMED: dict[str, set[str]] = {}


def named_in_code(file: Path) -> set[str]:
    """The technologies in names and texts of a module (Dockerfile is a format and allowed). Docstrings and comments may
    name examples."""
    found: set[str] = set()
    module = tree(file)
    docs = {id(one.value) for one in ast.walk(module) if isinstance(one, ast.Expr)}
    for one in ast.walk(module):
        texts = [one.value] if isinstance(one, ast.Constant) and id(one) not in docs else []
        texts += [getattr(one, field) for field in ("id", "attr", "arg", "name") if hasattr(one, field)]
        for text in texts:
            found |= {match.lower() for match in TECHNOLOGIES.findall(str(text))}
    return found


def test_core_names_no_technology() -> None:
    root = ROOT / "core" / "src" / "dokkupy"
    found = {str(file.relative_to(root)): named for file in root.rglob("*.py") if (named := named_in_code(file))}
    assert found == STILL_NAMED


def test_core_and_sdk_name_no_plugin() -> None:
    names = {"dokkupy_" + path.name.replace("-", "_") for path in PLUGINS}
    for file in SOURCES:
        if file.is_relative_to(ROOT / "core") or file.is_relative_to(ROOT / "plugin_sdk"):
            for name in imports(tree(file)):
                assert name.partition(".")[0] not in names, f"{short(file)} imports {name}"


@for_each(PLUGINS, short)
def test_the_modules_that_every_command_may_load_are_light(plugin: Path) -> None:
    """At module level, hooks.py and cli.py only import light parts of the standard library, the SDK and their own
    settings."""
    heavy = {
        "docker",
        "requests",
        "jinja2",
        "rich",
        "typer",
        "asyncio",
        "subprocess",
        "urllib",
        "http",
        "ssl",
        "tarfile",
    }
    for name in ("hooks.py", "cli.py", "settings.py"):
        for file in (plugin / "src").rglob(name):
            for statement in tree(file).body:
                if isinstance(statement, ast.Import | ast.ImportFrom):
                    for module in imports(statement):
                        assert module.partition(".")[0] not in heavy, (
                            f"{short(file)}:{statement.lineno} imports {module}"
                        )


@for_each(DISTRIBUTIONS, short)
def test_a_distribution_declares_what_it_imports(dist: Path) -> None:
    import sys

    project = tomllib.loads((dist / "pyproject.toml").read_text())["project"]
    extras = [text for extra in project.get("optional-dependencies", {}).values() for text in extra]
    declared = {re.split(r"[^A-Za-z0-9._-]", text)[0].lower() for text in [*project.get("dependencies", []), *extras]}
    own = {path.name for path in (dist / "src").iterdir()}
    for file in (dist / "src").rglob("*.py"):
        for name in imports(tree(file)):
            top = name.partition(".")[0]
            if top in sys.stdlib_module_names or top in own:
                continue
            distribution = DISTRIBUTED_AS.get(top, top.lower().replace("_", "-"))
            # The SDK re-exports core, and core exposes pluggy, so both may be imported through it.
            assert distribution in declared or (distribution == "pluggy" and "dokkupy-core" in declared), (
                f"{short(file)} imports {top}"
            )


@for_each(DISTRIBUTIONS, short)
def test_distribution_has_a_summary(dist: Path) -> None:
    project = tomllib.loads((dist / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">=3.11"
    assert project["license"] == "MIT"
    assert 10 < len(project["description"]) < 120
    assert (dist / "README.md").exists()
    assert list((dist / "src").glob("*/py.typed"))


@for_each(SOURCES, short)
def test_module_is_small_has_a_docstring_and_runs_no_shell(file: Path) -> None:
    source = file.read_text()
    module = tree(file)
    assert file.stem not in FORBIDDEN_NAMES
    assert source.count("\n") <= LONGEST_MODULE
    if source.strip():
        assert ast.get_docstring(module), "a module says what it is"
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= LONGEST_FUNCTION, f"{node.name} has {length} lines"
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in ("eval", "exec", "os.system", "os.popen", "subprocess.getoutput"), (
                f"line {node.lineno}"
            )
            for keyword in node.keywords:
                if keyword.arg == "shell":
                    assert isinstance(keyword.value, ast.Constant) and keyword.value.value is False, (
                        f"line {node.lineno}"
                    )
            if called.startswith("subprocess.") and node.args:
                first = node.args[0]
                assert not isinstance(first, ast.JoinedStr) and not (
                    isinstance(first, ast.Constant) and isinstance(first.value, str)
                ), f"line {node.lineno}: a command is a list of words"


def test_temporary_files_are_made_below_the_state_only() -> None:
    """Only `kernel/scratch.py` may use tempfile, and none of our paths is below /tmp, because /tmp may be in memory or
    not writable. Inside containers (buildpacks), /tmp is that of the container."""
    inside_containers = ("plugins_builtin/buildpacks/", "plugins_builtin/mongo/", "plugin_sdk/src/dokkupy_sdk/testing/")
    for file in SOURCES:
        if short(file) not in USE_TEMPFILE:
            assert "tempfile" not in imports(tree(file)), short(file)
        if not short(file).startswith(inside_containers):
            said = {id(node.value) for node in nodes(file) if isinstance(node, ast.Expr)}
            texts = [node.value for node in nodes(file) if isinstance(node, ast.Constant) and id(node) not in said]
            found = [
                text for text in texts if isinstance(text, str) and re.search(r"(^|[\s=:'\"])/(var/)?tmp(/|$)", text)
            ]
            assert not found, f"{short(file)}: {found}"


def test_tests_import_their_helpers_by_the_path_from_the_root() -> None:
    """All test folders run in one call of pytest, so `from conftest import` would import whichever conftest was loaded
    first."""
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in ("core", "plugin_sdk", "plugins_builtin", "examples", "tests")
        for path in (ROOT / folder).rglob("test_*.py")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if line.strip().startswith(("from conftest ", "import conftest"))
    ]
    assert not found, f"import by the path from the root, as plugins_builtin.git.tests.conftest: {found}"


@for_each([*PLUGINS, *SAMPLES], short)
def test_the_readme_of_a_plugin_names_each_of_its_folders(dist: Path) -> None:
    text = (dist / "README.md").read_text()
    for file in (dist / "src").glob("*/*/__init__.py"):
        assert f"{file.parent.name}/" in text, f"{short(dist)}/README.md does not say what {file.parent.name}/ is"
