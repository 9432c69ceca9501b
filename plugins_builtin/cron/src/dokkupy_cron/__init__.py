"""Scheduled tasks: a due task is started once and watched until it ends, and its result is recorded."""
