"""The modules that frequent commands load. Their number is stable, unlike milliseconds, so a new import is noticed
here."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from dokkupy_plugins import index

INSTALLER = Path(__file__).parents[2] / "install.sh"

HEAVY = (
    "typer",
    "click",
    "rich",
    "docker",
    "requests",
    "urllib3",
    "importlib.metadata",
    "pydantic",
    "msgspec",
    "yaml",
    "jinja2",
    "asyncio",
    "inspect",
    "tempfile",
    "email",
    "http.client",
    "ssl",
    "certbot",
    "logging",
    "unittest",
    "pkg_resources",
    "hashlib",
    "cryptography",
    "nacl.bindings",
)

#: Of the standard library, what costs half an interpreter together: `re` loads enum, functools and collections, and
#: typing, json and tomllib load `re`. No frequent command uses them.
STANDARD = ("re", "enum", "functools", "collections", "contextlib", "typing", "json", "tomllib", "datetime", "signal")

#: Command line -> how many modules it may load beyond those of a bare interpreter. Up to twelve of them are
#: the command's own package and its folders, two core's state records, and the SDK's facade, which is a module for each subject: 0.1 ms each, without a body.
LIMITS = {
    ("version",): 28,
    ("config:get", "blog", "KEY"): 42,
    ("apps:list",): 44,
    ("apps:exists", "blog"): 44,
    ("ps:report", "blog"): 49,
    ("domains:report", "blog"): 44,
    ("config:show", "blog"): 38,
    ("help",): 90,
}

RE = ("re", "enum", "functools", "collections")
JSON = (*RE, "json")
PLUGGY = (*RE, "contextlib", "typing", "inspect")

#: The same with all plugins: the most modules, and what of the standard library the command may load besides.
WITH_ALL_PLUGINS: dict[str, tuple[int, tuple[str, ...]]] = {
    "help": (124, ()),
    "config:help": (45, ()),
    "apps:list": (43, ()),
    "apps:report blog": (54, ("datetime",)),
    "config:get blog KEY": (39, ()),
    "config:export blog": (63, JSON),
    "domains:report blog": (45, ()),
    "ps:report blog": (50, ()),
    "ps:scale blog": (48, ()),
    "ps:list": (135, (*PLUGGY, "datetime")),
    "releases blog": (48, ()),
    "checks:report blog": (46, ()),
    "proxy:report blog": (71, ("collections",)),
    "storage:list blog": (60, ("collections",)),
    "logs blog": (86, (*RE, "contextlib")),
    "why blog": (84, (*RE, "contextlib")),
    "events": (60, JSON),
    "deploys": (70, JSON),
    "postgres:list": (85, (*RE, "contextlib", "typing")),
    "git:report blog": (105, (*RE, "contextlib", "signal")),
    "cron:list blog": (130, (*PLUGGY, "json", "datetime")),
    "certs:report blog": (165, (*PLUGGY, "json", "datetime", "signal")),
    "urls blog": (195, PLUGGY),
    "backups:list": (185, (*PLUGGY, "json", "datetime", "signal", "hashlib")),
}

COUNT = """
import sys
before = set(sys.modules)
sys.argv = ["dokkupy", *sys.argv[1:]]
from dokkupy.cli.main import main
import io, os
out, sys.stdout = sys.stdout, io.TextIOWrapper(io.BytesIO())
status = main(sys.argv[1:])
sys.stdout = out
found = sorted(set(sys.modules) - before)
import json
print(json.dumps([status, found]))
"""


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    for words in (["apps:create", "blog"], ["config:set", "--no-restart", "blog", "KEY=value"]):
        loaded(root, *words)
    return root


def loaded(root: Path, *words: str, plugins: str = "apps,commands", engine: str = "", exits: int = 0) -> list[str]:
    """plugins: by default core and the commands alone, because what is installed beside them is not what is measured;
    empty for all."""
    env = {"DOKKUPY_ROOT": str(root), "PATH": "/usr/bin:/bin", "DOCKER_HOST": engine}
    if plugins:
        env["DOKKUPY_PLUGINS"] = plugins
    done = subprocess.run(
        [sys.executable, "-I", "-c", COUNT, *words], capture_output=True, text=True, env=env, check=True
    )
    status, modules = json.loads(done.stdout)
    assert status == exits, done.stderr
    return list(modules)


@pytest.mark.parametrize("words", list(LIMITS), ids=" ".join)
def test_command_loads_no_more_modules_than_its_limit(root: Path, words: tuple[str, ...]) -> None:
    modules = loaded(root, *words)
    assert heavy(modules) == []
    assert len(modules) <= LIMITS[words], f"{len(modules)} modules: {' '.join(modules)}"


def heavy(modules: list[str], but: tuple[str, ...] = ()) -> list[str]:
    banned = {*HEAVY, *STANDARD} - {*but}
    return [name for name in modules if name in banned or name.startswith(tuple(f"{one}." for one in banned - {"re"}))]


def test_reading_a_secret_loads_libsodium_without_the_modules_around_it(tmp_path: Path) -> None:
    root = tmp_path / "root"
    Path(f"{root}.secrets-keys").write_text(f"01234567 {'00' * 32}\n")
    for words in (["apps:create", "blog"], ["config:set", "--no-restart", "blog", "KEY=value"]):
        loaded(root, *words, plugins="")
    assert "sealed:01234567" in (root / "apps" / "blog" / "config.toml").read_text()
    modules = loaded(root, "config:get", "blog", "KEY", plugins="")
    assert "nacl._sodium" in modules
    assert heavy(modules) == []
    assert len(modules) <= 50, f"{len(modules)} modules: {' '.join(modules)}"


@pytest.mark.parametrize("line", list(WITH_ALL_PLUGINS))
def test_what_people_type_most_stays_light_with_all_plugins(root: Path, line: str) -> None:
    most, may_load = WITH_ALL_PLUGINS[line]
    modules = loaded(root, *line.split(), plugins="", exits=1 if line == "logs blog" else 0)
    assert heavy(modules, may_load) == []
    assert len(modules) <= most, f"{len(modules)} modules: {' '.join(modules)}"


IMPORT = """
import os, sys
from dokkupy.kernel.registry import Registry
registry = Registry()
for entry in sorted(registry.entries, key=lambda entry: entry.module):
    if entry.group == "dokkupy.commands":
        if not (child := os.fork()):
            registry.load(entry)
            print(entry.module, *sys.modules, flush=True)
            os._exit(0)
        os.waitpid(child, 0)
