"""app.json as facts, and what is refused."""

from __future__ import annotations

import json

import pytest
from dokkupy_app_json.reader import AppJson, parse_app_json
from dokkupy_sdk.errors import AppError

WHOLE = """
// comments and trailing commas are fine
{
  "name": "ignored", "addons": ["ignored"],
  "buildpacks": [{"url": "https://example.com/a"}, "heroku/python"],
  "cron": [{"command": "rake 'a;b' x", "schedule": "*/5 1-3 * jan mon-fri", "concurrency_policy": "forbid"}],
  "env": {"PLAIN": "text", "KEY": {"generator": "secret", "description": "d"}, "OPT": {"required": false,
    "sync": true}},
  "formation": {
    "web": {"quantity": 2, "max_parallel": 3, "service": {"exposed": true}},
    "worker": {"autoscaling": {"min_quantity": 1, "max_quantity": 4, "triggers": [{"name": "q", "type": "cpu",
      "metadata": {"value": 3}}]}},
  },
  "healthchecks": {"web": [
    {"type": "startup", "name": "home", "path": "/up", "content": "ok", "attempts": 4, "timeout": 2, "wait": 1,
     "initialDelay": 3, "port": 8080, "scheme": "HTTPS", "httpHeaders": [{"name": "X-A", "value": "b"}], "warn": true,
     "onFailure": {"command": ["sh", "-c", "true"], "url": "https://example.com/x"}},
    {"type": "liveness", "uptime": 0}, {"command": ["true"]}, {"type": "readiness", "listening": true},
  ]},
  "scripts": {"dokku": {"predeploy": "pre", "postdeploy": "post"}, "postdeploy": "once"},
}
"""


def test_every_field_is_read() -> None:
    facts = parse_app_json(WHOLE)
    assert facts.buildpacks == ("https://example.com/a", "heroku/python")
    assert facts.cron[0].words == ("rake", "a;b", "x")
    assert facts.cron[0].concurrency_policy == "forbid"
    plain, key, optional = facts.env
    assert plain.value is not None and plain.value.reveal() == "text" and "text" not in repr(plain)
    assert (key.generator, key.value, key.required) == ("secret", None, True)
    assert (optional.required, optional.sync) == (False, True)
    assert facts.quantities == {"web": 2}
    web, worker = facts.formation.values()
    assert (web.max_parallel, web.exposed) == (3, True)
    assert worker.autoscaling is not None
    assert worker.autoscaling.cooldown_period_seconds == 300
    assert worker.autoscaling.triggers[0].metadata == {"value": "3"}
    home, alive, untyped, ready = next(iter(facts.healthchecks.values()))
    assert (home.name, home.path, home.content) == ("home", "/up", "ok")
    assert (home.attempts, home.timeout, home.wait) == (4, 2, 1)
    assert (home.initial_delay, home.port, home.scheme, home.warn) == (3, 8080, "https", True)
    assert home.headers == (("X-A", "b"),)
    assert home.on_failure_command == ("sh", "-c", "true")
    assert home.on_failure_url == "https://example.com/x"
    assert (alive.uptime, untyped.type, untyped.name, ready.listening) == (0, "", "web-3", True)
    assert (facts.scripts.predeploy, facts.scripts.postdeploy, facts.scripts.once) == ("pre", "post", "once")


@pytest.mark.parametrize("text", [None, "", "  \n", "{}", '{"formation": null}'])
def test_an_absent_empty_or_foreign_file_says_nothing(text: str | None) -> None:
    assert parse_app_json(text) == AppJson()


def test_of_a_key_given_twice_the_last_one_counts_in_json_and_jsonc() -> None:
    text = '{"formation": {"web": {"quantity": 1}, "web": {"quantity": 2}}}'
    assert parse_app_json(text).quantities == parse_app_json(text + "// x").quantities == {"web": 2}


