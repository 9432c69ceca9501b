"""How a Python app without a command for `web` serves: by a production server, which is added if it is missing."""

from __future__ import annotations

import re

from dokkupy_sdk.buildpack import Tree
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.values import dataclass

WORKERS = "--workers ${WEB_CONCURRENCY:-2}"
SERVERS = {
    "gunicorn": "gunicorn {app} --bind 0.0.0.0:${{PORT:-5000}} " + WORKERS.replace("{", "{{").replace("}", "}}"),
    "waitress": "waitress-serve --listen=0.0.0.0:${{PORT:-5000}} {app}",
    "uvicorn": "uvicorn {app} --host 0.0.0.0 --port ${{PORT:-5000}}",
    "hypercorn": "hypercorn {app} --bind 0.0.0.0:${{PORT:-5000}}",
    "daphne": "daphne -b 0.0.0.0 -p ${{PORT:-5000}} {app}",
    "sanic": "sanic {app} --host 0.0.0.0 --port ${{PORT:-5000}}",
}
"""package -> the command with which it serves `module:object`."""

WSGI = ("gunicorn", "waitress")
ASGI = ("uvicorn", "hypercorn", "daphne")
"""The servers, best first. The first is added to an app that has none."""

OBJECT = re.compile(
    r"^\s*(\w+)\s*(?::[^=]+)?=\s*(Flask|FastAPI|Starlette|Quart|Sanic|Litestar|falcon\.App|falcon\.asgi\.App)\(",
    re.MULTILINE,
)
FRAMEWORKS = {
    "Flask": WSGI,
    "falcon.App": WSGI,
    "FastAPI": ASGI,
    "Starlette": ASGI,
    "Litestar": ASGI,
    "falcon.asgi.App": ASGI,
    "Quart": ("hypercorn", "uvicorn"),
    "Sanic": ("sanic",),
}
BRINGS = {"uvicorn": r"fastapi\[(?:standard|all)\]", "hypercorn": r"quart(?![\w-])"}
"""server -> packages that depend on it, so that the app need not name it."""


@dataclass(frozen=True, slots=True)
class Web:
    """The command of the process web. added: the package to install for it; empty for none."""

    command: str
    added: str = ""


def has(text: str, package: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(package)}(?![\w-])", text) is not None


def served(text: str, app: str, servers: tuple[str, ...]) -> Web:
    """Serve the app with the first server that it depends on, else with the first of all servers."""
    for server in servers:
        if has(text, server) or (server in BRINGS and re.search(BRINGS[server], text)):
            return Web(SERVERS[server].format(app=app))
    return Web(SERVERS[servers[0]].format(app=app), servers[0])


def default_web(tree: Tree, text: str) -> Web:
    """How an app without a command for `web` serves. Raises AppError if nothing can be guessed."""
    if tree.has("manage.py"):
        return django(tree, text)
    for path in ("app.py", "main.py", "wsgi.py", "asgi.py", "server.py", "src/main.py", "app/main.py"):
        source = tree.text(path)
        if source is None:
            continue
        found = OBJECT.search(source)
        if found is None:
            return Web(f"python {path}")
        module = path.removesuffix(".py").replace("/", ".")
        return served(text, f"{module}:{found[1]}", FRAMEWORKS[found[2]])
    raise AppError(
        "No file says how to start this Python app",
        hint="Add a Procfile, e.g. `web: gunicorn app:app --bind 0.0.0.0:$PORT`.",
        code="no_process",
    )


def django(tree: Tree, text: str) -> Web:
    """How a Django app serves. `runserver` is only for development: it handles one request at a time, and its error
    pages show secrets."""
    found = {
        kind: next((path.removesuffix(".py").replace("/", ".") for path in tree.files(f"{kind}.py", depth=2)), "")
        for kind in ("wsgi", "asgi")
    }
    asgi = found["asgi"] and (not found["wsgi"] or (any(has(text, one) for one in ASGI) and not has(text, "gunicorn")))
    if asgi:
        return served(text, f"{found['asgi']}:application", ASGI)
    if found["wsgi"]:
        return served(text, f"{found['wsgi']}:application", WSGI)
    raise AppError(
        "This Django project has neither wsgi.py nor asgi.py: only `runserver` could serve it, which is for development",
        hint="Add a Procfile, e.g. `web: gunicorn PROJECT.wsgi --bind 0.0.0.0:$PORT`.",
        code="no_process",
    )
