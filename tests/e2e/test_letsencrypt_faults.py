"""Failures with Let's Encrypt on a real host: killed processes, full disks, apps that serve the challenge's path
themselves, and visible keys."""

from __future__ import annotations

import json
import re

import pytest
from apps import Repository
from bed.host import Host
from dokkupy_sdk.testing.effort import THOROUGH
from test_buildpacks import until
from test_certs import Authority as OwnAuthority
from test_certs import archive, https_get, served
from test_letsencrypt import Roots, deploy, known, pebble, report

__all__ = ["pebble"]

ROOT = "/var/lib/dokkupy"
CHALLENGES = "/var/www/dokkupy/challenges"


def holds(host: Host, name: str, pebble: Roots) -> bool:
    return https_get(host, name, pebble).status == 200  # type: ignore[arg-type]


def processes(host: Host, pattern: str) -> list[int]:
    """The processes of the machine whose command line matches a pattern, except the shell that searches."""
    found = host.exec(["pgrep", "-f", pattern], check=False).stdout.split()
    return [int(pid) for pid in found]


def minute(host: Host) -> None:
    """Do what the host's timer does, as if its last run was long ago."""
    host.exec(["rm", "-f", f"{ROOT}/global/tick.toml"])
    host.exec(["dokkupy", "tick"])


def leftovers(host: Host) -> str:
    """The files that only killed commands leave."""
    return host.exec(
        [
            "bash",
            "-c",
            f"find {CHALLENGES} -type f; ls {ROOT}/tmp/certbot 2>/dev/null; find {ROOT}/journal/open -type f",
        ]
    ).stdout


#: plugins_builtin/letsencrypt/tests/test_crash.py kills each at many points.
@pytest.mark.parametrize("victim", ["dokkupy", "certbot"] if THOROUGH else ["dokkupy"])
def test_order_killed_while_certbot_waits_keeps_the_old_certificate_and_the_next_attempt_works(
    host: Host, app: str, repository: Repository, pebble: Roots, victim: str
) -> None:
    name = deploy(host, app, repository)
    host.exec(["dokkupy", "letsencrypt:enable", app])
    first = served(host, name)
    # Like Let's Encrypt, Pebble does not look again at a name that it saw, but at a new one. The timer would order it, too.
    host.exec(["systemctl", "stop", "dokkupy-tick.timer"])
    host.exec(["systemctl", "start", "dokkupy-tick.service"], check=False)  # waits for one that runs
    known(host, f"www-{name}")
    host.exec(["dokkupy", "domains:add", app, f"www-{name}"])
    # The file of a challenge shows that an order has begun. Then either certbot or the process that waits for it is
    # killed.
    script = f"""
        dokkupy letsencrypt:enable {app} --force & command=$!
        for attempt in $(seq 15000); do
            [[ -z $(find {CHALLENGES} -type f -not -name 'dokkupy-*') ]] || break
            sleep 0.02
        done
        waiter=$(pgrep -f '^timeout --kill-after=') || exit 99
        if [[ {victim} == certbot ]]; then kill -KILL $(pgrep -P $waiter); else kill -KILL $(ps -o ppid= -p $waiter); fi
        wait $command; echo "status $?"
    """
    done = host.exec(["bash", "-c", script], check=False)
    host.exec(["systemctl", "start", "dokkupy-tick.timer"])
    assert re.search("status (137|1)", done.stdout), done.stdout + done.stderr
    assert served(host, name) == first and holds(host, name, pebble)
    host.exec(["dokkupy", "letsencrypt:enable", app, "--force"])
    assert served(host, name) not in ("", first) and holds(host, name, pebble)
    assert not processes(host, "certbot certonly")
    host.exec(["find", CHALLENGES, "-type", "f", "-exec", "touch", "-d", "2 hours ago", "{}", "+"])
    minute(host)
    assert leftovers(host) == ""


