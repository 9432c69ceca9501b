"""The contract of the role Proxy fails adapters that break one promise each, so that a stub cannot pass it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from dokkupy_sdk import proxy_facts
from dokkupy_sdk.model import Route, Unserved
from dokkupy_sdk.names import AppName, Domain
from dokkupy_sdk.proxy_facts import (
    AccessRule,
    BasicAuth,
    BodySizeLimit,
    DomainRedirect,
    Location,
    ProxyFact,
    RateLimit,
    Redirect,
    ResponseHeader,
)
from dokkupy_sdk.testing import fakes
from dokkupy_sdk.testing.fakes import FakeProxy

from plugin_sdk.tests import test_contracts

BROKEN: dict[str, tuple[type[FakeProxy], str]] = {}
"""By name: a broken adapter, and the test of the contract that finds it."""


def broken(test: str) -> Callable[[type[FakeProxy]], type[FakeProxy]]:
    def listed(adapter: type[FakeProxy]) -> type[FakeProxy]:
        BROKEN[adapter.__name__] = adapter, test
        return adapter

    return listed


class Serving(FakeProxy):
    """Keeps everything as the fake does and serves something else."""

    def serving(self) -> Mapping[str, Route]:
        return {app: self.served_as(route) for app, route in self.routes.items()}

    def served_as(self, route: Route) -> Route:
        return route


@broken("test_the_same_route_again_changes_nothing")
class RecordsAlone(FakeProxy):
    """A stub: it remembers all that it is asked for, and serves nothing."""

    def serving(self) -> Mapping[str, Route]:
        return {}


@broken("test_each_name_of_a_route_reaches_the_instance_and_no_other_name_does")
class ServesTheFirstName(Serving):
    def served_as(self, route: Route) -> Route:
        return replace(route, domains=route.domains[:1])


@broken("test_a_secure_name_is_served_over_tls_with_its_certificate")
class ServesWithoutTls(Serving):
    def served_as(self, route: Route) -> Route:
        return replace(route, certificate=None, certificates={})


@broken("test_each_name_has_its_own_certificate_and_a_name_without_one_stays_plain")
class HasOneCertificateForAllNames(Serving):
    def served_as(self, route: Route) -> Route:
        return replace(route, certificate=next(iter(route.certificates.values()), route.certificate), certificates={})


@broken("test_all_instances_of_a_route_get_requests")
class UsesTheFirstInstance(Serving):
    def served_as(self, route: Route) -> Route:
        return replace(route, upstreams={port: upstreams[:1] for port, upstreams in route.upstreams.items()})


@broken("test_ports_of_a_route_lead_to_their_own_instances")
class LeadsAllPortsToOneInstance(Serving):
    def served_as(self, route: Route) -> Route:
        return replace(route, upstreams=dict.fromkeys(route.upstreams, next(iter(route.upstreams.values()), ())))


@broken("test_a_header_is_on_every_response_unchanged")
class AddsNoHeader(Serving):
    def served_as(self, route: Route) -> Route:
        return replace(route, extra=tuple(fact for fact in route.extra if not isinstance(fact, ResponseHeader)))


@broken("test_a_location_serves_its_files_and_the_app_all_other_paths")
class ServesNoLocation(Serving):
    def served_as(self, route: Route) -> Route:
        return replace(route, extra=tuple(fact for fact in route.extra if not isinstance(fact, Location)))


class ChangesLocations(Serving):
    changes: Mapping[str, object] = {}

    def served_as(self, route: Route) -> Route:
        changed = (replace(one, **self.changes) if isinstance(one, Location) else one for one in route.extra)
        return replace(route, extra=tuple(changed))  # type: ignore[arg-type]


@broken("test_a_location_with_a_status_answers_every_path_below_with_its_page")
class ForgetsTheStatusOfALocation(ChangesLocations):
    changes = {"status": 0}


@broken("test_an_exact_location_is_one_path")
class TakesExactLocationsForDirectories(ChangesLocations):
    changes = {"exact": False}


@broken("test_a_location_is_served_before_the_redirect_to_tls_unless_it_is_not_for_http")
class ServesEveryLocationOverHttp(ChangesLocations):
    changes = {"on_http_too": True}


@broken("test_a_location_of_everything_takes_the_place_of_the_app_and_of_the_redirect")
class ServesNoLocationBeforeTheRedirect(ChangesLocations):
    changes = {"on_http_too": False}


class WithoutFacts(Serving):
    kind: type[ProxyFact] = ProxyFact

    def served_as(self, route: Route) -> Route:
        return replace(route, extra=tuple(fact for fact in route.extra if not isinstance(fact, self.kind)))


@broken("test_only_a_valid_name_and_password_are_accepted")
class AsksForNoPassword(WithoutFacts):
    kind = BasicAuth


class ChangesPasswords(Serving):
    changes: Mapping[str, object] = {}

    def served_as(self, route: Route) -> Route:
        changed = (replace(one, **self.changes) if isinstance(one, BasicAuth) else one for one in route.extra)
        return replace(route, extra=tuple(changed))  # type: ignore[arg-type]


@broken("test_a_password_that_is_known_by_its_hash_gets_in_and_the_hash_does_not")
class TakesHashesForPasswords(ChangesPasswords):
    changes = {"hashed": False}


@broken("test_clients_from_exempt_addresses_are_not_asked_for_a_password[exempt0-200]")
class AsksEveryAddress(ChangesPasswords):
    changes = {"exempt": ()}


@broken("test_show_prints_no_password")
class ShowsPasswords(FakeProxy):
    def show(self, app: AppName) -> str:
        facts = self.routes[app].extra if app in self.routes else ()
        users = [user for fact in facts if isinstance(fact, BasicAuth) for user in fact.users]
        return super().show(app) + "".join(f"{name}:{password.reveal()}" for name, password in users)


@broken("test_clients_get_in_by_their_address[rule0-403]")
class ServesEveryAddress(WithoutFacts):
    kind = AccessRule


@broken("test_a_client_that_sends_too_many_requests_gets_429")
class LimitsNoRate(WithoutFacts):
    kind = RateLimit


@broken("test_a_body_over_the_limit_gets_413")
class TakesEveryBody(WithoutFacts):
    kind = BodySizeLimit


@broken("test_a_path_is_redirected_with_all_below_it")
class RedirectsNoPath(WithoutFacts):
    kind = Redirect


@broken("test_a_name_is_redirected_with_the_path_and_the_others_reach_the_app")
class RedirectsNoName(WithoutFacts):
    kind = DomainRedirect


class ChangesRedirects(Serving):
    changes: Mapping[str, object] = {}

    def served_as(self, route: Route) -> Route:
        changed = (replace(one, **self.changes) if isinstance(one, Redirect) else one for one in route.extra)
        return replace(route, extra=tuple(changed))  # type: ignore[arg-type]


@broken("test_an_exact_redirect_is_of_one_path")
class TakesExactRedirectsForAllBelow(ChangesRedirects):
    changes = {"exact": False}


@broken("test_a_path_is_redirected_with_all_below_it")
class ForgetsTheStatusOfARedirect(ChangesRedirects):
    changes = {"status": 301}


@broken("test_facts_of_one_app_are_not_facts_of_another")
class GivesFactsToAllApps(Serving):
    def serving(self) -> Mapping[str, Route]:
        facts = tuple(fact for route in self.routes.values() for fact in route.extra)
        return {app: replace(route, extra=facts) for app, route in self.routes.items()}


@broken("test_a_removed_route_no_longer_reaches_its_instance")
class KeepsWhatIsRemoved(FakeProxy):
    def __init__(self, *words: object) -> None:
        super().__init__(*words)  # type: ignore[arg-type]
        self.ever: dict[str, Route] = {}

    def serving(self) -> Mapping[str, Route]:
        self.ever |= self.routes
        return self.ever

    def apply(self, routes: Sequence[Route], *, remove: Sequence[AppName] = ()) -> None:
        super().apply(routes, remove=remove)
        self.serving()


@broken("test_every_request_after_an_application_reaches_the_new_instances_alone")
class NeverReplaces(FakeProxy):
    def __init__(self, *words: object) -> None:
        super().__init__(*words)  # type: ignore[arg-type]
        self.first: dict[str, Route] = {}

    def serving(self) -> Mapping[str, Route]:
        return {app: self.first.setdefault(app, route) for app, route in self.routes.items()}

    def apply(self, routes: Sequence[Route], *, remove: Sequence[AppName] = ()) -> None:
        super().apply(routes, remove=remove)
        self.serving()


@broken("test_the_other_apps_routes_are_kept")
class DropsTheOtherApps(FakeProxy):
    def apply(self, routes: Sequence[Route], *, remove: Sequence[AppName] = ()) -> None:
        super().apply(routes, remove=remove)
        self.routes = {str(route.app): route for route in routes} or self.routes


@broken("test_a_refused_route_names_its_app_and_no_route_is_applied")
class AppliesOneAfterTheOther(FakeProxy):
    def apply(self, routes: Sequence[Route], *, remove: Sequence[AppName] = ()) -> None:
        super().apply([], remove=remove)
        for route in routes:
            super().apply([route])


@broken("test_validating_changes_nothing")
class AppliesWhatItValidates(FakeProxy):
    def validate(self, routes: Sequence[Route]) -> None:
        self.apply(routes)


@broken("test_an_invalid_fact_is_refused_and_changes_nothing")
class RefusesNothing(FakeProxy):
    def require_accepted(self, routes: Sequence[Route], others: Mapping[str, Route]) -> None: ...


@broken("test_without_instances_a_route_is_unserved")
class FindsEverythingServed(FakeProxy):
    def unserved(self, route: Route) -> tuple[Unserved, ...]:
        return ()


@broken("test_an_applied_route_is_there_and_shown")
class ShowsNothing(FakeProxy):
    def show(self, app: AppName) -> str:
        return ""


@broken("test_every_name_may_be_the_route_s")
class GivesNothingToAllNames(Serving):
    def served_as(self, route: Route) -> Route:
        return replace(route, domains=route.domains or (Domain("none.invalid"),))


@broken("test_a_tcp_port_passes_on_what_both_sides_say")
class ServesNoTcp(Serving):
    def served_as(self, route: Route) -> Route:
        return replace(route, ports=tuple(port for port in route.ports if port.scheme != "tcp"))


@broken("test_a_udp_port_passes_on_datagrams_and_a_client_stays_at_one_instance")
class ServesNoUdp(Serving):
    def served_as(self, route: Route) -> Route:
        return replace(route, ports=tuple(port for port in route.ports if port.scheme != "udp"))


@broken("test_a_port_belongs_to_one_app_also_while_nothing_runs")
class SharesPorts(FakeProxy):
    def require_accepted(self, routes: Sequence[Route], others: Mapping[str, Route]) -> None: ...


@broken("test_a_tcp_port_is_unserved_where_no_instance_takes_connections")
class FindsPortsServed(FakeProxy):
    def unserved(self, route: Route) -> tuple[Unserved, ...]:
        return ()


class Outcomes:
    """failed: the classes of which a test failed. errors: what went wrong outside a test."""

    def __init__(self) -> None:
        self.failed: set[str] = set()
        self.errors: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and report.when == "call":
            self.failed.add(report.nodeid.split("::")[1])
        elif report.failed:
            self.errors.append(report.longreprtext)


MODULE = """
import socket

