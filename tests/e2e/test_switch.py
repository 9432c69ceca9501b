"""A deploy that reports success has succeeded: containers, checks and route use the same port, and the serving app is
checked after the switch."""

from __future__ import annotations

from apps import Repository
from bed.host import Host


def with_domain(host: Host, app: str) -> str:
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["dokkupy", "domains:set", app, f"{app}.example.com"])
    return f"{app}.example.com"


def fixed(repository: Repository, port: int, expose: str = "") -> None:
    """An app with a fixed port, which ignores PORT."""
    repository.replace("web.py", 'int(os.environ.get("PORT", "5000"))', str(port))
    repository.replace("Dockerfile", "USER 10001", f"{expose}\nUSER 10001")
    repository.replace("app.json", '"path": "/health",', '"listening": true,')
    repository.commit(f"listen on {port}")


def port_of(host: Host, app: str) -> str:
    return host.exec(["dokkupy", "enter", app, "web", "printenv", "PORT"]).stdout.strip()


def test_app_with_a_fixed_port_is_served_at_the_port_of_ports_set(host: Host, app: str, repository: Repository) -> None:
    name = with_domain(host, app)
    host.exec(["dokkupy", "ports:set", app, "http:80:8080"])
    fixed(repository, 8080)
    host.git_push(repository.path, app)
    assert host.http_get(name).status == 200
    assert port_of(host, app) == "8080"


def test_an_app_that_listens_on_port_follows_its_map_and_its_variable(
    host: Host, app: str, repository: Repository
) -> None:
    name = with_domain(host, app)
    host.exec(["dokkupy", "config:set", app, "PORT=3000"])
    host.exec(["dokkupy", "ports:set", app, "http:80:3000"])
    host.git_push(repository.path, app)
    assert (host.http_get(name).status, port_of(host, app)) == (200, "3000")
    host.exec(["dokkupy", "ports:set", app, "http:80:8080"])
    assert (host.http_get(name).status, port_of(host, app)) == (200, "8080")
    for command in (["ps:rebuild", app], ["config:unset", app, "PORT"], ["ports:clear", app]):
        host.exec(["dokkupy", *command])
        assert host.http_get(name).status == 200, command
    assert port_of(host, app) == "5000"


def test_exposed_ports_that_answer_are_served_and_others_are_left_out(
    host: Host, app: str, repository: Repository
) -> None:
    name = with_domain(host, app)
    fixed(repository, 3000, "EXPOSE 9229 3000 53/udp")
    pushed = host.git_push(repository.path, app)
    assert "9229, but nothing listens there" in pushed.stderr
    assert host.http_get(name, port=3000).status == 200
    assert host.exec(["dokkupy", "urls", app]).stdout == f"http://{name}:3000\n"


def test_deploy_is_rolled_back_if_the_proxy_cannot_pass_on_the_app_s_answer(
    host: Host, app: str, repository: Repository
) -> None:
    """The check requests the instance directly and passes, but a client of the proxy would get a 502."""
    name = with_domain(host, app)
    host.git_push(repository.path, app)
    repository.replace(
        "web.py",
        "        self.end_headers()",
        '        self.send_header("X-Large", "x" * 60000)\n        self.end_headers()',
    )
    repository.commit("a head that no proxy takes")
    pushed = host.git_push(repository.path, app, check=False)
    assert pushed.code != 0
    assert "a request through the proxy does not reach it" in pushed.stderr
    assert "the proxy answers 502" in pushed.stderr
    assert "itself answers 200" in pushed.stderr
    assert host.http_get(name).body == "Hello from dokkupy!\n"
    assert host.http_get(name).headers.get("X-Large") is None


def test_error_page_of_the_app_itself_does_not_fail_the_deploy(host: Host, app: str, repository: Repository) -> None:
    name = with_domain(host, app)
    repository.replace("web.py", 'self.answer(200, f"{GREETING}\\n")', 'self.answer(503, "busy\\n")')
    repository.commit("the first page is an error")
    host.git_push(repository.path, app)
    assert (host.http_get(name).status, host.http_get(name).body) == (503, "busy\n")


def test_push_that_git_refuses_deploys_nothing_and_a_pushed_tag_deploys_its_commit(
    host: Host, app: str, repository: Repository
) -> None:
    name = with_domain(host, app)
    first = repository.commit("first")
    host.git_push(repository.path, app)
    bare = f"/var/lib/dokkupy/repos/{app}.git"
    host.exec(["git", "config", "-f", f"{bare}/config", "receive.denyNonFastForwards", "true"])
    host.exec(["chown", f"--reference={bare}", f"{bare}/config"])  # git ran as root, so root owns it
    repository.git("commit", "-q", "--amend", "--allow-empty", "-m", "another history")
    refused = host.git_push(repository.path, app, "+main", check=False)
    assert refused.code != 0
    assert "receive.denyNonFastForwards" in refused.stderr
    assert "Building" not in refused.stderr
    assert sha(host, app) == first
    repository.git("reset", "-q", "--hard", first)
    repository.greet("tagged")
    repository.git("tag", "-a", "-m", "one", "v1")
    host.git_push(repository.path, app, "v1:refs/heads/main")
    assert host.http_get(name).body == "tagged\n"
    assert sha(host, app) == repository.git("rev-parse", "main").strip()


def sha(host: Host, app: str) -> str:
    return host.exec(["dokkupy", "git:report", app, "--git-sha"]).stdout.strip()


def test_procfile_without_web_is_refused_and_the_old_release_keeps_serving(
    host: Host, app: str, repository: Repository
) -> None:
    name = with_domain(host, app)
    repository.scalable()
    host.git_push(repository.path, app)
    repository.replace("Procfile", "web:", "Web:")
    repository.commit("a typing error")
    refused = host.git_push(repository.path, app, check=False)
    assert refused.code != 0
    assert "write `web:` for `Web:`" in refused.stderr
    assert "`ps:scale" in refused.stderr
    assert host.http_get(name).status == 200
