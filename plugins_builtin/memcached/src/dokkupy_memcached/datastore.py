"""memcached, by its official image (https://hub.docker.com/_/memcached). It is a cache, so it stores nothing
permanently. It has no users (https://docs.memcached.org/serverguide/): every linked app may use it, and nothing else
can reach it."""

from __future__ import annotations

from dokkupy_sdk.errors import DokkupyError
from dokkupy_services.role import ContainerConfig, Datastore, Service, ServiceExec

ASK = """
if command -v bash >/dev/null; then
  exec bash -euc 'exec 3<>/dev/tcp/127.0.0.1/11211; printf "version\\r\\n" >&3; IFS= read -r -t 5 line <&3; echo "$line"'
fi
printf 'version\\r\\nquit\\r\\n' | nc 127.0.0.1 11211
"""
"""The image has no client. The image with Debian has bash, and that with Alpine has busybox."""

CONNECT = r"""
if command -v bash >/dev/null; then exec bash -euc '
  exec 3<>/dev/tcp/127.0.0.1/11211 4<&0
  cat <&3 & answers=$!
  (sed -u "s/\r*$/\r/" <&4 >&3; printf "quit\r\n" >&3) 2>/dev/null & words=$!
  wait $answers
  kill $words 2>/dev/null || true
'; fi
exec nc 127.0.0.1 11211
"""
"""Talk to the server until `quit` or the end of the input. With bash, each line gets the two characters that end a line
in the protocol. Without bash, nc sends exactly what was typed."""


class Memcached(Datastore):
    kind = "memcached"
    title = "Memcached"
    image = "memcached:1.6"
    port = 11211
    ports = (11211,)
    scheme = "memcached"
    alias = "MEMCACHED"
    data = ""
    dumps = False
    authenticates = False
    stop_seconds = 5
    start_seconds = 30

    def user_of(self, name: str) -> str:
        return ""

    def container_config(self, service: Service) -> ContainerConfig:
        # A fifth of the container's memory remains for connections, threads and the hash table.
        limit = ("-m", str(max(1, int(service.memory) * 4 // 5))) if service.memory else ()
        return ContainerConfig(command=("memcached", *limit))

    def url(self, service: Service, hostname: str, port: int) -> str:
        return f"{self.scheme}://{hostname}:{port}"

    def ready(self, inside: ServiceExec) -> bool:
        try:
            return bool(self.version(inside))
        except DokkupyError:
            return False

    def connect(self, service: Service) -> tuple[str, ...]:
        return ("sh", "-euc", CONNECT)

    def version(self, inside: ServiceExec) -> str:
        answer = inside.run(("sh", "-euc", ASK), timeout=10).split()
        return answer[1] if answer[:1] == ["VERSION"] else ""

    def keeps_data(self, old: str, new: str) -> bool:
        return True
