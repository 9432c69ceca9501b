"""Sending: to all addresses at the same time, with one time limit. Imported only where there is an address."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from dokkupy_sdk import Host
from dokkupy_sdk.names import AppName, Secret

from dokkupy_webhook.settings import SETTINGS, what_is_wrong

SIGNATURE = "X-Dokkupy-Signature-256"


@dataclass
class Delivery:
    """What became of the news at one address. place: its host and port, the part of it that is no secret."""

    place: str
    error: str = "it did not answer in time"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would take the news, and its signature, to an address that nobody set."""

    def redirect_request(self, *_args: object, **_keywords: object) -> None:
        return None


def signature(secret: Secret, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()


def send(host: Host, app: AppName | None, event: str, facts: dict[str, Any]) -> list[Delivery]:
    """Send the news of an app (None: to the global addresses); empty when there is no address. Never raises."""
    values = SETTINGS.all(host.store, app)
    urls = values["url"].split()
    identifier = str(uuid.uuid4())
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    body = json.dumps({"event": event, **facts, "id": identifier, "time": now}).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "dokkupy-webhook",
        "X-Dokkupy-Event": event,
        "X-Dokkupy-Delivery": identifier,
    }
    if values["secret"]:
        headers[SIGNATURE] = signature(Secret(values["secret"]), body)
    limit = int(values["timeout"])
    deliveries = [Delivery(urlsplit(url).netloc.rpartition("@")[2]) for url in urls]
    # A thread each, because a time limit of a socket is one for each byte: who answers slowly enough never hits it.
    # They are daemons, so one that is still waiting does not hold up the end of the process.
    threads = [
        threading.Thread(target=post, args=(url, body, headers, limit, delivery), daemon=True)
        for url, delivery in zip(urls, deliveries, strict=True)
    ]
    for thread in threads:
        thread.start()
    end = time.monotonic() + limit
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    # Copies: a late thread may still write to its own.
    return [Delivery(one.place, one.error) for one in deliveries]


def post(url: str, body: bytes, headers: dict[str, str], limit: int, delivery: Delivery) -> None:
    """POST once, and write down what was wrong; an empty error says that a status of 2xx came back."""
    complaint = what_is_wrong(url)  # again: the state file may have been edited by hand
    if complaint:
        delivery.error = f"the address {complaint}"
        return
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")
    try:
        urllib.request.build_opener(NoRedirect).open(request, timeout=limit).close()
        delivery.error = ""
    except urllib.error.HTTPError as error:
        delivery.error = f"it answered {error.code}"
        error.close()
    except urllib.error.URLError as error:
        delivery.error = f"it cannot be reached: {error.reason}"
    except Exception as error:  # nobody is above a thread to catch it
        # The name alone: the text can quote the address or whatever was answered.
        delivery.error = f"it did not answer as a web server does ({type(error).__name__})"
