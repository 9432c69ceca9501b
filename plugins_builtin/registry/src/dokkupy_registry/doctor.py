"""The doctor's findings about logins, and about releases that should be in a registry."""

from __future__ import annotations

from collections.abc import Iterator

from dokkupy_sdk import Host
from dokkupy_sdk.errors import DokkupyError
from dokkupy_sdk.model import Finding, RegistryLogin
from dokkupy_sdk.names import AppName
from dokkupy_sdk.registry_access import login_for

from dokkupy_registry.push import is_pushed, target
from dokkupy_registry.stored import PushedFile, as_logins

CHECK = "registry"


def findings(host: Host) -> Iterator[Finding]:
    asked: dict[tuple[str, str, str], DokkupyError | None] = {}
    for app in (None, *host.store.apps()):
        for login in as_logins(host, app):
            known = (login.server, login.user, login.password.reveal())
            if known not in asked:
                asked[known] = refusal(host, login)
            error = asked[known]
            if error is not None:
                again = f"dokkupy registry:login {app or '--global'} {login.server} {login.user} --password-stdin"
                remedy = again if error.code == "login_refused" else error.hint
                yield Finding(CHECK, "error", f"{error.message} (the login of {app or 'all apps'})", remedy=remedy)
        if app is not None and is_pushed(host, app):
            yield from of_pushes(host, app)


def refusal(host: Host, login: RegistryLogin) -> DokkupyError | None:
    """The reason why a registry refuses a login; None when it accepts it."""
    try:
        host.image_registries().check(login)
    except DokkupyError as error:
        return error
    return None


def of_pushes(host: Host, app: AppName) -> Iterator[Finding]:
    from dokkupy_apps.releases.records import current

    goes_to = target(host, app)
    if login_for(host, app, goes_to) is None:
        server = goes_to.partition("/")[0]
        yield Finding(
            CHECK,
            "warning",
            f"The releases of {app} are pushed to {goes_to}, but there is no login for {server}",
            remedy=f"dokkupy registry:login {app} {server} USERNAME --password-stdin",
        )
    release, _ = current(host, app)
    if release is not None and host.store.load(PushedFile, app).image != release.image:
        yield Finding(
            CHECK,
            "warning",
            f"The serving release {release.number} of {app} was not pushed to {goes_to}",
            remedy=f"dokkupy ps:restart {app}",
        )
