"""Stand-ins for the official images of servers: the real server from Debian's packages, the official image's contract.

    tag = server("postgres:17")                # built on the outer engine once, by content
    machine.load_image(tag, "postgres:17")     # where a test wants it under its official name

The contract (environment and its `_FILE` variants, entry point, data directory, user, signals, ports) is the one that
the `source` of each row documents; the entry points in `servers/` are written anew after it. What a row `differs` in
is all that a test may not conclude from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bed import images
from bed.engine import LABEL

HERE = Path(__file__).parent / "servers"
#: Where nobody looks in a test.
UNREAD = "/usr/share/doc/* /usr/share/man/* /usr/share/info/* /usr/share/locale/* /var/lib/apt/lists/* /var/cache/*"


@dataclass(frozen=True)
class Server:
    """One official image.

    suite, packages: where its server comes from. source: of the contract. entry: the script in `servers/` that is its
    entry point. user, uid: whom the server runs as. data: the declared volume. setup: commands run in the image after
    the packages are there. files: further scripts of `servers/`, each as `/usr/local/bin/NAME` without its ending.
    runs_as: the image's own user, where the official one does not begin as root.
    """

    name: str
    suite: str
    packages: tuple[str, ...]
    source: str
    entry: str
    user: str
    command: str
    ports: tuple[int, ...]
    data: str = ""
    uid: int = 999
    env: tuple[tuple[str, str], ...] = ()
    setup: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    stop_signal: str = ""
    workdir: str = ""
    runs_as: str = ""
    differs: str = ""


def _postgres(version: int, suite: str) -> Server:
    home = f"/usr/lib/postgresql/{version}"
    return Server(
        name=f"postgres:{version}",
        suite=suite,
        packages=("gosu", "xz-utils", "zstd", f"postgresql-{version}"),
        source="https://github.com/docker-library/postgres",
        entry="postgres.sh",
        user="postgres",
        command="postgres",
        ports=(5432,),
        data="/var/lib/postgresql/data",
        # The versioned programs stand before Debian's wrappers of the same names, which cost a Perl start each.
        env=(
            ("PATH", f"{home}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            ("PG_MAJOR", str(version)),
            ("PGDATA", "/var/lib/postgresql/data"),
        ),
        setup=(
            f"sed -i \"s/^#*listen_addresses = .*/listen_addresses = '*'/\" /usr/share/postgresql/{version}/postgresql.conf.sample",
            "install -d -o postgres -g postgres -m 3777 /var/run/postgresql",
            "install -d -o postgres -g postgres -m 1777 /var/lib/postgresql/data",
            "mkdir /docker-entrypoint-initdb.d",
            # 100 MB of compiler for queries that no test has: the server does without where it is missing.
            f"rm -rf {home}/lib/bitcode {home}/lib/llvmjit* /usr/lib/*/libLLVM* /usr/lib/*/libz3* /usr/share/i18n",
        ),
        stop_signal="SIGINT",
        differs="Locale C.UTF-8, not en_US.utf8; no JIT; initdb does not sync; contrib extensions as Debian has them.",
    )


def _redis(version: int, suite: str) -> Server:
    return Server(
        name=f"redis:{version}",
        suite=suite,
        packages=("redis-server", "redis-tools"),
        source="https://github.com/redis/docker-library-redis",
        entry="redis.sh",
        user="redis",
        command="redis-server",
        ports=(6379,),
        data="/data",
        env=(("SERVER", "redis-server"), ("SERVER_USER", "redis")),
        setup=("install -d -o redis -g redis /data",),
        workdir="/data",
        differs="protected-mode is off by option, not compiled so; 8 has none of the modules of the official image.",
    )


SERVERS = (
    _postgres(15, "bookworm"),
    _postgres(17, "trixie"),
    _redis(7, "bookworm"),
    _redis(8, "trixie"),
    Server(
        name="valkey:8",
        suite="trixie",
        packages=("valkey-server", "valkey-tools"),
        source="https://github.com/valkey-io/valkey-container",
        entry="redis.sh",
        user="valkey",
        command="valkey-server",
        ports=(6379,),
        data="/data",
        env=(("SERVER", "valkey-server"), ("SERVER_USER", "valkey")),
        setup=("install -d -o valkey -g valkey /data",),
        workdir="/data",
        differs="The official name is valkey/valkey:8; protected-mode is off by option, not compiled so.",
    ),
    Server(
        name="memcached:1.6",
        suite="bookworm",
        packages=("libsasl2-modules", "memcached"),
        source="https://github.com/docker-library/memcached",
        entry="memcached.sh",
        user="memcache",
        uid=11211,
        command="memcached",
        ports=(11211,),
        runs_as="memcache",
    ),
)


def server(name: str) -> str:
    """The outer engine's tag of the stand-in for the official image `name`, which is built unless it is there."""
    row = row_of(name)
    context = {"entry.sh": (HERE / "entry.sh").read_bytes()}
    context.update({script: (HERE / script).read_bytes() for script in (row.entry, *row.files)})
    return images._built(row.name.replace(":", "-"), row.suite, _dockerfile(row), context)


def row_of(name: str) -> Server:
    """The row of the official image `name`."""
    for row in SERVERS:
        if row.name == name:
            return row
    raise KeyError(f"no stand-in for {name}; there are: {', '.join(row.name for row in SERVERS)}")


def _dockerfile(row: Server) -> list[str]:
    home = row.data or "/nonexistent"
    packages = " ".join(row.packages)
    # Debian's packages of PostgreSQL and MariaDB make a database when they are installed: not this one.
    quiet = (
        "mkdir -p /etc/postgresql-common && echo create_main_cluster=false >/etc/postgresql-common/createcluster.conf"
    )
    setup = "".join(f" && {command}" for command in row.setup)
    return [
        f"FROM {images.debian(row.suite)}",
        f"LABEL {LABEL}=1",
        f"RUN groupadd -r -g {row.uid} {row.user} && useradd -r -g {row.user} -u {row.uid} -d {home} -M {row.user} && {quiet}"
        f" && printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d"
        f" && {images.INSTALL} {packages}{setup}"
        f" && apt-get clean && rm -rf {UNREAD} /usr/sbin/policy-rc.d",
        "COPY entry.sh /usr/local/lib/entry.sh",
        *(f"COPY {script} /usr/local/bin/{Path(script).stem}" for script in row.files),
        f"COPY {row.entry} /usr/local/bin/docker-entrypoint.sh",
        "RUN chmod 755 /usr/local/bin/*",
        "ENV LANG=C.UTF-8",
        *(f"ENV {key}={value}" for key, value in row.env),
        f"WORKDIR {row.workdir}" if row.workdir else "",
        f"VOLUME {row.data}" if row.data else "",
        f"EXPOSE {' '.join(map(str, row.ports))}",
        f"STOPSIGNAL {row.stop_signal}" if row.stop_signal else "",
        f"USER {row.runs_as}" if row.runs_as else "",
        'ENTRYPOINT ["docker-entrypoint.sh"]',
        f'CMD ["{row.command}"]',
    ]
