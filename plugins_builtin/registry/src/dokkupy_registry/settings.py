"""The properties of the namespace `registry`."""

from __future__ import annotations

from dokkupy_sdk.settings import NEXT_DEPLOY, Property, Settings, boolean

from dokkupy_registry.names import parse_repository, parse_server, parse_tags, parse_template

SETTINGS = Settings(
    "registry",
    Property("server", help="Registry to which releases are pushed, such as ghcr.io", parse=parse_server),
    Property(
        "image-repo", help="Repository to which the app's releases are pushed", scope="app", parse=parse_repository
    ),
    Property(
        "image-repo-template",
        "dokku/{{.AppName}}",
        help="Repository of apps without an image-repo; {{ .AppName }} is the app's name",
        parse=parse_template,
    ),
    Property("push-on-release", "false", help="Whether releases are pushed to the server", parse=boolean),
    Property("push-extra-tags", help="Additional tags of the serving release, such as latest", parse=parse_tags),
    applies=NEXT_DEPLOY,
)
