"""Whatever has no effect is named once on the developer's terminal. A setting takes effect at once, or its command says
when."""

from __future__ import annotations

import json

from apps import Repository
from bed.host import Host

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "4d7a2146" * 8 + "\nsize 12345\n"
EXPECTED = (
    "app.json: formation.web.autoscaling has no effect",
    "app.json: the key helthchecks is unknown and has no effect: did you mean healthchecks?",
    "model.bin is a Git LFS pointer",
)


def test_push_names_files_without_effect_and_settings_apply_at_once_or_are_pending(
    host: Host, app: str, repository: Repository
) -> None:
    table = json.loads((repository.path / "app.json").read_text())
    table |= {"helthchecks": {}}
    table.setdefault("formation", {}).setdefault("web", {"quantity": 1})["autoscaling"] = {"min_quantity": 1}
    repository.write("app.json", json.dumps(table))
    repository.write("model.bin", POINTER)
    repository.commit("things that nobody acts on")
    pushed = host.git_push(repository.path, app).stderr
    for line in EXPECTED:
        assert pushed.count(f" !     {line}") == 1, pushed

    host.exec(["dokkupy", "nginx:set", app, "client-max-body-size", "77m"])
    assert "client_max_body_size 77m;" in host.exec(["dokkupy", "nginx:show-config", app]).stdout
    assert "client_max_body_size 77m;" in host.exec(["nginx", "-T"]).stdout

    seen = host.exec(["dokkupy", "ps:set", app, "restart-policy", "always"]).stdout
    assert f"takes effect with the next deploy; to apply it now: ps:restart {app}" in seen
    assert "Ps pending restart policy:" in host.exec(["dokkupy", "ps:report", app]).stdout
    host.exec(["dokkupy", "ps:restart", app])
    assert "pending" not in host.exec(["dokkupy", "ps:report", app]).stdout
