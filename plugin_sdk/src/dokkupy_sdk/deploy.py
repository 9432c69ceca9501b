"""Deploys: made, and what serves and is kept."""

from dokkupy.usecases.build_slot import memory_cap
from dokkupy.usecases.builder_choice import built_part
from dokkupy.usecases.builds import purge_cache
from dokkupy.usecases.deploy import deploy_source, with_state
from dokkupy.usecases.processes import restart_with_config
from dokkupy.usecases.releases import current, releases
from dokkupy.usecases.reroute import apply_route, reroute
from dokkupy.usecases.rollout import converge
from dokkupy.usecases.tasks import run_task

__all__ = [
    "apply_route",
    "built_part",
    "converge",
    "current",
    "deploy_source",
    "memory_cap",
    "purge_cache",
    "releases",
    "reroute",
    "restart_with_config",
    "run_task",
    "with_state",
]
