"""An app's own template is untrusted: it may serve its own names from its own instances, and nothing else."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest
from dokkupy_nginx.config.syntax import ConfigSyntaxError, parse, write
from dokkupy_nginx.render.values import Facts
from dokkupy_nginx.template.allowlist import is_costly
from dokkupy_nginx.template.expand import prefix_of, render_custom
from dokkupy_nginx.template.sandbox import CPU_SECONDS
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.model import Certificate, Port, Route, Upstream
from dokkupy_sdk.names import AppName, Domain

from plugins_builtin.nginx.tests.conftest import Rig

GOOD = """
{% for name, servers in UPSTREAMS.items() if servers %}
upstream {{ name }} {
{% for server in servers %}    server {{ server }};
{% endfor %}}
{% endfor %}
map $uri ${{ PREFIX }}cache { default no-cache; ~*\\.(css|js)$ "max-age=60"; }
limit_req_zone $binary_remote_addr zone={{ PREFIX }}zone:1m rate=1000r/s;
server {
{% for entry in PORTS[0].listen %}    listen {{ entry }};
{% endfor %}
    server_name {{ SERVER_NAMES }};
    access_log {{ NGINX_ACCESS_LOG_PATH }};
    error_log {{ NGINX_ERROR_LOG_PATH }};
    client_max_body_size {{ CLIENT_MAX_BODY_SIZE }};
    add_header Cache-Control ${{ PREFIX }}cache;
    add_header X-Own "semi; colon } brace";
    location / {
        limit_req zone={{ PREFIX }}zone burst=100 nodelay;
        proxy_pass http://{{ PORTS[0].upstream }};
        proxy_set_header Host $http_host;
    }
    location = /gone { return 410 "gone \\"away\\""; }
    location ~ ^/old/(.+)$ { rewrite ^/old/(.+)$ /new/$1 permanent; }
    if ($http_user_agent ~* "bad ?bot") { return 403; }
}
"""


def route(**fields: object) -> Route:
    values: dict[str, object] = {
        "app": AppName("blog"),
        "domains": (Domain("blog.example.com"),),
        "ports": (Port("http", 80, 5000),),
        "upstreams": {5000: (Upstream("10.0.0.2", 5000),)},
    }
    return Route(**{**values, **fields})  # type: ignore[arg-type]


def render(template: str, **fields: object) -> str:
    return render_custom(route(**fields), Facts(), template, snippets="", inputs=()).text


def server(body: str, *, top: str = "") -> str:
    return f"{top}\nserver {{ listen 80; server_name blog.example.com;\n{body}\n}}"


def test_template_of_the_repository_serves(rig: Rig) -> None:
    backend = rig.backend("blog")
    upstreams = {5000: (backend.upstream,)}
    rig.proxy.apply([rig.route("blog", "blog.example.com", upstreams=upstreams, files={"nginx.conf.j2": GOOD})])
    assert rig.get("blog.example.com", "/a.css").headers["cache-control"] == "max-age=60"
    answer = rig.get("blog.example.com", "/a")
    assert (answer.body, answer.headers["cache-control"], answer.headers["x-own"]) == (
        "blog /a",
        "no-cache",
        "semi; colon } brace",
    )
    assert rig.get("blog.example.com", "/gone").body == 'gone "away"'
    assert rig.get("blog.example.com", "/old/x").headers["location"].endswith("/new/x")
    assert rig.get("blog.example.com", headers={"User-Agent": "a badbot"}).status == 403
    assert rig.get("elsewhere").status == 0


SECURE = """ssl_certificate {{ SSL_CERTIFICATE }}; ssl_certificate_key {{ SSL_CERTIFICATE_KEY }};"""
LISTENS = "listen {{ PROXY_PORT }}; listen {{ PROXY_SSL_PORT }} ssl;"
SHADOWING = {
    "one server for both": f"server {{ {LISTENS} server_name {{{{ SERVER_NAMES }}}}; {SECURE} location / {{ return 200 mine; }} }}",
    "everything redirected": "server { listen {{ PROXY_PORT }}; server_name {{ SERVER_NAMES }}; return 301 https://$host$request_uri; }",
    "everything rewritten": "server { listen {{ PROXY_PORT }}; server_name {{ SERVER_NAMES }}; rewrite ^ /gone permanent; }",
    "redirected by a condition": f"""server {{ {LISTENS} server_name {{{{ SERVER_NAMES }}}}; {SECURE}
        if ($scheme = http) {{ return 301 https://$host$request_uri; }} location / {{ return 200 mine; }} }}""",
    "closed to all": "server { listen {{ PROXY_PORT }}; server_name {{ SERVER_NAMES }}; deny all; location / { empty_gif; } }",
    "by another's leave": """server { listen {{ PROXY_PORT }}; server_name {{ SERVER_NAMES }}; auth_request /leave;
        location = /leave { return 401; } location / { empty_gif; } }""",
    "by a pattern": """server { listen {{ PROXY_PORT }}; server_name {{ SERVER_NAMES }};
        location ~ ^/[.] { return 403; } location ^~ /.well-known/acme-challenge { return 403; } }""",
}


@pytest.mark.parametrize("name", SHADOWING)
def test_authority_is_answered_whatever_a_template_does_with_other_requests(rig: Rig, public: Path, name: str) -> None:
    rig.layout.system = str(public)
    place = Path(rig.layout.challenges)
    place.mkdir(parents=True)
    (place / "token-1").write_text("token-1.thumb")
    backend = rig.backend("blog")
    route = rig.route(
        "blog",
        "blog.example.com",
        ports=(Port("http", rig.http, 5000), Port("https", rig.tls, 5000)),
        certificate=Certificate(*rig.certificate("blog.example.com")),
        upstreams={5000: (backend.upstream,)},
        template=SHADOWING[name],
    )
    rig.proxy.apply([route])
    answer = rig.get("blog.example.com", "/.well-known/acme-challenge/token-1")
    assert (answer.status, answer.body) == (200, "token-1.thumb")
    assert rig.get("blog.example.com", "/.well-known/acme-challenge/token-2").status == 404
    other = rig.get("blog.example.com", "/elsewhere")
    expected = {"one server for both": 200, "closed to all": 403, "by another's leave": 401, "by a pattern": 404}
    assert other.status == expected.get(name, 301)


def test_disabled_custom_configuration_ignores_the_template(rig: Rig) -> None:
    backend = rig.backend("blog")
    rig.proxy.apply(
        [
            rig.route(
                "blog",
                "blog.example.com",
                upstreams={5000: (backend.upstream,)},
                template="nonsense",
                settings={"disable-custom-config": "true"},
            )
        ]
    )
    assert rig.get("blog.example.com").body == "blog /"


def test_the_template_stays_where_it_was_when_the_release_was_built(rig: Rig) -> None:
    """Another path counts from the next build on: until then the release's own template serves."""
    from dokkupy_nginx.settings import SETTINGS
    from dokkupy_sdk.operation import operation

    with operation(rig.proxy.host, "nginx:set", "app:blog") as tx:
        SETTINGS.set(tx, AppName("blog"), "nginx-conf-sigil-path", "other.j2")
    backend = rig.backend("blog")
    rig.proxy.apply(
        [
            rig.route(
                "blog",
                "blog.example.com",
                upstreams={5000: (backend.upstream,)},
                files={"own.j2": GOOD},
                settings={"nginx-conf-sigil-path": "own.j2"},
            )
        ]
    )
    assert rig.get("blog.example.com", "/gone").status == 410


def test_go_template_is_not_used(rig: Rig) -> None:
    backend = rig.backend("blog")
    files = {"nginx.conf.sigil": "{{ .APP }} server {"}
    rig.proxy.apply([rig.route("blog", "blog.example.com", upstreams={5000: (backend.upstream,)}, files=files)])
    assert rig.get("blog.example.com").body == "blog /"


UNTRUSTED = {
    "another app's name": "server { listen 80; server_name shop.example.com; return 200; }",
    "every name": "server { listen 80; server_name _; return 200; }",
    "every name by a pattern": "server { listen 80; server_name ~.*; return 200; }",
    "no name": "server { listen 80; return 200; }",
    "no listen": "server { server_name blog.example.com; return 200; }",
    "default server": "server { listen 80 default_server; server_name blog.example.com; return 200; }",
    "another port": "server { listen 8081; server_name blog.example.com; return 200; }",
    "unix socket": "server { listen unix:/tmp/x; server_name blog.example.com; return 200; }",
    "tls on the plain port": "server { listen 80 ssl; server_name blog.example.com; return 200; }",
    "http2 on the shared port": "server { listen 80 http2; server_name blog.example.com; return 200; }",
    "proxy protocol": "server { listen 80 proxy_protocol; server_name blog.example.com; return 200; }",
    "root": server("root /;"),
    "root of the state": server("location / { root /var/lib/dokkupy; }"),
    "alias": server("location /x { alias /etc/; }"),
    "try_files": server("try_files /etc/passwd =404;"),
    "include": server("include /etc/passwd;"),
    "include at the top": "include /etc/nginx/*;",
    "include in a map": server("", top=f"map $uri ${prefix_of('blog')}x {{ include /etc/passwd; }}"),
    "load_module": "load_module modules/ngx_http_perl_module.so;",
    "main context": "user root;",
    "events": "events { worker_connections 1; }",
    "http block": "http { }",
    "stream": "stream { server { listen 1; } }",
    "lua": server("content_by_lua_block { os.execute() }"),
    "perl": server("perl x;"),
    "js": server("js_content x;"),
    "echo module": server("location / { echo hi; }"),
    "foreign log": server("access_log /etc/cron.d/x;"),
    "another app's log": server("error_log /var/log/nginx/shop-error.log;"),
    "log to syslog": server("access_log syslog:server=10.0.0.9;"),
    "log_format": "log_format x y;",
    "docker socket": server("location / { proxy_pass http://unix:/var/run/docker.sock:/; }"),
    "metadata service": server("location / { proxy_pass http://169.254.169.254/; }"),
    "another app's instance": server("location / { proxy_pass http://10.9.9.9:5000; }"),
    "address by variable": server("location / { proxy_pass http://$http_x; }"),
    "path by variable host": server("location / { proxy_pass $http_x; }"),
    "file scheme": server("location / { proxy_pass file:///etc/passwd; }"),
    "user info before the host": server("location / { proxy_pass http://10.0.0.2:5000@169.254.169.254/; }"),
    "upstream to a foreign address": server("", top="upstream blog-x { server 10.9.9.9:80; }"),
    "upstream to a socket": server("", top="upstream blog-x { server unix:/var/run/docker.sock; }"),
    "upstream of another app": server("", top="upstream shop-5000 { server 10.0.0.2:5000; }"),
    "upstream of an app with a longer name": server("", top="upstream blog-api-5000 { server 10.0.0.2:5000; }"),
    "fastcgi": server("location / { fastcgi_pass 10.0.0.2:5000; }"),
    "uwsgi": server("location / { uwsgi_pass 10.0.0.2:5000; }"),
    "resolver": server("resolver 8.8.8.8;"),
    "cache on disk": "proxy_cache_path /etc/nginx/x keys_zone=x:1m;",
    "store on disk": server("location / { proxy_store /etc/cron.d/x; }"),
    "temp path": server("client_body_temp_path /etc;"),
    "test for a file": server("if (-f /etc/shadow) { return 200; }"),
    "test for no file": server("if (!-f /etc/shadow) { return 200; }"),
    "password file": server("auth_basic x; auth_basic_user_file /etc/shadow;"),
    "another certificate": server("ssl_certificate /etc/ssl/private/x.pem;"),
    "key engine": server('ssl_certificate_key "engine:x:y";'),
    "trusted certificates": server("ssl_trusted_certificate /etc/passwd;"),
    "shared map variable": server("", top="map $uri $dokkupy_connection_close { default x; }"),
    "another app's variable": server("", top=f"map $uri ${prefix_of('shop')}x {{ default x; }}"),
    "set of a shared variable": server("set $dokkupy_dollar x;"),
    "another app's zone": server("", top=f"limit_req_zone $uri zone={prefix_of('shop')}z:1m rate=1r/s;"),
    "huge zone": server("", top=f"limit_req_zone $uri zone={prefix_of('blog')}z:9000m rate=1r/s;"),
    "shared session cache": server("ssl_session_cache shared:dokkupy:100m;"),
    "stub_status": server("location /s { stub_status; }"),
    "huge buffers": server("proxy_buffers 1000000 1m;"),
    "exponential location": server("location ~ ^/(a+)+$ { return 200; }"),
    "exponential alternatives": server("location ~ ^/(a|a)*b { return 200; }"),
    "exponential map": server("", top=f"map $uri ${prefix_of('blog')}x {{ ~(.*a){{20,}}(b*)*c 1; }}"),
    "exponential rewrite": server("rewrite ^/((a|b)*)*c /x;"),
    "back reference": server("location ~ (.*)\\1 { return 200; }"),
    "unclosed block": "server { listen 80; server_name blog.example.com;",
    "extra brace": server("} server { listen 80; server_name shop.example.com;"),
    "unclosed quote": server('add_header X "y;'),
    "nested too deep": server("location / { " * 20 + "}" * 20),
    "upstream that is not there": server("location / { proxy_pass http://blog-5000; }"),
}


@pytest.mark.parametrize("name", UNTRUSTED)
def test_malicious_template_is_refused_with_app_and_line(name: str) -> None:
    with pytest.raises(AppError) as caught:
        render(UNTRUSTED[name])
    assert "App blog" in caught.value.message
    assert "line " in caught.value.message


ESCAPES = {
    "python by attributes": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "python by globals": "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "python by format": "{{ '{0.__class__}'.format(APP).__class__.__base__ }}",
    "file of the host": "{% include '/etc/passwd' %}",
    "import": "{% import 'os' as os %}",
    "mutation": "{{ PORTS.append(1) }}",
    "unknown name": "{{ APPP }}",
    "endless loop": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "huge text": "{{ 'a' * 10**10 }}",
    "huge output": "{% for a in range(99999) %}aaaaaaaaaaaaaaaa{% endfor %}",
    "syntax error": "{% for %}",
    "huge power": "{{ 9**9**9 }}",
}


@pytest.mark.parametrize("name", ESCAPES)
def test_template_that_attacks_its_renderer_is_refused_after_little_work(name: str) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with pytest.raises(AppError) as caught:
        render(ESCAPES[name])
    assert "App blog" in caught.value.message
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # The limit counts whole seconds of the processor. A clock on the wall would count other programs' work too.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < CPU_SECONDS + 1


def test_template_over_its_size_is_refused() -> None:
    with pytest.raises(AppError, match="64 KiB"):
        render("#" * 70_000)


def test_template_with_tls_uses_the_apps_own_certificate() -> None:
    text = """server { listen 443 ssl http2; server_name blog.example.com;
        ssl_certificate {{ SSL_CERTIFICATE }}; ssl_certificate_key {{ SSL_CERTIFICATE_KEY }}; return 200; }"""
    out = render(text, ports=(Port("https", 443, 5000),), certificate=Certificate("/a/c.pem", "/a/k.pem"))
    assert "ssl_certificate /a/c.pem;" in out
    assert "# socket 0.0.0.0 443 tls\n" in out


def test_claims_of_a_template_are_what_it_really_listens_on() -> None:
    out = render(
        "server { listen 80; server_name blog.example.com; return 200; }",
        domains=(Domain("blog.example.com"), Domain("www.example.com")),
    )
    assert "# name blog.example.com" in out
    assert "www.example.com" not in out
    assert "[::]" not in out


@pytest.mark.parametrize(
    "text",
    [
        "a b;",
        "a \"b c\" 'd;e' {f g;}",
        "a \\.php$ \"q\\\"q\" 'x\\'y' ${v}z;",
        'a "{}" "#" "\\\\";',
        "a b#c;",
        'a "x\\ty";',
        'a "";',
    ],
)
def test_what_is_written_reads_back_as_the_same_words(text: str) -> None:
    once = parse(text)
    again = parse(write(once))
    assert strip(again) == strip(once)


def strip(directives: list) -> list:  # type: ignore[type-arg]
    return [(d.name, d.args, None if d.block is None else strip(d.block)) for d in directives]


@pytest.mark.parametrize("text", ["a", "{", "}", "a {", ";", 'a "b', "a }", "a b c", "a ${x y};", 'a "b"c;'])
def test_broken_syntax_is_a_fault_with_its_line(text: str) -> None:
    with pytest.raises(ConfigSyntaxError) as caught:
        parse("\n" + text)
    assert caught.value.line == 2


def test_ordinary_patterns_are_not_called_costly() -> None:
    for pattern in (r"\.(jpg|jpeg|png)$", r"^/api/(.*)$", r"^/([a-z]+)/([0-9]+)/?$", r"(?:foo|bar)?baz"):
        assert not is_costly(pattern)
