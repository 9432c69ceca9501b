"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, TypedDict

from dokkupy_sdk.answers import Epoch


class GitAllowHost(TypedDict):
    host: str
    added: int


class GitAuth(TypedDict):
    host: str
    user: str
    changed: bool


class GitFromArchive(TypedDict):
    app: str
    commit: str


class GitFromImage(TypedDict):
    app: str
    commit: str
    image: str


class GitGenerateDeployKey(TypedDict):
    public_key: str


class GitInitialize(TypedDict):
    app: str
    repository: str


class GitStatus(TypedDict):
    app: str
    branch: str
    commit: str
    deployed: str


class GitSync(TypedDict):
    app: str
    commit: str
    changed: bool


class RepoGc(TypedDict):
    app: str
    before: int
    after: int


ANSWERS: dict[str, Any] = {
    "git:allow-host": GitAllowHost,
    "git:auth": GitAuth,
    "git:from-archive": GitFromArchive,
    "git:from-image": GitFromImage,
    "git:generate-deploy-key": GitGenerateDeployKey,
    "git:initialize": GitInitialize,
    "git:load-image": GitFromImage,
    "git:public-key": GitGenerateDeployKey,
    "git:status": GitStatus,
    "git:sync": GitSync,
    "repo:gc": RepoGc,
}

REPORTS: dict[str, dict[str, Any]] = {
    "git:report": {
        "last_updated_at": Epoch,
    },
}
