"""Python: pip, uv, Poetry, Pipenv, PDM."""

from __future__ import annotations

import json
import re
from typing import Any

from dokkupy_sdk.buildpack import Context, Copy, Language, Plan, Stage, Step, Toolchain, Tree, Wanted
from dokkupy_sdk.errors import AppFault

from dokkupy_buildpacks.versions import pinned, python_range

VENV = "/opt/venv"
KNOWN = ("3.13", "3.14", "3.12", "3.11", "3.10")
"""Versions to ask a registry for, the one that most packages have wheels for first."""

TOOLCHAIN = Toolchain(
    "python",
    official="python",
    debian={"trixie": "3.13", "bookworm": "3.11"},
    build_packages=("build-essential", "git", "libffi-dev", "libpq-dev", "pkg-config", "python3-dev", "python3-venv"),
    run_packages=("libpq5", "python3"),
)

CACHES = ("/root/.cache/pip", "/root/.cache/uv")
LOCAL = re.compile(r"(?m)^\s*(-r|-c|-e|--requirement|--constraint|--editable|--find-links|-f|\.|file:|[./]\S*/)")
"""Lines of a requirements file that lead to other files of the source."""

WSGI = re.compile(
    r"^\s*(\w+)\s*(?::[^=]+)?=\s*(Flask|FastAPI|Starlette|Quart|Sanic|Litestar|falcon\.App)\(", re.MULTILINE
)
ASGI = ("FastAPI", "Starlette", "Quart", "Sanic", "Litestar")


class Python(Language):
    name = "python"
    toolchain = TOOLCHAIN
    steering = ("DISABLE_COLLECTSTATIC", "WEB_CONCURRENCY")

    def detect(self, tree: Tree) -> int:
        if any(tree.has(name) for name in ("uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock", "requirements.txt")):
            return 90
        if any(tree.has(name) for name in ("pyproject.toml", "Pipfile", "setup.py")):
            return 80
        return 30 if any(tree.has(name) for name in ("app.py", "main.py", "manage.py")) else 0

    def plan(self, tree: Tree, context: Context) -> Plan:
        project = tree.toml("pyproject.toml")
        manager, steps, after = dependencies(tree, project)
        text = declared(tree)
        static: tuple[Step, ...] = ()
        remarks = []
        if tree.has("manage.py") and has(text, "django"):
            if context.values.get("DISABLE_COLLECTSTATIC", "") in ("", "0", "false"):
                static = (Step("python manage.py collectstatic --noinput", config=True),)
            else:
                remarks.append("DISABLE_COLLECTSTATIC is set: static files are not collected")
        processes = {} if context.procfile else {"web": default_web(tree, text)}
        create = Step(f"python3 -m venv {VENV}")
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
                "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8",
                "PYTHONPATH": "/app",
            },
            build_env={"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_ROOT_USER_ACTION": "ignore", "VIRTUAL_ENV": VENV},
            processes=processes,
            remarks=(f"Dependencies by {manager}", *remarks),
        )  # fmt: skip


