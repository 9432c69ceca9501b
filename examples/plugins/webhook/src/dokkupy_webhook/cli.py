"""`webhook:*`."""

from __future__ import annotations

from dokkupy_apps.settings.property_commands import add_property_commands
from dokkupy_sdk.cli import Annotated, Arg, CommandResult, Group, Host
from dokkupy_sdk.errors import HostError, UserError
from dokkupy_sdk.names import AppName

from dokkupy_webhook.settings import SETTINGS

group = Group("webhook", "Tell web addresses how deploys and backups ended")


def places(host: Host, app: AppName | None) -> dict[str, str]:
    """What may be shown of the addresses."""
    from urllib.parse import urlsplit

    urls = SETTINGS.get(host.store, app, "url").split()
    return {"hosts": " ".join(urlsplit(url).netloc.rpartition("@")[2] for url in urls)}


# The host itself sends the requests, into its own network too: so this takes an admin.
add_property_commands(group, SETTINGS, permission="app:admin", extra=places)


@group.command("test", permission="app:admin", mutating=True)
def test(host: Host, app: Annotated[AppName, Arg("app")]) -> CommandResult:
    """Send a ping, and say who took it."""
    host.store.require_app(app)
    found = places(host, app)["hosts"]
    if not found:
        raise UserError(f"App {app} has no webhook", hint=f"Set it: dokkupy webhook:set {app} url https://...")
    if host.dry_run:
        host.plan.extend(f"send a ping to {place}" for place in found.split())
        return CommandResult()
    from dokkupy_webhook.send import send

    deliveries = send(host, app, "ping", {"app": str(app)})
    failed = tuple(f"{one.place}: {one.error}" for one in deliveries if one.error)
    if failed:
        raise HostError(
            f"{len(failed)} of {len(deliveries)} webhooks of {app} did not accept the test message",
            details=failed,
            code="webhook_failed",
        )
    rows = [{"host": one.place, "delivered": True} for one in deliveries]
    return CommandResult({"app": app, "deliveries": rows}, [f"-----> {one.place} took it" for one in deliveries])
