"""`--thorough`: apps whose dependencies are written in C compile and run on the bases that are made of Debian's
packages.

There are seven popular packages for each language, compiled from source even if the registry has compiled ones.
RubyGems and Packagist cannot be reached here. Therefore a gem of our own uses the libraries of popular gems, and PHP's
extensions are Debian's packages. Java's libraries contain compiled parts, which must find their system libraries.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from apps import Repository
from bed.host import Host
from dokkupy_sdk.testing.effort import THOROUGH

SOURCES = Path(__file__).parent / "compiled"
HOUR = 3600.0

#: (source, variables, the app's answer if everything can be loaded)
APPS = [
    ("python", [], "6 True True True"),
    ("node", ["NPM_CONFIG_BUILD_FROM_SOURCE=true"], "loaded 1 60"),
    ("ruby", [], "loaded: true"),
    ("php", [], " ".join(["true"] * 7)),
    ("go", [], " ".join(["true"] * 7)),
    ("java", [], " ".join(["true"] * 7)),
]

GEM = """\
--- !ruby/object:Gem::Specification
name: native
version: !ruby/object:Gem::Version
  version: '1.0'
platform: ruby
authors: [me]
summary: What popular gems stand on
extensions: [ext/extconf.rb]
files: [ext/extconf.rb, ext/native.c]
require_paths: [lib]
specification_version: 4
"""


def archive(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
    return made.getvalue()


def gem() -> bytes:
    """A gem (guides.rubygems.org/specification-reference) with an extension in C."""
    names = ("ext/extconf.rb", "ext/native.c")
    content = archive({name: (SOURCES / "gem" / name).read_bytes() for name in names})
    return archive({"metadata.gz": gzip.compress(GEM.encode()), "data.tar.gz": gzip.compress(content)})


@contextmanager
def without_images(host: Host) -> Iterator[None]:
    """A host without official images, so that the bases are made of Debian's packages."""
    tags = ("python:3.13-slim", "python:3.11-slim")
    host.exec(["docker", "tag", tags[0], "put-aside:1"])
    host.exec(["docker", "rmi", *tags])
    try:
        yield
    finally:
        for tag in tags:
            host.exec(["docker", "tag", "put-aside:1", tag])
        host.exec(["docker", "rmi", "put-aside:1"])


if THOROUGH:  # up to an hour on a busy machine

    @pytest.mark.parametrize(("language", "variables", "answer"), APPS)
    def test_popular_packages_written_in_c_compile_and_run(
        host: Host, app: str, tmp_path: Path, language: str, variables: list[str], answer: str
    ) -> None:
        host.exec(["dokkupy", "apps:create", app])
        host.exec(["dokkupy", "domains:set", app, f"{app}.example.com"])
        if variables:
            host.exec(["dokkupy", "config:set", app, *variables])
        repository = Repository(tmp_path / "app", SOURCES / language)
        if language == "ruby":
            (repository.path / "vendor" / "cache").mkdir(parents=True)
            (repository.path / "vendor" / "cache" / "native-1.0.gem").write_bytes(gem())
            repository.commit("a vendored gem")
        with without_images(host):
            host.git_push(repository.path, app, timeout=HOUR)
        assert host.http_get(f"{app}.example.com").body == answer
