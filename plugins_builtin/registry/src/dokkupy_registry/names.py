"""Names of registries, of repositories in them, and of tags."""

from __future__ import annotations

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import AppName, Identifier, Pattern, shown
from dokkupy_sdk.registry_access import HUB, HUB_NAMES

VARIABLE = "{{.AppName}}"
PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
REPOSITORY = Pattern(rf"{PART}(?:/{PART})*")
TAG = Pattern(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


class ServerName(Identifier):
    """A registry as it appears in image names: a host, optionally with a port. `docker.io` is Docker Hub."""

    __slots__ = ()
    what = "Registry"
    rule = "must be a host such as ghcr.io or registry.example.com:5000"
    pattern = Pattern(r"[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?(?::[1-9][0-9]{0,4})?")

    @classmethod
    def normalized(cls, text: str) -> str:
        plain = text.lower().removeprefix("https://").removesuffix("/v1/").removesuffix("/")
        return HUB if plain in HUB_NAMES else plain

    @classmethod
    def accepts(cls, text: str) -> bool:
        """A name without a dot, a colon or `localhost` is part of a repository, as engines read images."""
        return "." in text or ":" in text or text == "localhost"


def parse_server(text: str) -> str:
    return str(ServerName(text))


def parse_repository(text: str) -> str:
    if not REPOSITORY.fullmatch(text) or len(text) > 255:
        raise UserError(f"{shown(text)} is not a repository such as team/shop")
    return text


def parse_template(text: str) -> str:
    """A repository in which `{{ .AppName }}` stands for the app; stored without the spaces."""
    plain = "".join(text.split()) if "{{" in text else text
    if plain.count(VARIABLE) != plain.count("{{"):
        raise UserError(f"{shown(text)} has a variable other than {{{{ .AppName }}}}")
    parse_repository(plain.replace(VARIABLE, "app"))
    return plain


def fill_in(template: str, app: AppName) -> str:
    return template.replace(VARIABLE, app)


def parse_tags(text: str) -> str:
    tags = [tag for tag in text.replace(",", " ").split() if tag]
    for tag in tags:
        if not TAG.fullmatch(tag):
            raise UserError(f"{shown(tag)} is not a tag of an image")
        if tag.isdigit():
            raise UserError(f"The tag {tag} is a number, and numbers are reserved for the tags of releases")
    return ",".join(dict.fromkeys(tags))
