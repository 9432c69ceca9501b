"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, TypedDict

from dokkupy_sdk.answers import App


class LetsencryptActive(TypedDict):
    app: str
    active: str


class LetsencryptCronJob(TypedDict):
    cron_job: str


class LetsencryptList(TypedDict):
    app: str
    expires_at: str
    renewed_at: str
    failures: int
    count: int


class LetsencryptRenew(TypedDict):
    app: str
    issued: bool


ANSWERS: dict[str, Any] = {
    "letsencrypt:active": LetsencryptActive,
    "letsencrypt:auto-renew": dict[str, Any] | list[str],
    "letsencrypt:cleanup": App,
    "letsencrypt:cron-job": LetsencryptCronJob,
    "letsencrypt:disable": App,
    "letsencrypt:enable": dict[str, Any] | list[dict[str, Any]],
    "letsencrypt:list": list[LetsencryptList],
    "letsencrypt:renew": LetsencryptRenew,
    "letsencrypt:revoke": App,
}