"""
LOADED_LATER = {"typing", "dataclasses", "inspect", "json", "pathlib", "subprocess"}
"""Modules that command modules must import inside functions, because help and reports do not use them."""

NOT_YET = {
    "dokkupy_backups.cli": {"dataclasses", "inspect"},
    "dokkupy_buildpacks.cli": {"typing"},
    "dokkupy_certs.cli": {"typing", "dataclasses", "inspect", "json", "pathlib"},
    "dokkupy_host.events": {"json"},
}


def test_command_modules_leave_expensive_imports_to_their_functions() -> None:
    """`typing` alone takes half as long as the start of an interpreter, so commands use `Annotated` of
    `dokkupy_sdk.cli`."""
    done = subprocess.run([sys.executable, "-I", "-c", IMPORT], capture_output=True, text=True, check=True)
    found = {module: LOADED_LATER.intersection(names) for module, *names in map(str.split, done.stdout.splitlines())}
    assert "dokkupy_logs.cli" in found
    assert {module: names for module, names in found.items() if names - NOT_YET.get(module, set())} == {}


SERVE = """
import sys
from dokkupy.host import Host
from dokkupy.model.names import AppName
from dokkupy_sdk.state import InstanceRow, ServingFile
from dokkupy_apps.releases.state_mark import UnchangedFile, plugins_mark, state_mark
host, app = Host(sys.argv[1]), AppName("blog")
mark = state_mark(host, app, {})
if sys.argv[2] == "updated":
    host.store.save(UnchangedFile(plugins=plugins_mark(host), marks={"d": mark}))
    mark = "another"