BAD = [
    ('{"formation": {"web": {"quantity": "2"}}}', "formation.web.quantity must be a whole number, not a string"),
    ('{"formation": {"web": {"quantity": true}}}', "formation.web.quantity must be a whole number, not true or false"),
    ('{"formation": {"web": {"quantity": -1}}}', "formation.web.quantity must be from 0 to 1000"),
    ('{"formation": {"web": {"quantity": 1e9}}}', "formation.web.quantity must be a whole number"),
    ('{"formation": {"../x": {}}}', "is not a process type"),
    ('{"formation": []}', "formation must be an object, not a list"),
    ('{"env": {"A B": "x"}}', "is not a valid name of a variable"),
    ('{"env": {"A": 1}}', "env.A must be a string or an object"),
    ('{"env": {"A": {"generator": "uuid"}}}', "env.A has an unknown generator"),
    ('{"env": {"A": "a\\u0000b"}}', "env.A has a null character"),
    ('{"scripts": {"dokku": {"predeploy": ["a"]}}}', "scripts.dokku.predeploy must be a string, not a list"),
    ('{"healthchecks": {"web": {}}}', "healthchecks.web must be a list, not an object"),
    ('{"healthchecks": {"web": [{"type": "startup"}]}}', "healthchecks.web[0] must have exactly one of"),
    ('{"healthchecks": {"web": [{"path": "/", "uptime": 3}]}}', "healthchecks.web[0] must have exactly one of"),
    ('{"healthchecks": {"web": [{"path": "/a b"}]}}', "healthchecks.web[0] has a path"),
    ('{"healthchecks": {"web": [{"path": "/", "port": 70000}]}}', "healthchecks.web[0].port must be from 1 to 65535"),
    ('{"healthchecks": {"web": [{"path": "/", "httpHeaders": [{"name": "A", "value": "b\\nX: y"}]}]}}', "has a value"),
    ('{"healthchecks": {"web": [{"path": "/", "onFailure": {"url": "file:///etc/passwd"}}]}}', "onFailure.url"),
    ('{"cron": [{"schedule": "@daily"}]}', "cron[0] has no command"),
    ('{"cron": [{"command": "a"}]}', "cron[0] has no schedule"),
    ('{"cron": [{"command": "a", "schedule": "* * * *"}]}', "not a cron expression of five fields"),
    ('{"cron": [{"command": "a", "schedule": "61 * * * *"}]}', "Bad minute"),
    ('{"cron": [{"command": "a", "schedule": "@reboot"}]}', "cron[0] has a schedule that is not a cron expression"),
    ('{"cron": [{"command": "a && b", "schedule": "@daily"}]}', "shell operator &&"),
    ('{"cron": [{"command": "a>b", "schedule": "@daily"}]}', "shell operator >"),
    ('{"cron": [{"command": "a \'b", "schedule": "@daily"}]}', "cannot be read"),
    (json.dumps({"cron": [{"command": "a", "schedule": "@daily"}] * 101}), "has 101 entries in cron: at most 100"),
    ("[]", "app.json: must be an object, not a list"),
    ('{\n  "a": tru\n}', "(line 2, column 9)"),
    ("[" * 5000, "is nested more than 32 levels deep"),
    ('{"a": ' + "9" * 5000 + "}", "is not valid JSON"),
    ("/* a" * 60000, "is not valid JSON"),
    ('\\"' * 100000, "is not valid JSON"),
]


@pytest.mark.parametrize(("text", "complaint"), BAD, ids=[complaint[:40] for _, complaint in BAD])
def test_a_bad_file_is_refused_with_its_place(text: str, complaint: str) -> None:
    with pytest.raises(AppError) as caught:
        parse_app_json(text)
    assert complaint in caught.value.message
    assert caught.value.message.startswith("app.json: ")
    assert len(caught.value.message) < 400


@pytest.mark.parametrize("schedule", ["0 0 1 1 0", "*/15 * * * *", "0,30 8-18/2 * feb,mar 7", "@hourly", "@yearly"])
def test_cron_schedules_are_accepted(schedule: str) -> None:
    text = json.dumps({"cron": [{"command": "a b", "schedule": schedule}]})
    assert parse_app_json(text).cron[0].schedule == schedule


TASK = {"command": "a", "schedule": "@daily"}
CHECK = {"name": "x", "path": "/"}
BEYOND = {
    "cron": {"cron": [TASK] * 101},
    "checks": {"healthchecks": {"web": [CHECK] * 65}},
    "quantity": {"formation": {"web": {"quantity": 1001}}},
    "max_parallel": {"formation": {"web": {"max_parallel": 1001}}},
    "autoscaling": {"formation": {"web": {"autoscaling": {"cooldown_period_seconds": 86401}}}},
    "timeout": {"healthchecks": {"web": [{**CHECK, "timeout": 3601}]}},
    "attempts": {"healthchecks": {"web": [{**CHECK, "attempts": 1001}]}},
    "header's name": {"healthchecks": {"web": [{**CHECK, "httpHeaders": [{"name": "x" * 129, "value": ""}]}]}},
    "header's value": {"healthchecks": {"web": [{**CHECK, "httpHeaders": [{"name": "x", "value": "y" * 4097}]}]}},
}


@pytest.mark.parametrize("document", BEYOND.values(), ids=BEYOND)
def test_a_limit_is_for_new_input_and_not_for_a_release(document: dict[str, object]) -> None:
    """Otherwise a limit that comes with an upgrade breaks the apps that were deployed before it."""
    text = json.dumps(document)
    with pytest.raises(AppError):
        parse_app_json(text)
    assert parse_app_json(text, stored=True) != AppJson()
