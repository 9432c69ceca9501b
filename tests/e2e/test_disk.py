"""The disk of a real host: lost images are built again, removals are reported, and pushes that would fill the disk are
refused."""

from __future__ import annotations

import json

from apps import Repository
from bed.host import Host


def test_lost_image_is_built_again_and_a_full_disk_is_refused_before_the_push(
    host: Host, app: str, repository: Repository
) -> None:
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["dokkupy", "domains:set", app, f"{app}.example.com"])
    for greeting in ("first", "second"):
        repository.greet(greeting)
        host.git_push(repository.path, app)

    # Like `docker system prune -a`, but only for this app, because the machine is shared.
    images = host.exec(["docker", "images", "--format", "{{.Repository}}:{{.Tag}}", f"dokku/{app}"]).stdout.split()
    (first,) = (name for name in images if ":r1-" in name)
    old = host.exec(["docker", "ps", "-aq", "--filter", f"ancestor={first}"]).stdout.split()
    if old:  # the old instances finish their requests
        host.exec(["docker", "rm", "-f", *old])
    host.exec(["docker", "image", "rm", first])
    assert (
        f"{app}: the images of v1 are missing from the engine" in host.exec(["dokkupy", "doctor"], check=False).stdout
    )
    rolled = host.exec(["dokkupy", "releases:rollback", app])
    assert "building it again from" in rolled.stderr
    assert "first" in host.http_get(f"{app}.example.com").body

    host.exec(["dokkupy", "disk:measure"])
    report = json.loads(host.exec(["dokkupy", "disk:report", app, "--format", "json"]).stdout)
    assert 0 < int(report["images-unique-bytes"]) < int(report["images-shared-bytes"])
    assert int(report["repositories-bytes"]) > 0

    # an image of ours without a name, as a killed build leaves it
    script = f"echo FROM python:3.13-slim | docker build -q --label dokkupy.app={app} --label x=1 -"
    orphan = host.exec(["bash", "-c", script]).stdout.strip().removeprefix("sha256:")[:12]
    assert f"image {orphan}" in host.exec(["dokkupy", "cleanup", "--dry-run", app]).stdout
    assert f"Removed {orphan}" in host.exec(["dokkupy", "cleanup", app]).stdout
    assert host.exec(["docker", "image", "inspect", orphan], check=False).code != 0
    host.exec(["dokkupy", "disk:set", "--global", "watermark", "1%"])
    try:
        repository.greet("third")
        refused = host.git_push(repository.path, app, check=False)
        assert refused.code != 0 and "The disk is nearly full" in refused.stderr, refused.stderr
        assert "first" in host.http_get(f"{app}.example.com").body
    finally:
        host.exec(["dokkupy", "disk:set", "--global", "watermark"])
    host.git_push(repository.path, app)
    assert "third" in host.http_get(f"{app}.example.com").body


def test_app_whose_volume_was_pruned_is_not_started_with_an_empty_one(
    host: Host, app: str, repository: Repository
) -> None:
    volume = f"{app}-files"
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["dokkupy", "domains:set", app, f"{app}.example.com"])
    host.exec(["dokkupy", "docker-options:add", app, "deploy", f"-v {volume}:/files"])
    host.git_push(repository.path, app)
    host.exec(["dokkupy", "ps:stop", app])

    # Like `docker system prune -af --volumes`, but only for this app, because the machine is shared.
    ours = host.exec(["docker", "ps", "-aq", "--filter", f"label=dokkupy.app={app}"]).stdout.split()
    host.exec(["docker", "rm", "-f", *ours])
    host.exec(["docker", "volume", "rm", volume])

    refused = host.exec(["dokkupy", "ps:start", app], check=False)
    assert refused.code != 0 and f"The volume {volume} of {app} is gone" in refused.stderr, refused.stderr
    assert f"docker volume create {volume}" in refused.stderr
    assert f"its volume {volume} is missing from the engine" in host.exec(["dokkupy", "doctor"], check=False).stdout
    host.exec(["docker", "volume", "create", volume])
    host.exec(["dokkupy", "ps:start", app])
    assert host.http_get(f"{app}.example.com").status == 200
