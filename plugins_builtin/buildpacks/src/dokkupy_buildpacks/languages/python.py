"""Python: pip, uv, Poetry, Pipenv, PDM."""

from __future__ import annotations

import json
import re
from typing import Any

from dokkupy_sdk.buildpack import Context, Copy, Language, Plan, Stage, Step, Toolchain, Tree, Wanted, named
from dokkupy_sdk.errors import AppError

from dokkupy_buildpacks.languages.headers import HEADERS, LIBRARIES
from dokkupy_buildpacks.languages.python_files import LOCKS, declared, lock_of, manifest_texts, unused
from dokkupy_buildpacks.languages.python_web import default_web, has
from dokkupy_buildpacks.languages.versions import pinned, python_range, tool_version, version_line

VENV = "/opt/venv"
KNOWN = ("3.13", "3.14", "3.12", "3.11", "3.10")
"""Versions to request from a registry. The first is the one for which most packages have wheels."""

TOOLCHAIN = Toolchain(
    "python",
    official="python",
    libraries=LIBRARIES,
    debian={"trixie": "3.13", "bookworm": "3.11"},
    build_packages=(
        *HEADERS,
        "libbz2-dev",
        "libfreetype-dev",
        "libgmp-dev",
        "libkrb5-dev",
        "liblcms2-dev",
        "libldap-dev",
        "libopenjp2-7-dev",
        "libsasl2-dev",
        "libtiff-dev",
        "libwebp-dev",
        "python3-dev",
        "python3-venv",
    ),
    run_packages=(
        *LIBRARIES,
        "libbz2-1.0",
        "libfreetype6",
        "libgmp10",
        "libgssapi-krb5-2",
        "liblcms2-2",
        "libmagic1",
        "libopenjp2-7",
        "libsasl2-2",
        "libtiff6",
        "libwebp7",
        "libwebpdemux2",
        "libwebpmux3",
        "media-types",
        "python3",
    ),
    # The shared libpython is for servers that embed the interpreter (mod_wsgi, uWSGI).
    suite_run_packages={
        "bookworm": ("libldap-2.5-0", "libpython3.11"),
        "trixie": ("libldap2", "libpython3.13"),
    },
)

CACHES = ("/root/.cache/pip", "/root/.cache/uv")
LOCAL = re.compile(r"(?m)^\s*(-r|-c|-e|--requirement|--constraint|--editable|--find-links|-f|\.|file:|[./]\S*/)")
"""Lines of a requirements file that refer to other files of the source."""

PIP_CONF = """\
if [ -f pip.conf ]; then
python3 -c 'import os, sys; sys.stdout.write(os.path.expandvars(open("pip.conf", encoding="utf-8-sig").read()))' >/dev/shm/pip.conf
export PIP_CONFIG_FILE=/dev/shm/pip.conf
fi
"""
"""Use a pip.conf at the root, with its variables replaced, which pip itself does not do. The result is only in memory,
because it may contain a token."""