@pytest.mark.parametrize("free", [0, 2048] if THOROUGH else [0])
def test_full_disk_is_reported_and_the_next_attempt_works(
    host: Host, app: str, repository: Repository, pebble: Roots, free: int
) -> None:
    """free: kilobytes left on the disk of the state."""
    name = deploy(host, app, repository)
    host.exec(["dokkupy", "letsencrypt:enable", app])
    first = served(host, name)
    host.exec(
        [
            "bash",
            "-ec",
            f"""
        systemctl stop 'dokkupy*.timer'
        cp -a {ROOT} /run/kept
        mount -t tmpfs -o size=96m,mode=750,uid=dokkupy,gid=dokkupy tmpfs {ROOT}
        cp -a /run/kept/. {ROOT}/
        head -c {free * 1024} /dev/zero > {ROOT}/room
        dd if=/dev/zero of={ROOT}/fill bs=4k 2>/dev/null || true
        rm {ROOT}/room
    """,
        ]
    )
    try:
        for words in (["letsencrypt:renew", app], ["letsencrypt:enable", app, "--force"]):
            failed = host.exec(["dokkupy", *words], check=False)
            assert failed.code == 1 and "no space left on device" in failed.stderr.lower(), failed.stderr
            assert "Free some disk space" in failed.stderr and "Internal error" not in failed.stderr, failed.stderr
            assert served(host, name) == first and holds(host, name, pebble)
        host.exec(["dokkupy", "tick"], check=False)
        assert served(host, name) == first
        host.exec(["rm", f"{ROOT}/fill"])
        host.exec(["dokkupy", "letsencrypt:renew", app])
        second = served(host, name)
        assert second not in ("", first) and holds(host, name, pebble)
        assert report(host, app)["failures"] == "0" and leftovers(host) == ""
        lineages = host.exec(["ls", f"{ROOT}/letsencrypt/config/renewal"]).stdout.split()
        assert f"{app}.conf" in lineages and f"{app}-0001.conf" not in lineages
    finally:
        host.exec(
            [
                "bash",
                "-ec",
                f"""
            rm -f {ROOT}/fill
            for attempt in $(seq 3000); do
                holders=$(find /proc/[0-9]*/fd -lname '{ROOT}/*' 2>/dev/null) || true
                [[ -n $holders ]] || break
                sleep 0.1
            done
            rm -rf /run/kept && cp -a {ROOT} /run/kept
            umount {ROOT}
            find {ROOT} -mindepth 1 -delete
            cp -a /run/kept/. {ROOT}/
            rm -rf /run/kept
            systemctl start dokkupy-tick.timer || systemctl start 'dokkupy*.timer'
        """,
            ]
        )
    assert served(host, name) == second


def test_disk_that_fills_up_while_certbot_writes_is_reported_and_leaves_no_partial_file(
    host: Host, app: str, repository: Repository, pebble: Roots
) -> None:
    """The disk of certbot's directory is full, and nothing notices that before certbot writes."""
    name = deploy(host, app, repository)
    config = f"{ROOT}/letsencrypt/config"
    host.exec(
        [
            "bash",
            "-ec",
            f"""
        mkdir -p {config} && chown -R dokkupy:dokkupy {ROOT}/letsencrypt && chmod 700 {ROOT}/letsencrypt {config}
        cp -a {config} /run/kept-config
        mount -t tmpfs -o size=1m,mode=700,uid=dokkupy,gid=dokkupy tmpfs {config}
        cp -a /run/kept-config/. {config}/
        dd if=/dev/zero of={config}/fill bs=4k 2>/dev/null || true
    """,
        ]
    )
    try:
        for room in (
            0,
            8,
            16,
            24,
            32,
            48,
        ):  # Kilobytes. Depending on them, either the account or the chain is truncated.
            host.exec(
                [
                    "bash",
                    "-ec",
                    f"size=$(stat -c %s {config}/fill); truncate -s $((size - {room} * 1024)) {config}/fill",
                ]
            )
            failed = host.exec(["dokkupy", "letsencrypt:enable", app], check=False)
            if failed.code == 0:
                break
            assert "no space left on device" in failed.stderr.lower(), (room, failed.stderr)
            assert "Free some disk space" in failed.stderr, (room, failed.stderr)
            assert host.http_get(name).status == 200
        assert room > 0
        host.exec(["rm", f"{config}/fill"])
        host.exec(["dokkupy", "letsencrypt:enable", app, "--force"])
        assert holds(host, name, pebble)
    finally:
        host.exec(
            [
                "bash",
                "-ec",
                f"""
            rm -f {config}/fill; rm -rf /run/kept-config; cp -a {config} /run/kept-config
            umount {config}; find {config} -mindepth 1 -delete; cp -a /run/kept-config/. {config}/; rm -rf /run/kept-config
        """,
            ]
        )


