"""What the programs are called with. Pure: values in, words out; values of variables are never among them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence


def pack(
    program: str,
    *,
    source: str,
    tag: str,
    builder: str,
    descriptor: str,
    keys: Iterable[str],
    buildpacks: Sequence[str],
    caches: Mapping[str, str] = {},
    previous: str = "",
) -> list[str]:
    """https://buildpacks.io/docs/for-platform-operators/how-to/integrate-ci/pack/cli/pack_build/

    keys: `--env KEY` takes the value from pack's own environment; its file of variables knows only one line for each, and
    trims them. caches: kind (build, launch) -> volume; without, pack makes two for each name of an image, which here is new each
    time. previous: an image whose layers may be used again.
    """
    words = [
        program,
        "build",
        tag,
        f"--path={source}",
        f"--builder={builder}",
        "--pull-policy=if-not-present",
        "--trust-builder",
        "--no-color",
    ]
    if descriptor:
        words.append(f"--descriptor={descriptor}")
    words += [f"--env={key}" for key in sorted(keys)]
    words += [f"--cache=type={kind};format=volume;name={name}" for kind, name in caches.items()]
    if previous:
        words.append(f"--previous-image={previous}")
    return [*words, *(f"--buildpack={one}" for one in buildpacks)]


def nixpacks(program: str, *, source: str, tag: str, config: str, keys: Iterable[str], caches: str) -> list[str]:
    """https://nixpacks.com/docs/cli: `--env KEY` takes the value from its own environment. caches: goes before the names of
    its caches, which are those of the source's directory otherwise."""
    words = [program, "build", source, f"--name={tag}", f"--cache-key={caches}"]
    if config:
        words.append(f"--config={config}")
    return [*words, *(word for key in sorted(keys) for word in ("--env", key))]


def railpack(program: str, *, source: str, tag: str, config: str, keys: Iterable[str], caches: str) -> list[str]:
    """https://railpack.com/reference/cli; needs BUILDKIT_HOST. caches: goes before the names of its caches, which all
    sources share otherwise."""
    words = [program, "build", source, "--name", tag, "--progress", "plain", "--cache-key", caches]
    if config:
        words += ["--config-file", config]
    return [*words, *(word for key in sorted(keys) for word in ("--env", key))]


def lambda_builder(program: str, *, source: str, tag: str, keys: Iterable[str]) -> list[str]:
    """https://github.com/dokku/lambda-builder"""
    words = [program, "build", f"--working-directory={source}", "--generate-image", f"--tag={tag}"]
    return [*words, *(f"--build-env={key}" for key in sorted(keys))]
