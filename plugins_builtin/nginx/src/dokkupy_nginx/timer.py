"""The timer's part: a lost tree comes back, what was set aside is tried again."""

from __future__ import annotations

from dokkupy_sdk import Host

from dokkupy_nginx.proxy import NginxProxy
from dokkupy_nginx.recovery.quarantine import clean, quarantined, retry


def tick(host: Host) -> None:
    """The timer's part: what was set aside is tried again; an nginx that is down is made able to start."""
    proxy: NginxProxy = host.role("proxy", "nginx")
    if proxy.prepare().ready:
        repair(proxy)
    if proxy.nginx.installed and proxy.nginx.pid() is None:
        clean(proxy)
    elif quarantined(proxy):
        retry(proxy)


def repair(proxy: NginxProxy) -> None:
    """Bring back the tree that is lost, and have nginx serve it."""
    if proxy.trees.is_whole:
        return
    proxy.apply([])
    if proxy.trees.is_whole and proxy.nginx.pid() is not None and proxy.served_generation() != proxy.trees.generation:
        proxy.reload()
