"""The proxy with its default configuration for an app, compared with the best handwritten nginx configuration on the
same machine.

It prints ratios of medians. No time is asserted.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from apps import Repository
from bed.host import Host

APPS = int(os.environ.get("APPS", "200"))
ROUNDS = os.environ.get("ROUNDS", "9")

SERVER = """
import asyncio, os
ANSWERS = {}
for path, size in ((b"/", 2), (b"/middle", 65536), (b"/large", 1048576)):
    ANSWERS[path] = b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\nContent-Type: text/plain\\r\\n\\r\\n" % size + b"x" * size
class Server(asyncio.Protocol):
    rest = b""
    def connection_made(self, transport): self.transport = transport
    def data_received(self, data):
        *requests, self.rest = (self.rest + data).split(b"\\r\\n\\r\\n")
        for request in requests:
            self.transport.write(ANSWERS[request.split(b" ", 2)[1]])
async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Server, "0.0.0.0", int(os.environ["PORT"]), backlog=1024)
    await server.serve_forever()
asyncio.run(main())
"""

BY_HAND = """
daemon on; pid /run/by-hand.pid; user www-data; worker_processes auto; events {{ worker_connections 16384; }}
http {{ {before} access_log {log}; sendfile on; tcp_nopush on;
ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:byhand:10m; ssl_session_timeout 1d;
ssl_certificate {chain}; ssl_certificate_key {key};
upstream app {{ server {upstream}; keepalive 64; }}
proxy_http_version 1.1; proxy_set_header Connection {connection}; proxy_set_header Host $http_host;
proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Port $server_port;
proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Request-Start $msec; {more}
server {{ listen {http}; server_name plain.{name}; location / {{ proxy_pass http://app; }} }}
server {{ listen {tls} ssl http2; server_name {name}; {secure} location / {{ proxy_pass http://app; }} }} }}
"""
BUFFERS = "proxy_buffer_size 32k; proxy_buffers 8 16k;"
SIMPLE = {"before": "", "connection": '""', "secure": ""}
HANDS = {
    "without a log": {**SIMPLE, "log": "off", "more": "", "http": 8082, "tls": 8442},
    "with log and buffers": {
        **SIMPLE,
        "log": "/var/log/nginx/by-hand.log combined buffer=64k flush=1s",
        "more": BUFFERS,
        "http": 8083,
        "tls": 8443,
    },
    "with the features of ours": {
        "before": """
            log_format timed '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                '"$http_referer" "$http_user_agent" $request_time';
            map $http_upgrade $connection_upgrade { default upgrade; "" ""; }
            limit_conn_zone $binary_remote_addr zone=by_address:10m;""",
        "connection": "$connection_upgrade",
        "secure": 'add_header Strict-Transport-Security "max-age=15724800; includeSubDomains" always;',
        "log": "/var/log/nginx/by-hand.log timed buffer=64k flush=1s",
        "more": f"{BUFFERS} limit_conn by_address 2000; limit_conn_status 429; "
        "proxy_set_header Upgrade $http_upgrade; proxy_set_header X-Real-IP $remote_addr;",
        "http": 8084,
        "tls": 8444,
    },
}
"""The last has the usual spellings of what ours does besides: the time in the log, WebSockets, HSTS, X-Real-IP, a limit of
requests by address. Still it believes any header Host, and sends a client's own X-Forwarded-Host and Forwarded on."""


def compare(host: Host, name: str, title: str) -> None:
    print(f"\n{title}: requests a second and 99th percentile, as ratios to nginx by hand, {', '.join(HANDS)}")
    for protocol, own in (("http", 80), ("https", 443)):
        key = "http" if protocol == "http" else "tls"
        ports = [own, *(hand[key] for hand in HANDS.values())]
        for path, seconds in (("", "1"), ("middle", "1"), ("large", "2")):
            asked = name if protocol == "https" else f"plain.{name}"
            urls = [f"{protocol}://{asked}:{port}/{path}" for port in ports]
            ran = host.exec(["python3", "/root/inside_proxy.py", ROUNDS, seconds, *urls])
            (rate, tail), *others = json.loads(ran.stdout)
            ratios = "   ".join(f"{rate / one:.3f}, {tail / slow:.3f}" for one, slow in others)
            what = f"{'HTTP/1.1' if protocol == 'http' else 'HTTP/2'} /{path}"
            print(f"  {what:<18} {rate:7.0f}/s {tail / 1000:7.1f} ms   {ratios}", flush=True)


def test_the_proxy_beside_one_by_hand(host: Host, app: str, repository: Repository) -> None:
    name = f"{app}.example.com"
    repository.write("web.py", SERVER)
    repository.write("app.json", "{}")
    repository.write("Procfile", "web: python3 web.py\n")
    repository.commit("answer fast")
    host.exec(["dokkupy", "apps:create", app])
    # names without a certificate are served over HTTP, and those with one are redirected to HTTPS
    host.exec(["dokkupy", "domains:set", app, name, f"plain.{name}"])
    host.git_push(repository.path, app)
    host.exec(["dokkupy", "certs:generate", app, name])
    host.exec(["apt-get", "-q", "update"])
    host.exec(["apt-get", "-q", "install", "-y", "--no-install-recommends", "nghttp2-client"])
    host.copy_in(Path(__file__).with_name("inside_proxy.py").read_bytes(), "/root/inside_proxy.py")
    config = host.exec(["dokkupy", "nginx:show-config", app]).stdout
    words = [line.split() for line in config.splitlines()]
    found = {line[0]: line[1].rstrip(";") for line in reversed(words) if len(line) > 1}
    facts = {"upstream": found["server"], "chain": found["ssl_certificate"], "key": found["ssl_certificate_key"]}
    for number, hand in enumerate(HANDS.values()):
        text = BY_HAND.format(**hand, **facts, name=name).replace("by-hand.pid", f"by-hand-{number}.pid")
        host.copy_in(text.encode(), f"/root/by-hand-{number}.conf")
        host.exec(["nginx", "-c", f"/root/by-hand-{number}.conf"])
    others: list[str] = []
    try:
        compare(host, name, "1 app")
        for number in range(1, APPS):
            others.append(f"{app}-{number}")
            host.exec(["dokkupy", "apps:clone", app, others[-1]])
        compare(host, name, f"{APPS} apps")
    finally:
        host.exec(["bash", "-c", "kill $(cat /run/by-hand-*.pid)"])
        for other in others:
            host.exec(["dokkupy", "apps:destroy", other, "--force"], check=False)
