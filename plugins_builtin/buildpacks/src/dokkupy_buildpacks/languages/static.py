"""Static sites, served by nginx with caching headers, clean URLs, a fallback for single-page apps, and a 404 page of
the site."""

from __future__ import annotations

from dokkupy_sdk.buildpack import Context, Copy, Language, Plan, Stage, Step, Toolchain, Tree
from dokkupy_sdk.errors import AppError

TOOLCHAIN = Toolchain("static", debian={"trixie": "13", "bookworm": "12"}, run_packages=("nginx-light",))
"""There is no official image, because that of nginx requires root."""

ROOTS = ("", "public", "dist", "site", "_site", "www", "docs")

CONFIGURATION = """\
daemon off;
error_log /dev/stderr warn;
pid /tmp/nginx.pid;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  access_log /dev/stdout;
  client_body_temp_path /tmp/body; proxy_temp_path /tmp/proxy; fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi; scgi_temp_path /tmp/scgi;
  sendfile on; tcp_nopush on; server_tokens off; etag on;
  gzip on; gzip_comp_level 5; gzip_min_length 512; gzip_vary on;
  gzip_types text/css text/plain text/xml application/javascript application/json application/xml image/svg+xml;
  map $uri $lifetime {{
    default "public, max-age=0, must-revalidate";
    "~*[.-][0-9a-f]{{8,}}\\." "public, max-age=31536000, immutable";
    "~*^/(assets|static|_next/static)/" "public, max-age=31536000, immutable";
  }}
  server {{
    listen __PORT__;
    root {root};
    absolute_redirect off;
    index index.html;
    {not_found}
    location ~ /\\.(?!well-known/) {{ return 404; }}
    location ~ ^(.+)\\.html$ {{
      # Exactly one leading slash, because `//host/` and `/\\host/` would redirect the visitor to another host.
      if ($request_uri ~ ^[/\\x5c]+([^?]*/|)index\\.html(\\?.*)?$) {{ return 301 /$1$2; }}
      if ($request_uri ~ ^[/\\x5c]+([^?]+)\\.html(\\?.*)?$) {{ return 301 /$1$2; }}
      add_header Cache-Control $lifetime always;
      try_files $uri =404;
    }}
    location / {{
      add_header Cache-Control $lifetime always;
      add_header X-Content-Type-Options nosniff always;
      try_files $uri $uri/index.html $uri.html {fallback};
    }}
  }}
}}
"""
"""The configuration of an nginx that runs as the app's user. It writes only to /tmp. The port is inserted at the
start."""


class Static(Language):
    name = "static"
    toolchain = TOOLCHAIN

    def detect(self, tree: Tree) -> int:
        if tree.has("static.json") or tree.has("Staticfile"):
            return 85
        return 40 if any(tree.has(f"{root}/index.html" if root else "index.html") for root in ROOTS) else 0

    def plan(self, tree: Tree, context: Context) -> Plan:
        facts = tree.json("static.json")
        root = facts.get("root")
        if root is None:
            root = next((one for one in ROOTS if tree.has(f"{one}/index.html" if one else "index.html")), "")
        root = str(root).strip("/")
        if ".." in root or not all(
            part.replace("-", "").replace("_", "").replace(".", "").isalnum() for part in root.split("/") if part
        ):
            raise AppError(f"static.json: root {root[:60]!r} is not a directory of the source")
        if root and not tree.has_directory(root):
            raise AppError(f"static.json: root {root!r} is not a directory of the source")
        return served("", root or ".", single_page=is_single_page(tree, default=False))


def is_single_page(tree: Tree, *, default: bool) -> bool:
    """Whether index.html answers unknown paths: static.json has the route `/**`, as for Heroku's buildpack, or
    `_redirects` has the line `/* /index.html 200`. If the site has a 404.html, the answer is no."""
    routes = tree.json("static.json").get("routes")
    if isinstance(routes, dict):
        return routes.get("/**") == "index.html"
    for path in ("_redirects", "public/_redirects"):
        if "/* /index.html 200" in " ".join((tree.text(path) or "").split()):
            return True
    if tree.has("404.html") or tree.has("public/404.html"):
        return False
    return default


def served(stage: str, path: str, *, single_page: bool) -> Plan:
    """The plan that serves a directory of a stage (empty: the source)."""
    text = CONFIGURATION.format(
        root="/site",
        not_found="error_page 404 /404.html;",
        fallback="/index.html" if single_page else "=404",
    )
    write = f"mkdir -p /conf; cat >/conf/nginx.conf <<'END'\n{text}END"
    return Plan(
        language="static",
        toolchain=TOOLCHAIN,
        stages=(Stage("server", (Step(write, title="Writing the configuration of the file server"),)),),
        copies=(Copy("server", "/conf", "/etc/site"), Copy(stage, path, "/site")),
        processes={
            "web": 'sh -c \'sed "s/__PORT__/${PORT:-5000}/" /etc/site/nginx.conf >/tmp/nginx.conf; '
            "exec nginx -c /tmp/nginx.conf'"
        },
    )
