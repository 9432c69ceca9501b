"""For tests of plugins: a complete host in a temporary directory, with a fake for every role.

    from dokkupy_sdk.testing import fake_host

    from dokkupy_apps.testing import deploy

    def test_something(tmp_path):
        host = fake_host(tmp_path)
        deploy(host, "blog", {"Procfile": "web: serve"})
        assert host.proxy().routes["blog"].upstreams

The fakes keep the promises of the roles' docstrings; their public attributes record what they were asked to do.
"""

from dokkupy_sdk.dry_run import dry
from dokkupy_sdk.testing.fake_access_log import FakeAccessLog
from dokkupy_sdk.testing.fake_engine import FakeEngine
from dokkupy_sdk.testing.fake_tls import FakeChallengeServer, FakeTlsProbe
from dokkupy_sdk.testing.fakes import (
    FakeBuilder,
    FakeProxy,
    FakeScheduler,
    FakeSource,
)
from dokkupy_sdk.testing.hosts import FakeHost, RecordingConsole, fake_host

__all__ = [
    "FakeAccessLog",
    "FakeBuilder",
    "FakeChallengeServer",
    "FakeEngine",
    "FakeHost",
    "FakeProxy",
    "FakeScheduler",
    "FakeSource",
    "FakeTlsProbe",
    "RecordingConsole",
    "dry",
    "fake_host",
]
