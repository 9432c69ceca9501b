"""The timer's job: restores a lost tree, and tries again what was set aside."""

from __future__ import annotations

from dokkupy_sdk import Host

from dokkupy_nginx.proxy import NginxProxy
from dokkupy_nginx.recovery.quarantine import clean, quarantined, retry


def tick(host: Host) -> None:
    """Try again what was set aside, and make sure that an nginx that is down can start."""
    proxy: NginxProxy = host.role("proxy", "nginx")
    if proxy.prepare().ready:
        repair(proxy)
    if proxy.nginx.installed and proxy.nginx.pid() is None:
        clean(proxy)
    elif quarantined(proxy):
        retry(proxy)


def repair(proxy: NginxProxy) -> None:
    """Restore a lost tree, and let nginx serve it."""
    if proxy.trees.is_whole:
        return
    proxy.apply([])
    if proxy.trees.is_whole and proxy.nginx.pid() is not None and proxy.served_generation() != proxy.trees.generation:
        proxy.reload()
