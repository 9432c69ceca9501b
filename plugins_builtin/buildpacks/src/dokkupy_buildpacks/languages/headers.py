"""Debian packages for extensions in C: headers to compile them, and libraries to run them.

The choice is that of the official full images (github.com/docker-library/buildpack-deps) and of Heroku's stacks, without
packages for desktops. The names are valid in bookworm and trixie. Where they differ, trixie also provides the older name.
"""

from __future__ import annotations

HEADERS = (
    "build-essential",
    "ca-certificates",
    "default-libmysqlclient-dev",
    "git",
    "libcurl4-openssl-dev",
    "libffi-dev",
    "libjpeg-dev",
    "libpq-dev",
    "libsqlite3-dev",
    "libssl-dev",
    "libxml2-dev",
    "libxslt1-dev",
    "libyaml-dev",
    "pkg-config",
    "zlib1g-dev",
)
LIBRARIES = (
    "ca-certificates",
    "libcurl4",
    "libffi8",
    "libjpeg62-turbo",
    "libmariadb3",
    "libpq5",
    "libsqlite3-0",
    "libssl3",
    "libxml2",
    "libxslt1.1",
    "libyaml-0-2",
    "tzdata",
    "zlib1g",
)
