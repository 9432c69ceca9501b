"""What an app is like, beside its failures: new, stopped, or running."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dokkupy_sdk import Host
    from dokkupy_sdk.diagnosis import Cause
    from dokkupy_sdk.names import AppName


def unreachable(host: Host, app: AppName) -> Iterator[Cause]:
    """Why requests do not reach a deployed app, as far as the state says it."""
    from dokkupy_apps.routing.routes import why_unreachable
    from dokkupy_sdk.diagnosis import FACT, Cause

    if reason := why_unreachable(host, app):
        yield Cause(reason, sure=FACT)


def lost_image(host: Host, app: AppName) -> Iterator[Cause]:
    """The image of the serving release, if the engine has lost it."""
    from dokkupy_apps.releases.records import current
    from dokkupy_sdk.diagnosis import FACT, Cause

    release, _ = current(host, app)
    if release is not None and host.images().find(release.image) is None:
        fix = (
            f"ps:start {app} builds it again from {release.revision[:8] or 'its source'}, or deploy again: git push",
        )
        yield Cause(f"The image of v{release.number} is missing from the engine", fix, sure=FACT)


def interrupted(host: Host, app: AppName) -> list[str]:
    """A sentence about the last build, if it was interrupted."""
    from dokkupy_apps.interrupted import interrupted_build

    began = interrupted_build(host, app)
    if not began:
        return []
    return [f"Its build of {began} was interrupted, so nothing of it serves: push again, or ps:rebuild {app}"]


def state_of(host: Host, app: AppName, *, is_well: bool) -> tuple[str, list[str]]:
    """new, stopped, failing or running; and sentences about it. is_well: no failure is known."""
    from dokkupy_apps.desired.status import should_run
    from dokkupy_sdk.state import AppFile, FailedFile, ServingFile

    serving, failed = host.store.find(ServingFile, app), host.store.find(FailedFile, app)
    notes = [f"It is locked against deploys: apps:unlock {app}"] if host.store.load(AppFile, app).locked else []
    notes += interrupted(host, app)
    if serving is None:
        first = [f"{app} has not been deployed yet: push its code (git push HOST:{app} main), or git:from-image"]
        return "new", [*(first if is_well else []), *notes]
    if not should_run(host, app):
        return "stopped", [f"{app} was stopped: ps:start {app} starts it", *notes]
    if not is_well:
        return "failing", notes
    past = (
        [f"The deploy that failed at {failed.at} is over, because a later one succeeded: {failed.reason}"]
        if failed is not None
        else []
    )
    return "running", [
        f"{app} runs its release v{serving.release}, and nothing is known that keeps requests from it.",
        *past,
        *notes,
    ]