import pytest

from plugin_sdk.tests import test_contracts, test_proxy_contract
from plugin_sdk.tests.test_contracts import host

class Impatient(test_contracts.TestFakeProxy):
    __test__ = False

    @pytest.fixture
    def sender(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(0.1)  # a broken adapter may not be waited for
            yield client

for name, (adapter, _) in test_proxy_contract.BROKEN.items():
    globals()[f"Test{name}"] = type(f"Test{name}", (Impatient,), {"adapter": adapter, "__test__": True})
"""


def test_every_broken_adapter_fails_a_test_of_the_contract(tmp_path: Path) -> None:
    module = tmp_path / "test_broken.py"
    module.write_text(MODULE)
    outcomes = Outcomes()
    tests = [f"{module}::Test{name}::{test}" for name, (_, test) in BROKEN.items()]
    options = ["-p", "no:cacheprovider", "-p", "no:terminal", "--rootdir", str(tmp_path), "--import-mode=importlib"]
    pytest.main([*options, *tests], plugins=[outcomes])
    assert outcomes.errors == []
    assert sorted({*BROKEN} - {name.removeprefix("Test") for name in outcomes.failed}) == []


def test_every_kind_of_fact_is_in_the_contract() -> None:
    """Its stub is among the broken adapters, whose test the contract has."""
    kinds = {one for one in vars(proxy_facts).values() if isinstance(one, type) and issubclass(one, ProxyFact)}
    stubs = {AddsNoHeader: ResponseHeader, ServesNoLocation: Location}
    covered = {*stubs.values(), *(one.kind for one, _ in BROKEN.values() if issubclass(one, WithoutFacts))}
    assert kinds - {ProxyFact} == covered, "give the new fact tests in contracts/proxy_rules.py"
    assert fakes.FakeProxy is test_contracts.TestFakeProxy.adapter
