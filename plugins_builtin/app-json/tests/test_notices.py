"""What an app.json says without effect: a line for each, none for the rest."""

from __future__ import annotations

import pytest
from dokkupy_app_json.notices import notices, without_process
from dokkupy_app_json.reader import parse_app_json


def lines(text: str, *handled: str) -> list[str]:
    return notices("app.json", parse_app_json(text), lambda name: name in handled)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{"cron": [{"command": "a b", "schedule": "@daily"}]}',
            "1 cron task does not run: no installed plugin runs cron",
        ),
        (
            '{"cron": [{"command": "a", "schedule": "@daily"}, {"command": "b", "schedule": "@daily"}]}',
            "2 cron tasks do not",
        ),
        ('{"formation": {"web": {"autoscaling": {"min_quantity": 1}}}}', "formation.web.autoscaling has no effect"),
        ('{"formation": {"api": {"service": {"exposed": true}}}}', "formation.api.service has no effect"),
        ('{"formation": {"web": {"size": "standard-1x"}}}', "formation.web.size has no effect: limits are set by"),
        ('{"addons": ["heroku-postgresql"]}', "addons has no effect: create the services"),
        ('{"stack": "heroku-24"}', "stack has no effect"),
        ('{"image": "heroku/python"}', "image has no effect"),
        ('{"environments": {"test": {"scripts": {"test": "x"}}}}', "environments has no effect"),
        ('{"scripts": {"pr-predestroy": "x"}}', "scripts.pr-predestroy has no effect"),
        ('{"healthcheck": {}}', "the key healthcheck is unknown and has no effect: did you mean healthchecks?"),
        (
            '{"scripts": {"dokku": {"post_deploy": "x"}}}',
            "scripts.dokku.post_deploy is unknown and has no effect: did you mean",
        ),
        (
            '{"scripts": {"dokkku": {"postdeploy": "x"}}}',
            "scripts.dokkku is unknown and has no effect: did you mean dokku?",
        ),
        (
            '{"healthchecks": {"web": [{"path": "/", "atempts": 3}]}}',
            "web[0].atempts is unknown and has no effect: did you",
        ),
        ('{"healthchecks": {"web": [{"path": "/", "onFailure": {"comand": []}}]}}', "onFailure.comand is unknown"),
        ('{"env": {"KEY": {"valeu": "x"}}}', "env.KEY.valeu is unknown and has no effect: did you mean value?"),
        ('{"formation": {"web": {"quantities": 2}}}', "formation.web.quantities is unknown"),
        ('{"cron2": [], "x": {"y": {"z": 1}}}', "the key cron2 is unknown"),
        ('{"buildpacks": [{"uri": "x"}]}', "buildpacks[0].uri is unknown"),
    ],
)
def test_a_key_without_effect_is_named_in_one_line(text: str, expected: str) -> None:
    found = lines(text)
    assert any(expected in line for line in found), found
    assert all(line.startswith("app.json: ") and "\n" not in line for line in found)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"name": "blog", "description": "A blog", "keywords": [], "website": "x", "repository": "y", "logo": "z"}',
        '{"env": {"ANY_NAME": {"value": "x", "description": "y", "required": false, "generator": "secret", "sync": true}}}',
        '{"formation": {"web": {"quantity": 2}}, "scripts": {"postdeploy": "a", "dokku": {"predeploy": "b"}}}',
        '{"healthchecks": {"web": [{"type": "startup", "path": "/", "httpHeaders": [{"name": "A", "value": "b"}]}]}}',
        '{"buildpacks": [{"url": "https://example.com/a"}]}',
    ],
)
def test_what_is_acted_on_or_describes_the_app_is_silent(text: str) -> None:
    assert lines(text) == []


def test_a_plugin_that_acts_on_a_key_takes_its_line_away() -> None:
    text = '{"cron": [{"command": "a", "schedule": "@daily"}], "formation": {"web": {"max_parallel": 2}}}'
    assert lines(text, "app.json.cron", "app.json.formation.max_parallel") == []


def test_a_process_type_that_the_app_does_not_have_is_named() -> None:
    facts = parse_app_json('{"formation": {"workers": {"quantity": 2}, "web": {}}, "healthchecks": {"Web": []}}')
    assert without_process("app.json", facts, ["web", "worker"]) == [
        "app.json: formation.workers has no effect: the app has no such process type: did you mean worker?",
        "app.json: healthchecks.Web has no effect: the app has no such process type: did you mean web?",
    ]
