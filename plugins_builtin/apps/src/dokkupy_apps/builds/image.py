"""Build an image from a source: choose the part that is built, the builder and the environment."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping

from dokkupy_sdk import hooks as hookspecs
from dokkupy_sdk.builder import builder_of
from dokkupy_sdk.model import Build, Image, Source
from dokkupy_sdk.names import EnvKey, Secret
from dokkupy_sdk.operation import Transaction, call
from dokkupy_sdk.waiting import waiting

from dokkupy_apps.builds.build_slot import build_slot
from dokkupy_apps.builds.builder_choice import built_part, choose_builder
from dokkupy_apps.builds.heading import heading, report_image
from dokkupy_apps.desired.config import merged_env, validated
from dokkupy_apps.releases.private_names import private_part
from dokkupy_apps.releases.records import (
    drop_image,
)


def prepare_source(tx: Transaction, source: Source) -> Source:
    """The part of the source that is built, after the plugins checked it."""
    host = tx.host
    source = built_part(host, source)
    host.hooks.emit(hookspecs.post_source_receive, host=host, source=source, tx=tx)
    return source


def build(
    tx: Transaction,
    source: Source,
    tag: str,
    *,
    no_cache: bool,
    labels: Mapping[str, str],
) -> tuple[str, Image]:
    """The name of the builder, and the image, which has the tag."""
    host, app = tx.host, source.app
    name = choose_builder(host, source)
    env = merge_plugin_env(host.hooks.gather(hookspecs.build_env, host=host, source=source))
    env.update({str(key): value for key, value in merged_env(host, app).items()})
    options = tuple(
        word
        for _, word in host.hooks.gather(
            hookspecs.container_options, host=host, app=app, phase="build", process="build"
        )
    )
    request = Build(
        id=tx.id,
        source=source,
        builder=name,
        env=env,
        options=(*options, "--no-cache") if no_cache else options,
        tag=tag,
        private=private_part(host.store, app),
        labels={
            "dokku": "",
            "com.dokku.app-name": app,
            "com.dokku.image-stage": "release",
            "dokkupy.app": app,
            "org.label-schema.schema-version": "1.0",
            "org.label-schema.vendor": "dokku",
            **labels,
        },
    )
    host.out.section(heading(host, source, name))
    began = time.monotonic()
    host.hooks.emit(hookspecs.pre_build, host=host, build=request, tx=tx)

    def run_builder() -> Image:
        with build_slot(host, app), waiting(host.out, f"Building {app}"):
            return builder_of(host, name).build(request)

    image = tx.step(
        f"build the image with the builder {name}", run_builder, undo=call(drop_image, ref=tag), planned=Image("")
    )
    if not host.dry_run:
        report_image(host, image, began)
    host.hooks.emit(hookspecs.post_build, host=host, build=request, image=image, tx=tx)
    return name, image


def merge_plugin_env(facts: Iterable[tuple[str, tuple[str, Secret]]]) -> dict[str, Secret]:
    """Add the variables of plugins, such as those of an app.json. They are validated like the app's own variables."""
    return {key: Secret(validated(key, value.reveal())) for key, value in ((EnvKey(k), v) for _, (k, v) in facts)}