TEMPLATE = """
{% for name, servers in UPSTREAMS.items() if servers %}
upstream {{ name }} {
{% for server in servers %}    server {{ server }};
{% endfor %}}
{% endfor %}
{% for port in PORTS %}
server {
{% for entry in port.listen %}    listen {{ entry }};
{% endfor %}
{% if port.scheme == "https" %}
    ssl_certificate {{ SSL_CERTIFICATE }};
    ssl_certificate_key {{ SSL_CERTIFICATE_KEY }};
{% endif %}
    server_name {{ SERVER_NAMES }};
    location /.well-known/acme-challenge/ { return 200 "mine"; }
    location ~ ^/.well-known/ { return 200 "mine too"; }
    location / { proxy_pass http://{{ port.upstream }}; proxy_set_header Host $http_host; }
}
{% endfor %}
"""


@pytest.mark.parametrize("by", ["app", "template"] if THOROUGH else ["template"])
def test_path_of_the_challenge_belongs_to_the_authority_even_if_the_app_serves_it(
    host: Host, app: str, repository: Repository, pebble: Roots, by: str
) -> None:
    if by == "app":
        repository.replace(
            "web.py",
            '        elif path == "/health":\n',
            '        elif path.startswith("/.well-known/"):\n            self.answer(200, "mine\\n")\n'
            '        elif path == "/health":\n',
        )
    else:
        repository.write("nginx.conf.j2", TEMPLATE)
    repository.commit("have the challenges' path for itself")
    name = deploy(host, app, repository)
    assert "mine" in host.http_get(name, "/.well-known/other").body
    assert host.http_get(name, "/.well-known/acme-challenge/x").status == 404
    host.exec(["dokkupy", "letsencrypt:enable", app])
    assert served(host, name)


def test_other_server_with_the_same_name_is_reported_and_http_keeps_working(
    host: Host, app: str, repository: Repository, pebble: Roots
) -> None:
    """A site of the administrator in nginx has the name, so the challenge is answered from another directory."""
    name = deploy(host, app, repository)
    site = f"server {{ listen 127.0.0.1:80; server_name {name}; location / {{ return 200 'somebody'; }} }}\n"
    host.copy_in(site.encode(), f"/etc/nginx/conf.d/{app}.conf")
    try:
        host.exec(["nginx", "-s", "reload"])
        until(lambda: host.exec(["curl", "-s", f"http://{name}/"], check=False).stdout == "somebody")
        failed = host.exec(["dokkupy", "letsencrypt:enable", app], check=False)
        assert failed.code == 1 and "another server answers (status 200)" in failed.stderr, failed.stderr
        assert "Make their DNS records point to this host" in failed.stderr
    finally:
        host.exec(["rm", f"/etc/nginx/conf.d/{app}.conf"])
        host.exec(["nginx", "-s", "reload"])
    assert host.http_get(name).status == 200
    until(lambda: host.exec(["curl", "-s", f"http://{name}/"], check=False).stdout != "somebody")
    host.exec(["dokkupy", "letsencrypt:enable", app, "--force"])
    assert holds(host, name, pebble)


SECRETS = {
    "dns-credentials": ("dns_cloudflare_api_token=canary-token-7f3a9", "canary-token-7f3a9"),
    "eab-hmac-key": ("Y2FuYXJ5LWhtYWMta2V5LTEyMzQ1Njc4OTA", "Y2FuYXJ5LWhtYWMta2V5LTEyMzQ1Njc4OTA"),
}