host.store.write("apps", app, "releases", "000001", data={"source": "test", "mark": mark})
row = InstanceRow(process="web", index=1, id="c0ffee", name="", address="", port=5000, release=1, deployment="d")
host.store.save(ServingFile(release=1, id="d", instances=(row,)), app)
"""
"""A script that writes the state of a running app."""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[str]:
    """A stand-in for Docker that answers each request with one running container."""
    body = b'[{"Id": "c0ffee", "State": "running"}]\n'
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "engine"))
        server.listen()

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return  # closed
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + body)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"unix://{tmp_path}/engine"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("plugins_were", ["the same", "updated"])
def test_report_of_a_running_app_loads_neither_its_release_nor_the_adapter_of_the_engine(
    tmp_path: Path, engine: str, plugins_were: str
) -> None:
    root, plugins = tmp_path / "root", "apps,commands,docker,host"
    loaded(root, "apps:create", "blog")
    env = {"DOKKUPY_PLUGINS": plugins, "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-I", "-c", SERVE, str(root), plugins_were], check=True, env=env)
    for command, most in (("ps:report", 66), ("ps:scale", 48), ("releases:list", 48)):
        modules = loaded(root, command, "blog", plugins=plugins, engine=engine)
        assert ("dokkupy_docker.instances.states" in modules) == (command == "ps:report")
        found = [name for name in modules if name.partition(".")[0] in {*HEAVY, *STANDARD, "dataclasses", "socket"}]
        assert (command, found) == (command, [])
        assert len(modules) <= most, f"{command}: {len(modules)} modules: {' '.join(modules)}"


def test_hooks_of_all_plugins_load_no_roles_and_no_operations(tmp_path: Path) -> None:
    """`ps:report` of a deployed app calls a hook. Therefore specifications and hooks only name their types, and import
    them when they run."""
    program = (
        "import sys; from dokkupy.host import Host; host = Host(sys.argv[1]); before = set(sys.modules); host.hooks; "
        "assert not host.hooks.quarantined; print(*sorted(set(sys.modules) - before))"
    )
    env = {"PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, str(tmp_path)], capture_output=True, text=True, env=env, check=True
    )
    found = done.stdout.split()
    assert "dokkupy_backups.hookspecs" in found and "dokkupy_docker.hooks" in found
    heavy = (
        "dokkupy.roles",
        "dokkupy_apps",
        "dokkupy.kernel.operation",
        "dokkupy_sdk.roles",
        "dokkupy_sdk.operation",
    )
    assert [name for name in found if name.startswith(heavy)] == []


def launcher(directory: Path) -> Path:
    """The launcher that install.sh writes for the environment of this test."""
    text = INSTALLER.read_text()
    function = text[text.index("write_launcher() {") :].partition("\n}\n")[0] + "\n}\n"
    settings = {"VENV": sys.prefix, "BIN": str(directory), "PATH": "/usr/bin:/bin"}
    subprocess.run(["bash", "-euc", f"{function} write_launcher dokkupy"], env=settings, check=True)
    return directory / "dokkupy"


PACKAGES = ("core/src/dokkupy", "plugin_sdk/src/dokkupy_sdk", "plugins_builtin/apps/src/dokkupy_apps",
            "plugins_builtin/commands/src/dokkupy_commands", "plugins_builtin/plugins/src/dokkupy_plugins")  # fmt: skip

AT_THE_END = """
def show(status):
    from_index = [name for name, module in sys.modules.items() if type(module.__loader__).__name__ == "IndexedLoader"]
    print("site" in sys.modules, len(from_index))
    sys.stdout.flush()
    exit(status)
