"""The types of what the commands answer with `--json`; see `dokkupy_sdk.answers`."""

from typing import Any, TypedDict

from dokkupy_sdk.answers import App, Time


class LetsencryptActive(TypedDict):
    app: str
    active: bool


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


class LetsencryptEnable(TypedDict):
    app: str
    issued: bool
    error: str


ANSWERS: dict[str, Any] = {
    "letsencrypt:active": LetsencryptActive,
    "letsencrypt:auto-renew": LetsencryptRenew | list[str],
    "letsencrypt:cleanup": App,
    "letsencrypt:cron-job": LetsencryptCronJob,
    "letsencrypt:disable": App,
    "letsencrypt:enable": LetsencryptRenew | list[LetsencryptEnable],
    "letsencrypt:list": list[LetsencryptList],
    "letsencrypt:renew": LetsencryptRenew,
    "letsencrypt:revoke": App,
}

REPORTS: dict[str, dict[str, Any]] = {
    "letsencrypt:report": {
        "count": int,
        "expires_at": Time,
        "failures": int,
        "hostnames": list[str],
        "left_out": list[str],
        "limited_until": Time,
        "next_try": Time,
        "renewed_at": Time,
    },
}