class Python(Language):
    name = "python"
    toolchain = TOOLCHAIN
    steering = ("DISABLE_COLLECTSTATIC", "WEB_CONCURRENCY")

    def detect(self, tree: Tree) -> int:
        if any(tree.has(name) for name in (*LOCKS, "requirements.txt")):
            return 90
        if any(tree.has(name) for name in ("pyproject.toml", "Pipfile", "setup.py")):
            return 80
        return 30 if any(tree.has(name) for name in ("app.py", "main.py", "manage.py")) else 0

    def plan(self, tree: Tree, context: Context) -> Plan:
        project = tree.toml("pyproject.toml")
        warnings = unused(tree)
        manager, steps, after = dependencies(tree, project)
        text = declared(tree)
        static: tuple[Step, ...] = ()
        remarks = []
        if tree.has("manage.py") and has(text, "django"):
            if context.values.get("DISABLE_COLLECTSTATIC", "") in ("", "0", "false"):
                static = (Step("python manage.py collectstatic --noinput", config=True),)
            else:
                remarks.append("DISABLE_COLLECTSTATIC is set: static files are not collected")
        web = None if context.procfile else default_web(tree, text)
        if web is not None and web.added:
            # Not pinned, because no file of the app says which version. The remark says how to pin it.
            add = Step(
                f"{VENV}/bin/python -m pip --version >/dev/null 2>&1 || {VENV}/bin/python -m ensurepip -q\n"
                f"{VENV}/bin/python -m pip install {web.added}",
                caches=CACHES,
                install=True,
                title=f"pip install {web.added}",
            )
            steps, after = (steps, (*after, add)) if after else ((*steps, add), after)
            warnings = (
                *warnings,
                f"{web.added} is added to serve this app: no server for production is among its "
                f"dependencies. Add a line `{web.added}` to them to choose its version",
            )
        create = Step(f"python3 -m venv {VENV}", title="Creating the virtual environment")
        return Plan(
            language=self.name,
            toolchain=TOOLCHAIN,
            wanted=wanted(tree, project),
            stages=(
                Stage("dependencies", (create, *steps)),
                Stage("app", (Step(files=(".",)), *after, *static), after="dependencies"),
            ),
            copies=(Copy("dependencies" if not after else "app", VENV, VENV), Copy("app", "/app", "/app")),
            env={
                "PATH": f"{VENV}/bin:/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin",
                "PYTHONUNBUFFERED": "1",
                "PYTHONDONTWRITEBYTECODE": "1",
                "LANG": "C.UTF-8",
                "PYTHONPATH": "/app",
            },
            build_env={
                "PIP_DISABLE_PIP_VERSION_CHECK": "1",
                "PIP_NO_INPUT": "1",
                "PIP_ROOT_USER_ACTION": "ignore",
                "VIRTUAL_ENV": VENV,
            },
            processes={"web": web.command} if web is not None else {},
            variables=named(context.config, manifest_texts(tree)),
            warnings=warnings,
            remarks=(f"Dependencies by {manager}", *remarks),
        )


Steps = tuple[str, tuple[Step, ...], tuple[Step, ...]]
"""How dependencies are installed: the package manager, the install steps, and the steps after the source is copied."""


TOOL = "python3 -m venv /opt/tool; /opt/tool/bin/pip install -q"


def locked(tree: Tree, project: dict[str, Any]) -> Steps | None:
    """Install from the lock file; None if there is none."""
    by_lock = {"uv.lock": by_uv, "poetry.lock": by_poetry, "Pipfile.lock": by_pipenv, "pdm.lock": by_pdm}
    found = by_lock.get(lock_of(tree) or "")
    return found(tree, project) if found else None


def installing(command: str, title: str, files: tuple[str, ...] = ()) -> Step:
    return Step(command, files, CACHES, install=True, title=title)


def by_uv(tree: Tree, project: dict[str, Any]) -> Steps:
    sync = "UV_PROJECT_ENVIRONMENT=/opt/venv UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never /opt/tool/bin/uv sync --locked --no-dev"
    title = "uv sync --locked --no-dev"
    first = installing(f"{TOOL} uv", "Installing uv")
    if workspace(project):
        return "uv", (first, installing(sync, title, (".",))), ()
    steps = (first, installing(f"{sync} --no-install-project", title, ("pyproject.toml", "uv.lock")))
    return "uv", steps, (installing(sync, "uv sync of the project itself"),) if "build-system" in project else ()


def by_poetry(tree: Tree, project: dict[str, Any]) -> Steps:
    # pip installs from the exported lock file, because Poetry itself uses PyPI's JSON interface, which mirrors lack.
    # The export is only in memory, because it may contain the password of a private index.
    export = (
        "/opt/tool/bin/poetry export --only main --format requirements.txt --with-credentials --output /dev/shm/requirements.txt; "
        # pip prints this line, in which Poetry writes the password of an index without TLS.
        "sed -i 's/^--trusted-host .*@/--trusted-host /' /dev/shm/requirements.txt; "
        f"{VENV}/bin/pip install -r /dev/shm/requirements.txt"
    )
    steps = (
        installing(f"{TOOL} poetry poetry-plugin-export", "Installing Poetry"),
        installing(export, "Installing what poetry.lock lists", ("pyproject.toml", "poetry.lock")),
    )
    is_package = project.get("tool", {}).get("poetry", {}).get("package-mode", True) and "build-system" in project
    itself = installing(f"{VENV}/bin/pip install --no-deps .", "pip install --no-deps .")
    return "Poetry", steps, (itself,) if is_package else ()


