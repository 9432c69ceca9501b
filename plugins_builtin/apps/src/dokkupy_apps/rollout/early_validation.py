"""The proxy validates the new route while the new instances start, so that the switch itself is fast."""

from __future__ import annotations

from dokkupy_sdk import Host
from dokkupy_sdk.failpoints import failpoints_count
from dokkupy_sdk.model import Route
from dokkupy_sdk.names import AppName
from dokkupy_sdk.operation import Transaction, call

from dokkupy_apps.rollout.ahead import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class EarlyValidation:
    """One call of `Proxy.validate_ahead` on a thread of its own, while the rollout continues."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.route: Route | None = None
        self._ended: Callable[[], BaseException | None] = lambda: None

    def begin(self, route: Route, tx: Transaction) -> None:
        tx.register_undo("validate the route", call(forget_validation, app=route.app))
        self.route = route
        failure: list[BaseException] = []

        def validate() -> None:
            try:
                self.host.proxy(route.app).validate_ahead([route])
            except BaseException as error:  # `end` raises it in the main thread
                failure.append(error)
            load(self.host, route.app)

        if failpoints_count():  # tests count failpoints, so their order must always be the same
            validate()
            self._ended = lambda: next(iter(failure), None)
            return
        import threading

        thread = threading.Thread(target=validate, name="validate the route", daemon=True)
        thread.start()

        def ended() -> BaseException | None:
            thread.join()
            return next(iter(failure), None)

        self._ended = ended

    def end(self, route: Route | None = None) -> None:
        """Wait for the validation. Raises the proxy's error for this route. If the route changed since, the error is
        ignored, because `apply` validates again."""
        error = self._ended()
        if error is not None and route == self.route:
            raise error


def forget_validation(host: Host, *, app: str) -> None:
    """Undo a validation: the proxy removes what it kept. Idempotent."""
    host.proxy(AppName(app)).validate_ahead(())
