"""Sending: the standard library will do for one POST without redirects."""

from __future__ import annotations

import hashlib
import hmac
import json
import urllib.error
import urllib.request
from typing import Any

from dokkupy_sdk import Host
from dokkupy_sdk.errors import HostFault
from dokkupy_sdk.names import AppName

from dokkupy_webhook.settings import SETTINGS

SIGNATURE = "X-Dokkupy-Signature-256"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would take the news, and its signature, to an address that nobody set."""

    def redirect_request(self, *_args: object, **_keywords: object) -> None:
        return None


def signature(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def send(host: Host, app: AppName, news: dict[str, Any]) -> bool:
    """Send the news of an app; False when it has no address. Raises HostFault when it was not taken."""
    values = SETTINGS.all(host.store, app)
    if not values["url"]:
        return False
    body = json.dumps(news).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "dokkupy-webhook"}
    if values["secret"]:
        headers[SIGNATURE] = signature(values["secret"], body)
    request = urllib.request.Request(values["url"], data=body, headers=headers, method="POST")
    try:
        with urllib.request.build_opener(NoRedirect).open(request, timeout=int(values["timeout"])):
            return True
    except urllib.error.HTTPError as error:
        # The address may hold a token: it is not repeated.
        raise HostFault(f"The webhook of {app} answered {error.code}", hint=f"Look at: webhook:report {app}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise HostFault(f"The webhook of {app} cannot be reached: {reason}") from None