def by_pipenv(tree: Tree, project: dict[str, Any]) -> Steps:
    files = tuple(name for name in ("Pipfile", "Pipfile.lock") if tree.has(name))
    sync = "PIPENV_IGNORE_VIRTUALENVS=0 PIPENV_NOSPIN=1 /opt/tool/bin/pipenv sync"
    steps = (installing(f"{TOOL} pipenv", "Installing Pipenv"), installing(sync, "pipenv sync", files))
    return "Pipenv", steps, ()


def by_pdm(tree: Tree, project: dict[str, Any]) -> Steps:
    sync = f"/opt/tool/bin/pdm use -f {VENV}; PDM_CHECK_UPDATE=0 /opt/tool/bin/pdm sync --prod --no-editable"
    steps = (
        # pdm 2.29 does not work with hishel 2, and does not declare that.
        installing(f"{TOOL} pdm 'hishel<2'", "Installing PDM"),
        installing(f"{sync} --no-self", "pdm sync --prod", ("pyproject.toml", "pdm.lock")),
    )
    itself = installing(sync, "pdm sync --prod of the project itself")
    return "PDM", steps, (itself,) if "build-system" in project else ()


def dependencies(tree: Tree, project: dict[str, Any]) -> Steps:
    found = locked(tree, project)
    if found is not None:
        return found
    is_package = "build-system" in project
    requirements = tree.text("requirements.txt")
    if requirements is not None:
        conf = ("pip.conf",) if tree.has("pip.conf") else ()
        files = (".",) if LOCAL.search(requirements) else ("requirements.txt", *conf)
        pip = f"{PIP_CONF if conf else ''}{VENV}/bin/pip install -r requirements.txt"
        return "pip", (installing(pip, "pip install -r requirements.txt", files),), ()
    if "project" in project:
        if is_package or tree.has("setup.py"):
            return "pip", (), (installing(f"{VENV}/bin/pip install .", "pip install ."),)
        listed = project["project"].get("dependencies", [])
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            raise AppError("pyproject.toml: project.dependencies is not a list of requirements")
        lines = json.dumps(listed)
        command = (
            f"{VENV}/bin/python -c 'import json, subprocess, sys, tomllib; "
            'wanted = tomllib.load(open("pyproject.toml", "rb"))["project"].get("dependencies", []); '
            'sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *wanted]) if wanted else 0)\''
        )
        return (
            "pip",
            (Step(command, ("pyproject.toml",), CACHES, install=True, title="Installing what pyproject.toml lists"),)
            if lines != "[]"
            else (),
            (),
        )
    if tree.has("setup.py"):
        return "pip", (), (installing(f"{VENV}/bin/pip install .", "pip install ."),)
    if tree.has("Pipfile"):
        raise AppError("There is a Pipfile but no Pipfile.lock", hint="Run `pipenv lock` and commit Pipfile.lock.")
    return "nothing: no dependencies are declared", (), ()


def workspace(project: dict[str, Any]) -> bool:
    """Whether uv requires more of the source than its two files."""
    uv = project.get("tool", {}).get("uv", {})
    sources = uv.get("sources", {})
    return "workspace" in uv or any(
        isinstance(one, dict) and ("path" in one or "workspace" in one) for one in sources.values()
    )


def wanted(tree: Tree, project: dict[str, Any]) -> Wanted:
    for name in (".python-version", "runtime.txt"):
        version = version_line(tree, name)
        if version:
            return pinned(version.lower().removeprefix("c").removeprefix("python-"), name)
    version = tool_version(tree, "python")
    if version:
        return pinned(version, ".tool-versions")
    table = project.get("project", {})
    text = table.get("requires-python", "") if isinstance(table, dict) else ""
    if isinstance(text, str) and text:
        return python_range(text, "pyproject.toml", KNOWN)
    pipfile = tree.text("Pipfile.lock")
    if pipfile is not None:
        try:
            requires = json.loads(pipfile)["_meta"]["requires"]
        except (ValueError, KeyError, TypeError):
            requires = {}
        exact = requires.get("python_full_version") or requires.get("python_version")
        if isinstance(exact, str):
            return pinned(exact, "Pipfile.lock")
    return Wanted(tags=KNOWN[:1])
