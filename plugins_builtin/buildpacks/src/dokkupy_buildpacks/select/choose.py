"""Choose the languages with which a source is built, in order. The last one runs the app."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.buildpack import Language, Tree
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.names import AppName

from dokkupy_buildpacks.select.lists import chosen, language_of

GROUP = "dokkupy.buildpack"
SERVERS = 50
"""The certainty from which a language counts as the one that runs, if Node only builds assets."""


def languages(host: Host) -> dict[str, Language]:
    """name -> language, for every plugin. Raises PluginError with the name of a plugin whose language does not load."""
    return {name: host.registry.load(entry)() for name, entry in host.registry.group(GROUP).items()}


def certainties(host: Host, tree: Tree) -> list[tuple[int, str, Language]]:
    """(certainty, name, language), the most certain first, without those that do not recognize the source."""
    found = [(language.detect(tree), name, language) for name, language in languages(host).items()]
    return sorted((one for one in found if one[0] > 0), key=lambda one: (-one[0], one[1]))


def detected(host: Host, tree: Tree) -> list[Language]:
    """The most certain language. If the source of another language has assets to build, Node's build comes before
    it."""
    found = certainties(host, tree)
    if not found:
        return []
    names = {name: language for certainty, name, language in found if certainty >= SERVERS}
    node = names.pop("nodejs", None)
    if node is not None and names:
        from dokkupy_buildpacks.languages.nodejs import table

        scripts = table(tree.json("package.json"), "scripts")
        other = next(iter(names.values()))
        if "start" in scripts and "build" not in scripts:
            return [node]
        return [node, other] if "build" in scripts or "heroku-postbuild" in scripts else [other]
    return [found[0][2]]


def choose(host: Host, app: AppName, tree: Tree, buildpack_url: str) -> tuple[str, list[Language]]:
    """(the reason, the languages). Raises AppError if no language recognizes the source."""
    origin, addresses = chosen(host, app, tree, buildpack_url)
    if addresses:
        known = languages(host)
        found: list[Language] = []
        for address in addresses:
            name = language_of(address)
            if name in known:
                found.append(known[name])
            else:
                from dokkupy_buildpacks.languages.classic import Classic

                found.append(Classic(address, len(found)))
        return origin, found
    guessed = detected(host, tree)
    if not guessed:
        raise AppError(
            "No buildpack can build this source",
            code="no_buildpack",
            details=(f"Installed: {', '.join(sorted(languages(host)))}.",),
            hint="Add the file that the language needs (requirements.txt, package.json, go.mod, index.html, Procfile...) or a "
            f"Dockerfile, or name one: dokkupy buildpacks:set {app} heroku/python",
        )
    return "detected", guessed
