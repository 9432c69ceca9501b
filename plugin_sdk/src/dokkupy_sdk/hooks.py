"""Hooks that plugins call: `host.hooks.ask(dns_challenge, host=host, ...)`. Core calls the others."""

from dokkupy.hookspecs import (
    app_guests,
    backup_subjects,
    container_options,
    dns_challenge,
    on_backup_finished,
    post_config_change,
    post_service_create,
    post_service_link,
    post_service_rename,
    post_service_unlink,
    pre_service_destroy,
    service_link,
)

__all__ = [
    "app_guests",
    "backup_subjects",
    "container_options",
    "dns_challenge",
    "on_backup_finished",
    "post_config_change",
    "post_service_create",
    "post_service_link",
    "post_service_rename",
    "post_service_unlink",
    "pre_service_destroy",
    "service_link",
]