def dependencies(tree: Tree, project: dict[str, Any]) -> tuple[str, tuple[Step, ...], tuple[Step, ...]]:
    """The manager, the steps that bring the dependencies, and those after the source is there."""
    tool = "python3 -m venv /opt/tool; /opt/tool/bin/pip install -q"
    is_package = "build-system" in project
    if tree.has("uv.lock"):
        sync = "UV_PROJECT_ENVIRONMENT=/opt/venv UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never /opt/tool/bin/uv sync --locked --no-dev"
        whole = workspace(project)
        first = Step(f"{tool} uv", caches=CACHES)
        if whole:
            return "uv", (first, Step(sync, files=(".",), caches=CACHES)), ()
        steps = (first, Step(f"{sync} --no-install-project", files=("pyproject.toml", "uv.lock"), caches=CACHES))
        return "uv", steps, (Step(sync, caches=CACHES),) if is_package else ()
    if tree.has("poetry.lock"):
        # By pip, from the lock: Poetry itself asks PyPI's JSON interface, which mirrors do not have.
        export = (
            "/opt/tool/bin/poetry export --only main --format requirements.txt --output /tmp/requirements.txt; "
            f"{VENV}/bin/pip install -r /tmp/requirements.txt"
        )
        steps = (
            Step(f"{tool} poetry poetry-plugin-export", caches=CACHES),
            Step(export, files=("pyproject.toml", "poetry.lock"), caches=CACHES),
        )
        root = project.get("tool", {}).get("poetry", {}).get("package-mode", True) and is_package
        return "Poetry", steps, (Step(f"{VENV}/bin/pip install --no-deps .", caches=CACHES),) if root else ()
    if tree.has("Pipfile.lock"):
        files = tuple(name for name in ("Pipfile", "Pipfile.lock") if tree.has(name))
        sync = "PIPENV_IGNORE_VIRTUALENVS=0 PIPENV_NOSPIN=1 /opt/tool/bin/pipenv sync"
        return "Pipenv", (Step(f"{tool} pipenv", caches=CACHES), Step(sync, files=files, caches=CACHES)), ()
    if tree.has("pdm.lock"):
        sync = "PDM_CHECK_UPDATE=0 /opt/tool/bin/pdm sync --prod --no-editable"
        steps = (
            # pdm 2.29 does not work with hishel 2, and does not say so.
            Step(f"{tool} pdm 'hishel<2'", caches=CACHES),
            Step(
                f"/opt/tool/bin/pdm use -f {VENV}; {sync} --no-self",
                files=("pyproject.toml", "pdm.lock"),
                caches=CACHES,
            ),
        )
        return "PDM", steps, (Step(f"/opt/tool/bin/pdm use -f {VENV}; {sync}", caches=CACHES),) if is_package else ()
    requirements = tree.text("requirements.txt")
    if requirements is not None:
        files = (".",) if LOCAL.search(requirements) else ("requirements.txt",)
        return "pip", (Step(f"{VENV}/bin/pip install -r requirements.txt", files=files, caches=CACHES),), ()
    if "project" in project:
        if is_package or tree.has("setup.py"):
            return "pip", (), (Step(f"{VENV}/bin/pip install .", caches=CACHES),)
        listed = project["project"].get("dependencies", [])
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            raise AppFault("pyproject.toml: project.dependencies is not a list of requirements")
        lines = json.dumps(listed)
        command = (
            f"{VENV}/bin/python -c 'import json, subprocess, sys, tomllib; "
            'wanted = tomllib.load(open("pyproject.toml", "rb"))["project"].get("dependencies", []); '
            'sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *wanted]) if wanted else 0)\''
        )
        return "pip", (Step(command, files=("pyproject.toml",), caches=CACHES),) if lines != "[]" else (), ()
    if tree.has("setup.py"):
        return "pip", (), (Step(f"{VENV}/bin/pip install .", caches=CACHES),)
    if tree.has("Pipfile"):
        raise AppFault("There is a Pipfile but no Pipfile.lock", hint="Run `pipenv lock` and commit Pipfile.lock.")
    return "nothing: no dependencies are declared", (), ()


def workspace(project: dict[str, Any]) -> bool:
    """Whether uv needs more of the source than two files."""
    uv = project.get("tool", {}).get("uv", {})
    sources = uv.get("sources", {})
    return "workspace" in uv or any(
        isinstance(one, dict) and ("path" in one or "workspace" in one) for one in sources.values()
    )


def wanted(tree: Tree, project: dict[str, Any]) -> Wanted:
    version = tree.text(".python-version")
    if version is not None:
        lines = [line.strip() for line in version.splitlines() if line.strip() and not line.lstrip().startswith("#")]
        if lines:
            return pinned(lines[0].removeprefix("python-"), ".python-version")
    runtime = tree.text("runtime.txt")
    if runtime is not None and runtime.strip():
        return pinned(runtime.strip().removeprefix("python-"), "runtime.txt")
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


def declared(tree: Tree) -> str:
    """Everything that says what the app depends on, as one text to look for names in."""
    names = ("requirements.txt", "pyproject.toml", "Pipfile", "setup.py", "uv.lock", "poetry.lock")
    return "\n".join(tree.text(name) or "" for name in names).lower()


def has(text: str, package: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(package)}(?![\w-])", text) is not None


def default_web(tree: Tree, text: str) -> str:
    """The command of an app that does not say one. Raises AppFault when nothing can be guessed."""
    workers = "--workers ${WEB_CONCURRENCY:-2}"
    if tree.has("manage.py"):
        found = next((path for path in tree.files("wsgi.py", depth=2)), "")
        module = found.removesuffix(".py").replace("/", ".")
        if module and has(text, "gunicorn"):
            return f"gunicorn {module} --bind 0.0.0.0:${{PORT:-5000}} {workers}"
        return "python manage.py runserver --noreload 0.0.0.0:${PORT:-5000}"
    for path in ("app.py", "main.py", "wsgi.py", "asgi.py", "server.py", "src/main.py", "app/main.py"):
        source = tree.text(path)
        if source is None:
            continue
        module = path.removesuffix(".py").replace("/", ".")
        found_app = WSGI.search(source)
        if found_app:
            name, kind = found_app[1], found_app[2]
            if kind in ASGI and has(text, "uvicorn"):
                return f"uvicorn {module}:{name} --host 0.0.0.0 --port ${{PORT:-5000}}"
            if kind in ASGI and has(text, "fastapi"):
                return f"uvicorn {module}:{name} --host 0.0.0.0 --port ${{PORT:-5000}}"
            if has(text, "gunicorn"):
                return f"gunicorn {module}:{name} --bind 0.0.0.0:${{PORT:-5000}} {workers}"
            if kind == "Flask":
                return f"flask --app {module}:{name} run --host 0.0.0.0 --port ${{PORT:-5000}}"
        return f"python {path}"
    raise AppFault(
        "Nothing says how this Python app is started",
        hint="Add a Procfile, e.g. `web: gunicorn app:app --bind 0.0.0.0:$PORT`.",
        code="no_process",
    )
