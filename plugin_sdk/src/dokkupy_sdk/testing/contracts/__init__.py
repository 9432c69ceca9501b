"""What every adapter of a role promises, as pytest classes to inherit.

    from dokkupy_sdk.testing.contracts import EngineContract

    class TestMyEngine(EngineContract):
        @pytest.fixture
        def engine(self, tmp_path):
            return MyEngine(fake_host(tmp_path))

Each test is one promise. A class says in its docstring which fixtures it wants; the fakes pass the same classes, so
that a fast test that uses a fake is no rumour. Needs pytest: `pip install dokkupy-sdk[testing]`.
"""

from dokkupy_sdk.testing.contracts.access_log import AccessLogContract
from dokkupy_sdk.testing.contracts.builder import BuilderContract, DetectingContract
from dokkupy_sdk.testing.contracts.builds import ImageBuildsContract
from dokkupy_sdk.testing.contracts.engine import (
    ContainersContract,
    ContainerSessionsContract,
    EngineContract,
    ImagesContract,
    NetworksContract,
    VolumesContract,
)
from dokkupy_sdk.testing.contracts.language import LanguageContract
from dokkupy_sdk.testing.contracts.proxy import ProxyContract
from dokkupy_sdk.testing.contracts.registries import ImageRegistriesContract
from dokkupy_sdk.testing.contracts.scheduler import (
    InstancesContract,
    InstanceStatesContract,
    OneOffsContract,
    SchedulerContract,
    SurroundingsContract,
)
from dokkupy_sdk.testing.contracts.source import SourceContract, SourceHistoryContract
from dokkupy_sdk.testing.contracts.tls import ChallengeServerContract, TlsProbeContract

__all__ = [
    "AccessLogContract",
    "BuilderContract",
    "ChallengeServerContract",
    "ContainerSessionsContract",
    "ContainersContract",
    "DetectingContract",
    "EngineContract",
    "ImageRegistriesContract",
    "ImageBuildsContract",
    "ImagesContract",
    "InstanceStatesContract",
    "InstancesContract",
    "LanguageContract",
    "NetworksContract",
    "ProxyContract",
    "SchedulerContract",
    "SourceContract",
    "SourceHistoryContract",
    "OneOffsContract",
    "SurroundingsContract",
    "TlsProbeContract",
    "VolumesContract",
]
