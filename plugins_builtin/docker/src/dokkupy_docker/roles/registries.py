"""The role ImageRegistries, by Docker: the engine talks to the registry, with the authorities that it trusts."""

from __future__ import annotations

import base64
import json

from dokkupy_sdk.errors import DokkupyError, HostError, UserError
from dokkupy_sdk.model import RegistryLogin
from dokkupy_sdk.registry_access import HUB, HUB_ADDRESS, server_of
from dokkupy_sdk.roles import ImageRegistries

from dokkupy_docker.engine_api import api
from dokkupy_docker.engine_api.errors import faults

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dokkupy_docker.engine import DockerEngine

REFUSED = (
    "unauthorized",
    "authentication required",
    "no basic auth",
    "denied",
    "insufficient_scope",
    "forbidden",
    "401",
)
"""Parts of the messages of engines if a registry refuses a login or requires one."""

UNKNOWN = ("manifest unknown", "name unknown", "not found", "does not exist", "name invalid")
UNREACHABLE = ("no such host", "connection refused", "timeout", "timed out", "no route", "deadline exceeded")


class DockerRegistries(ImageRegistries):
    """Registries, as the engine of this host reaches them."""

    def __init__(self, engine: DockerEngine) -> None:
        self.engine = engine

    def check(self, login: RegistryLogin) -> None:
        try:
            with faults(f"The registry {login.server}"):
                api.call("POST", "/auth", account(login))
        except DokkupyError as error:
            raise explained(f"The login at {login.server} as {login.user} failed", login.server, error) from None

    def digest(self, ref: str, login: RegistryLogin | None) -> str | None:
        try:
            with faults(f"The registry {server_of(ref)}"):
                found = api.call("GET", f"/distribution/{api.quoted(ref)}/json", headers=header(login))
        except DokkupyError as error:
            if says(error.message, REFUSED) or says(error.message, UNKNOWN):
                return None
            raise explained(f"The registry did not return the digest of {ref}", server_of(ref), error) from None
        return str(found["Descriptor"]["digest"])

    def push(self, image: str, ref: str, login: RegistryLogin | None) -> None:
        images = self.engine.images
        before = images.find(ref)
        name, _, tag = ref.rpartition(":")
        images.tag(image, ref)
        try:
            with faults(f"{ref} could not be pushed"):
                given = account(login) if login else None
                for event in self.engine.client.push(name, tag, stream=True, decode=True, auth_config=given):
                    if "error" in event:
                        raise HostError(str(event["error"]))
                    if event.get("status"):
                        self.engine.host.out.progress(f"{event['status']} {event.get('id', '')}")
        except DokkupyError as error:
            raise explained(f"{ref} could not be pushed", server_of(ref), error) from None
        finally:
            if before is not None:
                images.tag(before.id, ref)
            else:
                images.remove(ref)


def account(login: RegistryLogin) -> dict[str, str]:
    """As the engine's API has a login (https://docs.docker.com/reference/api/engine/version/v1.41/, "Authentication")."""
    server = HUB_ADDRESS if login.server == HUB else login.server
    return {"username": login.user, "password": login.password.reveal(), "serveraddress": server}


def header(login: RegistryLogin | None) -> dict[str, str]:
    if login is None:
        return {}
    return {"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(account(login)).encode()).decode()}


def says(text: str, signs: tuple[str, ...]) -> bool:
    return any(sign in text.lower() for sign in signs)


def explained(what: str, server: str, error: DokkupyError) -> DokkupyError:
    """The engine's error with a hint. Pure."""
    words = error.message
    if "x509" in words or "certificate" in words:
        hint = f"If its authority is your own, put the certificate in /etc/docker/certs.d/{server}/ca.crt and restart Docker."
        return HostError(what, details=(words,), hint=hint, code="untrusted_registry")
    if says(words, REFUSED):
        hint = f"Log in with a user that may do this: registry:login APP {server} USERNAME (--global: for all apps)."
        return UserError(what, details=(words,), hint=hint, code="login_refused")
    if says(words, UNREACHABLE):
        return HostError(what, details=(words,), hint=f"Check the name {server}, and that this host reaches it.")
    return HostError(what, details=(words,))
