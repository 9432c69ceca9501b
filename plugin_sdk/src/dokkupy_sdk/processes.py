"""The processes of an app: started, stopped, scaled, redeployed and rolled back."""

from dokkupy.usecases.processes import (
    rebuild,
    redeploy,
    restart_with_config,
    rollback,
    scale,
    start_app,
    stop_app,
)
from dokkupy.usecases.reconcile import reconcile
from dokkupy.usecases.retire import retire_due

__all__ = [
    "rebuild",
    "reconcile",
    "redeploy",
    "restart_with_config",
    "retire_due",
    "rollback",
    "scale",
    "start_app",
    "stop_app",
]
