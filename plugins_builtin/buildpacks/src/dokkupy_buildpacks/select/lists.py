"""An app's list of buildpacks: the one that was set, or else that of `.buildpacks`, BUILDPACK_URL or app.json. It may
be empty."""

from __future__ import annotations

import re

from dokkupy_app_json.reader import parse_app_json
from dokkupy_sdk import Host
from dokkupy_sdk.buildpack import Tree
from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName

from dokkupy_buildpacks.settings import SETTINGS

SHORT = re.compile(r"([a-z0-9][a-z0-9-]*)/([a-z0-9][a-z0-9._-]*)", re.IGNORECASE)
URL = re.compile(
    r"(?:https?|git|ssh)://[A-Za-z0-9._~:@%/?=&+-]+(?:#[A-Za-z0-9._/-]+)?|git@[A-Za-z0-9.-]+:[A-Za-z0-9._/-]+(?:#[A-Za-z0-9._/-]+)?"
)
IMAGE = re.compile(r"(?:docker|urn|cnb):[A-Za-z0-9._/:@-]+")
KNOWN = re.compile(
    r"https://(?:www\.)?github\.com/(?:heroku|gliderlabs|dokku)/heroku-buildpack-([a-z]+)(?:\.git)?/?(?:#[A-Za-z0-9._/-]+)?"
)
"""Known buildpacks -> the built-in language that replaces each."""

ALIASES = {"node": "nodejs", "gradle": "java", "nginx": "static"}


def parse(text: str) -> str:
    """The full address of a buildpack; the messages and the shorthand are Dokku's (reference, section 1.4)."""
    text = text.strip()
    if (URL.fullmatch(text) and path_of(text)) or IMAGE.fullmatch(text):
        return text
    found = SHORT.fullmatch(text)
    if found:
        owner = "heroku" if found[1] == "heroku-community" else found[1]
        return f"https://github.com/{owner}/heroku-buildpack-{found[2]}.git"
    raise UserError(f"Invalid buildpack specified: {text[:120]}")


def path_of(url: str) -> str:
    """The path of a URL."""
    place = url.partition("#")[0]
    return place.partition("://")[2].partition("/")[2] if "://" in place else place.partition(":")[2]


def language_of(address: str) -> str:
    """The language that replaces a known buildpack. Empty for one that must be fetched."""
    found = KNOWN.fullmatch(address)
    return ALIASES.get(found[1], found[1]) if found else ""


def kept(host: Host, app: AppName) -> list[str]:
    return [address for address in SETTINGS.raw(host.store, app, "list").split(",") if address]


def of_dotenv(tree: Tree) -> str:
    """BUILDPACK_URL in the source's `.env`, which Dokku reads, too. Invalid lines are ignored."""
    text = tree.text(".env")
    if not text or "BUILDPACK_URL" not in text:
        return ""
    import io

    from dotenv.parser import parse_stream

    found = {one.key: one.value for one in parse_stream(io.StringIO(text)) if not one.error}
    return found.get("BUILDPACK_URL") or ""


def chosen(host: Host, app: AppName, tree: Tree, env: str) -> tuple[str, list[str]]:
    """(the origin of the list, the list). env: the app's variable BUILDPACK_URL."""
    own = kept(host, app)
    if own:
        return "buildpacks:set", own
    text = tree.text(".buildpacks")
    if text is not None:
        lines = [line.strip() for line in text.splitlines()]
        return ".buildpacks", [parse(line) for line in lines if line and not line.startswith("#")]
    if env:
        return "BUILDPACK_URL", [parse(env)]
    own_env = of_dotenv(tree)
    if own_env:
        return ".env", [parse(own_env)]
    facts = parse_app_json(tree.text("app.json"), "app.json")
    return "app.json", [parse(one) for one in facts.buildpacks]