exit, os._exit = os._exit, show
run()
"""


def installed(directory: Path) -> tuple[Path, Path]:
    """The launcher of an environment without .pth files, and its packages."""
    program = launcher(directory)
    site_packages = directory / "site-packages"
    site_packages.mkdir()
    for package in PACKAGES:
        (site_packages / Path(package).name).symlink_to(INSTALLER.parent / package)
    declare(site_packages, "dokkupy_commands", "apps = dokkupy_commands.cli.apps:group")
    declare(site_packages, "dokkupy_sdk", "log = dokkupy_sdk.audit:audit_of", "audit")
    lines = program.read_text().splitlines()
    (at,) = (number for number, line in enumerate(lines) if line.startswith("PACKAGES = "))
    lines[at] = f"PACKAGES = {str(site_packages)!r}"
    program.write_text("\n".join(lines).removesuffix("run()") + AT_THE_END)
    return program, site_packages


def declare(site_packages: Path, distribution: str, entry: str, group: str = "commands") -> None:
    information = site_packages / f"{distribution}-1.dist-info"
    information.mkdir()
    (information / "entry_points.txt").write_text(f"[dokkupy.{group}]\n{entry}\n")


def ran(program: Path, root: Path, *words: str) -> list[str]:
    done = subprocess.run(
        [program, *words],
        capture_output=True,
        text=True,
        env={"DOKKUPY_ROOT": str(root), "DOKKUPY_PLUGINS": "commands,further"},
    )
    return done.stdout.splitlines() or done.stderr.splitlines()


def test_the_installed_launcher_skips_site_and_finds_what_is_installed(root: Path, tmp_path: Path) -> None:
    program, _ = installed(tmp_path)
    assert ran(program, root, "apps:list")[-2:] == ["blog", "False 0"]


def test_with_an_index_the_launcher_searches_for_no_module(root: Path, tmp_path: Path) -> None:
    program, site_packages = installed(tmp_path)
    index.write(str(site_packages))
    *_, app, (end) = ran(program, root, "apps:list")
    assert (app, end.split()[0]) == ("blog", "False")
    # all modules of dokkupy, except those that read the index and their packages
    assert int(end.split()[1]) >= LIMITS["apps:list",] - 14


def test_package_installed_after_the_index_was_written_is_found(root: Path, tmp_path: Path) -> None:
    program, site_packages = installed(tmp_path)
    index.write(str(site_packages))
    (site_packages / "further").mkdir()
    (site_packages / "further" / "__init__.py").write_text(
        "from dokkupy_sdk.cli import Group, Host\n"
        "group = Group('further', 'Further')\n"
        "@group.command('', permission='host:read')\n"
        "def further(host: Host) -> None:\n    'Say so.'\n    print('further')\n"
    )
    declare(site_packages, "further", "further = further:group")
    assert ran(program, root, "further") == ["further", "False 0"]


def test_the_installed_launcher_finds_plugins_that_are_being_developed(root: Path, tmp_path: Path) -> None:
    # the environment of this test finds its packages by .pth files
    env = {"DOKKUPY_ROOT": str(root)}
    done = subprocess.run([launcher(tmp_path), "apps:list"], capture_output=True, text=True, env=env)
    assert done.stdout.splitlines()[-1:] == ["blog"], done.stderr


def test_values_are_made_without_the_standard_librarys_dataclasses() -> None:
    """dataclasses compiles six methods for each class, which takes 0.5 ms. `dokkupy_sdk.values` has the same names."""
    found = [
        str(path.relative_to(INSTALLER.parent))
        for folder in ("core", "plugin_sdk", "plugins_builtin")
        for path in (INSTALLER.parent / folder).rglob("src/**/*.py")
        if path.name != "values.py"
        and re.search(r"^from dataclasses import (?!asdict\b)", path.read_text(), re.MULTILINE)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("module", "most", "without"),
    [
        ("dokkupy_logs.past", 126, ("dokkupy.roles", "dokkupy.model.release", "dataclasses")),
        ("dokkupy_docker.scheduler", 210, ("dokkupy.roles.builder", "dokkupy.roles.proxy", "dataclasses")),
    ],
)
def test_command_that_reads_logs_loads_only_the_roles_that_it_uses(
    module: str, most: int, without: tuple[str, ...]
) -> None:
    program = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    found = done.stdout.split()
    assert [name for name in found if name.startswith(without)] == []
    assert len(found) <= most, f"{len(found)} modules: {' '.join(found)}"


RESTART = """dokkupy_apps.processes.redeploy dokkupy_docker.scheduler dokkupy_docker.roles.images dokkupy_docker.roles.containers
dokkupy_nginx.proxy dokkupy_nginx.configuration dokkupy_sdk.reach dokkupy_checks.run""".split()


def test_what_a_restart_imports_leaves_out_the_slow_parts_of_the_standard_library() -> None:
    """They were about a fifth of the time of its imports."""
    slow = ["concurrent.futures", "logging", "pathlib", "tarfile", "hashlib", "urllib.parse", "shutil", "datetime"]
    program = f"import sys, {', '.join(RESTART)}; print(*[name for name in {slow} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