def test_keys_and_secrets_are_never_visible(
    host: Host, app: str, repository: Repository, pebble: Roots, tmp_path_factory: pytest.TempPathFactory
) -> None:
    name = deploy(host, app, repository)
    sampler = "while :; do cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | sort -u >>/run/seen; sleep 0.02; done"
    host.exec(["bash", "-c", f"rm -f /run/seen; ({sampler}) >/dev/null 2>&1 & echo $! >/run/sampler"])
    said: list[str] = []

    def run(*words: str, input: bytes | None = None) -> None:
        for form in ([], ["--format", "json"]):
            done = (
                host.ssh([*words, *form], input=input, check=False)
                if input
                else host.exec(["dokkupy", *words, *form], check=False)
            )
            said.append(f"$ {' '.join(words)}\n{done.stdout}{done.stderr}")

    try:
        run("letsencrypt:enable", app)
        run("letsencrypt:renew", app)
        keys = secrets_of(host, app)
        for verb in ("report", "active", "cleanup"):
            run(f"letsencrypt:{verb}", app)
        for words in (["letsencrypt:list"], ["letsencrypt:auto-renew"], ["letsencrypt:report"], ["doctor"], ["events"]):
            run(*words)
        # Secrets of the user. An order with them fails, and its error is examined, too.
        for setting, (value, _) in SECRETS.items():
            done = host.exec(["dokkupy", "letsencrypt:set", app, setting, value], check=False)
            said.append(done.stdout + done.stderr)
        run("letsencrypt:set", app, "eab-kid", "kid")
        run("letsencrypt:set", app, "dns-provider", "cloudflare")
        run("letsencrypt:enable", app, "--force")
        run("letsencrypt:report", app)
        for setting in (*SECRETS, "eab-kid", "dns-provider"):
            host.exec(["dokkupy", "letsencrypt:set", app, setting])
        run("letsencrypt:enable", app, "--force")
        keys |= secrets_of(host, app)
        own = OwnAuthority(tmp_path_factory.mktemp("canary") / "own")
        for verb in ("add", "update"):
            run(f"certs:{verb}", app, input=archive(*own.issue(name)))
            keys |= secrets_of(host, app)
        for verb in ("report", "chain", "key", "rollback"):
            run(f"certs:{verb}", app)
        run("certs:show", app, "crt")
        run("certs:show", app, "csr")
        run("certs:generate", app, name)
        keys |= secrets_of(host, app)
        run("certs:remove", app)
        run("letsencrypt:revoke", app)
        run("letsencrypt:disable", app)
    finally:
        host.exec(["bash", "-c", "kill $(cat /run/sampler); rm /run/sampler"], check=False)
    secrets = keys | {secret for _, secret in SECRETS.values()}
    assert len(keys) > 15, "nothing to look for"
    host.copy_in("\n".join(sorted(secrets)).encode(), "/run/secrets")
    text = "\n".join(said)
    assert [secret for secret in secrets if secret in text] == []
    assert "certbot" in host.exec(["cat", "/run/seen"]).stdout
    # The argv of letsencrypt:set is typed by the user. No other process gets it.
    seen = host.exec(["grep", "-F", "-f", "/run/secrets", "/run/seen"], check=False).stdout.splitlines()
    assert [line for line in seen if line not in {value for value, _ in SECRETS.values()}] == []
    places = [
        "/var/log",
        f"{ROOT}/logs",
        f"{ROOT}/journal",
        f"{ROOT}/letsencrypt/logs",
        f"{ROOT}/tmp",
        f"{ROOT}/events",
        f"{ROOT}/global",
        f"{ROOT}/locks",
        "/etc/nginx",
        CHALLENGES,
        "/tmp",
    ]
    assert host.exec(["grep", "-roFa", "-f", "/run/secrets", *places], check=False).stdout == ""
    everywhere = host.exec(["grep", "-rlFa", "-f", "/run/secrets", ROOT], check=False).stdout.splitlines()
    assert all(re.search(r"/(key|privkey\d*)\.pem$|/private_key\.json$", path) for path in everywhere), everywhere
    journal = host.exec(["bash", "-c", "journalctl --no-pager 2>/dev/null | grep -cFa -f /run/secrets"], check=False)
    assert journal.stdout.strip() == "0"


def secrets_of(host: Host, app: str) -> set[str]:
    """The lines of all private keys. Also checks that no other user can read a key."""
    script = """
import json, pathlib, stat, sys
root, app = pathlib.Path("/var/lib/dokkupy"), sys.argv[1]
places = [root / "letsencrypt" / "config", root / "apps" / app / "tls"]
found, open_to_others = set(), []
for path in (path for place in places for path in place.rglob("*")):
    mode = stat.S_IMODE(path.lstat().st_mode)
    if path.is_symlink() or not path.is_file():
        continue
    text = path.read_text(errors="replace")
    if "PRIVATE KEY" in text or path.name == "private_key.json":
        if mode & 0o177:
            open_to_others.append(f"{path} {mode:o}")
        if path.name == "private_key.json":
            found |= {str(value) for name, value in json.loads(text).items() if name in "dpq"}
            continue
        # The other lines have the public key too, which certificates show: EC's last line, RSA's first ones.
        lines = [line for line in text.splitlines() if "PRIVATE KEY" not in line]
        found |= {lines[1]} if len(lines) < 6 else set(lines[len(lines) // 2 : -1])
print(json.dumps([sorted(found), open_to_others]))
"""
    found, open_to_others = json.loads(host.exec(["python3", "-c", script, app]).stdout)
    assert open_to_others == []
    return set(found)
