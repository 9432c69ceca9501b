"""Recognize development servers, which must not serve in production without a warning. Pure."""

from __future__ import annotations

import re

SERVERS = {
    name: re.compile(rf"(?<![\w./-])(?:{pattern})(?![\w./-])")
    for name, pattern in {
        # Node.js
        "nodemon": "nodemon",
        "ts-node-dev": "ts-node-dev|tsnd",
        "tsx watch": r"tsx\s+watch",
        "node --watch": r"node\s+(?:\S+\s+)*?--watch(?:-path=\S+)?",
        "react-scripts start": r"react-scripts\s+start",
        "vite": r"vite(?!\s+(?:build|preview|optimize))(?:\s+(?:dev|serve))?",
        "webpack serve": r"webpack-dev-server|webpack\s+(?:serve|dev-server)",
        "ng serve": r"ng\s+(?:serve|s)",
        "vue-cli-service serve": r"vue-cli-service\s+serve",
        "parcel": r"parcel(?!\s+(?:build|watch))",
        "next dev": r"next\s+dev",
        "nuxt dev": r"nux[ti]\s+dev",
        "astro dev": r"astro\s+(?:dev|start)",
        "gatsby develop": r"gatsby\s+develop",
        "remix dev": r"remix\s+(?:vite:)?dev",
        "nest start": r"nest\s+start",
        "strapi develop": r"strapi\s+develop",
        "vinxi dev": r"vinxi\s+dev",
        "expo start": r"expo\s+start",
        "bun --watch": r"bun\s+(?:\S+\s+)*?--(?:watch|hot)",
        # Python
        "manage.py runserver": r"(?:\S*/)?(?:manage\.py|django-admin)\s+runserver(?:_plus)?",
        "flask run": r"flask\s+(?:[^|;&]*\s)?run",
        "fastapi dev": r"fastapi\s+dev",
        "uvicorn --reload": r"uvicorn\s[^|;&]*--reload",
        "gunicorn --reload": r"gunicorn\s[^|;&]*--reload",
        # PHP, Ruby, sites
        "php -S": r"php\s+(?:-\S+\s+)*?-S\s*\S+",
        "artisan serve": r"artisan\s+serve",
        "symfony serve": r"symfony\s+serve",
        "hugo server": r"hugo\s+(?:server|serve)",
        "jekyll serve": r"jekyll\s+(?:serve|server|s)",
        "shotgun": "shotgun",
        "rerun": "rerun",
    }.items()
}
"""name -> pattern of the commands that start it."""

SITES = frozenset(
    (
        "react-scripts start",
        "vite",
        "webpack serve",
        "ng serve",
        "vue-cli-service serve",
        "parcel",
        "astro dev",
        "gatsby develop",
    )
)
"""Development servers of tools whose build makes static files."""


def server(command: str) -> str:
    """The development server that a command starts. Empty if it starts no known one."""
    return next((name for name, pattern in SERVERS.items() if pattern.search(command)), "")


def of_procfile(text: str) -> str:
    """A warning if the process `web` of a Procfile runs a development server; else empty."""
    found = re.search(r"(?m)^\s*web\s*:\s*(.+)$", text)
    name = server(found[1]) if found else ""
    return (
        f"Procfile: web runs a development server ({name}), which is slow and shows its errors to all visitors"
        if name
        else ""
    )
