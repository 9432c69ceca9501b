"""Hooks of core that plugins call: `host.hooks.gather(linked_containers, host=host, app=app)`. Core calls the others."""

from dokkupy.hookspecs import (
    container_options,
    doctor_checks,
    linked_containers,
    on_process_crashed,
    on_recover,
    post_app_clone,
    post_app_rename,
    scheduled_jobs,
    setup_changes,
    teardown_changes,
)

__all__ = [
    "container_options",
    "doctor_checks",
    "linked_containers",
    "on_process_crashed",
    "on_recover",
    "post_app_clone",
    "post_app_rename",
    "scheduled_jobs",
    "setup_changes",
    "teardown_changes",
]
