"""PHP with Composer, and Apache with mod_php, which runs as a plain user on the app's port."""

from __future__ import annotations

import re
from typing import Any

from dokkupy_sdk.buildpack import Context, Copy, Language, Plan, Stage, Step, Toolchain, Tree, Wanted
from dokkupy_sdk.errors import AppError

EXTENSIONS = ("bcmath", "curl", "gd", "intl", "mbstring", "mysql", "pgsql", "redis", "sqlite3", "xml", "zip")
TOOLCHAIN = Toolchain(
    "php",
    # The official image lacks an Apache for a plain user and the extensions. Debian's packages have both.
    debian={"trixie": "8.4", "bookworm": "8.2"},
    build_packages=("ca-certificates", "composer", "git", "php-cli", "unzip", *(f"php-{one}" for one in EXTENSIONS)),
    run_packages=(
        "apache2",
        "ca-certificates",
        "libapache2-mod-php",
        "php-cli",
        *(f"php-{one}" for one in EXTENSIONS),
    ),
)

PROVIDED = frozenset(
    "calendar core ctype date dom exif ffi fileinfo filter ftp gettext hash iconv igbinary json libxml mbstring mysqli mysqlnd "
    "opcache openssl pcntl pcre pdo pdo_mysql pdo_pgsql pdo_sqlite phar posix random readline reflection session shmop simplexml "
    "sockets sodium spl standard sysvmsg sysvsem sysvshm tokenizer xmlreader xmlwriter xsl zlib".split()
) | frozenset(EXTENSIONS)
"""Extensions of PHP itself and of the packages above."""

PACKAGED = {
    **{
        one: one
        for one in (
            "amqp apcu ast bz2 dba ds enchant excimer gearman gmp gnupg imagick imap ldap mailparse memcache memcached mongodb msgpack "
            "oauth odbc pcov pspell raphf rrd smbclient snmp soap solr ssh2 stomp tidy uploadprogress uuid xdebug xmlrpc yaml zmq"
        ).split()
    },
    "pdo_odbc": "odbc",
    "pdo_dblib": "sybase",
    "pdo_firebird": "interbase",
    "zend-opcache": "opcache",
}
"""Extensions with a Debian package of their own, `php-NAME`."""

CACHES = ("/root/.cache/composer", "/root/.composer/cache")

APACHE = """\
ServerRoot /etc/apache2
PidFile /tmp/apache2.pid
ServerName localhost
Listen ${PORT}
IncludeOptional mods-enabled/*.load
IncludeOptional mods-enabled/*.conf
LoadModule rewrite_module /usr/lib/apache2/modules/mod_rewrite.so
ErrorLog /dev/stderr
LogFormat "%a %t \\"%r\\" %>s %b" plain
CustomLog /dev/stdout plain
ServerTokens Prod
DocumentRoot ${DOCUMENT_ROOT}
DirectoryIndex index.php index.html
RemoteIPHeader X-Forwarded-For
<Directory />
  Require all denied
</Directory>
<Directory ${DOCUMENT_ROOT}>
  AllowOverride All
  Options FollowSymLinks
  Require all granted
</Directory>
<FilesMatch "^\\.">
  Require all denied
</FilesMatch>
"""

START = """\
#!/bin/sh
# Serves the directory given (of /app) by Apache, on $PORT.
set -eu
export PORT="${PORT:-5000}" DOCUMENT_ROOT="/app/${1:-}"
export APACHE_RUN_DIR=/tmp APACHE_LOCK_DIR=/tmp APACHE_LOG_DIR=/tmp APACHE_RUN_USER=app APACHE_RUN_GROUP=app
exec /usr/sbin/apache2 -D FOREGROUND -f /etc/dokkupy/apache.conf
"""

INSTALL_SERVER = (
    "mkdir -p /server/etc /server/bin; cat >/server/etc/apache.conf <<'END'\n"
    + APACHE.replace(
        "IncludeOptional mods-enabled/*.load",
        "IncludeOptional mods-enabled/*.load\nLoadModule remoteip_module /usr/lib/apache2/modules/mod_remoteip.so",
    )
    + "END\ncat >/server/bin/heroku-php-apache2 <<'END'\n"
    + START
    + "END\nchmod 755 /server/bin/heroku-php-apache2; cp /server/bin/heroku-php-apache2 /server/bin/serve-php"
)


class Php(Language):
    name = "php"
    toolchain = TOOLCHAIN

    def detect(self, tree: Tree) -> int:
        if tree.has("composer.json"):
            return 90
        return 60 if tree.has("index.php") or tree.has("public/index.php") else 0

    def plan(self, tree: Tree, context: Context) -> Plan:
        composer = tree.json("composer.json")
        steps = []
        if has_packages(composer) or composer.get("autoload"):
            if has_packages(composer) and not tree.has("composer.lock"):
                raise AppError(
                    "composer.json requires packages but there is no composer.lock",
                    hint="Run `composer update` and commit composer.lock.",
                )
            command = "composer install --no-dev --prefer-dist --no-interaction --no-progress --optimize-autoloader"
            steps.append(
                Step(
                    f"COMPOSER_ALLOW_SUPERUSER=1 {command}",
                    caches=CACHES,
                    config=True,
                    title="composer install --no-dev",
                )
            )
        packages = extension_packages(tree, composer)
        root = next((one for one in ("public", "web", "webroot") if tree.has(f"{one}/index.php")), "")
        return Plan(
            language=self.name,
            toolchain=TOOLCHAIN,
            wanted=wanted(composer),
            stages=(
                Stage("server", (Step(INSTALL_SERVER, title="Installing the server"),)),
                Stage("app", (Step(files=(".",)), *steps)),
            ),
            copies=(
                Copy("server", "/server/etc", "/etc/dokkupy"),
                Copy("server", "/server/bin", "/usr/local/bin"),
                Copy("app", "/app", "/app"),
            ),
            packages=packages,
            build_packages=packages,
            env={"PATH": "/app/vendor/bin:/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"},
            processes={} if context.procfile else {"web": f"serve-php {root}".strip()},
        )


def required(composer: dict[str, Any]) -> dict[str, Any]:
    found = composer.get("require", {})
    return found if isinstance(found, dict) else {}


def extension_packages(tree: Tree, composer: dict[str, Any]) -> tuple[str, ...]:
    """The Debian packages of the extensions that the app and its dependencies require as `ext-NAME`. Raises AppError
    for one that Debian does not have, because otherwise the app would fail only when it uses it."""
    found = set(required(composer))
    locked = tree.json("composer.lock").get("packages", [])
    for one in locked if isinstance(locked, list) else []:
        found |= set(required(one)) if isinstance(one, dict) else set()
    names = sorted(name.removeprefix("ext-").lower() for name in found if name.startswith("ext-"))
    unknown = [name for name in names if name not in PROVIDED and name not in PACKAGED]
    if unknown:
        raise AppError(
            f"The extension ext-{unknown[0][:40]} is required, which Debian does not package",
            code="no_extension",
            hint="Build this app with a Dockerfile: https://hub.docker.com/_/php says how extensions are added.",
        )
    return tuple(f"php-{PACKAGED[name]}" for name in names if name not in PROVIDED)


def has_packages(composer: dict[str, Any]) -> bool:
    return any("/" in name for name in required(composer))


def wanted(composer: dict[str, Any]) -> Wanted:
    """The version constraint of Composer: `^8.2`, `>=8.1`, `8.3.*`, `~8.2.0`, and alternatives by `|`."""
    text = required(composer).get("php", "")
    if not isinstance(text, str) or not text.strip() or text.strip() == "*":
        return Wanted(tags=("8.4",))
    ranges = [one.strip() for one in re.split(r"\|\|?", text)]

    def accepts(version: str) -> bool:
        return any(all(holds(version, word) for word in re.split(r"[\s,]+", one) if word) for one in ranges)

    return Wanted(text, "composer.json", accepts, ())


def holds(version: str, constraint: str) -> bool:
    found = re.fullmatch(r"(\^|~|>=|<=|>|<|=|!=)?v?(\d+(?:\.\d+)*)(?:\.\*)?(?:@\w+)?", constraint)
    if found is None:
        raise AppError(f"composer.json asks for PHP {constraint[:40]!r}, which is not a version constraint")
    mine = tuple(int(part) for part in version.split("."))
    stated = tuple(int(part) for part in found[2].split("."))
    short = stated[: len(mine)]
    match found[1]:
        case "^":
            return mine >= short and mine[0] == stated[0]
        case "~":
            return mine >= short and mine[: max(1, len(stated) - 1)] == stated[: max(1, len(stated) - 1)][: len(mine)]
        case ">=":
            return mine >= short
        case "<=" | "<":
            return mine < short or (found[1] == "<=" and mine == short)
        case ">":
            return mine > short
        case "!=":
            return mine != short
        case _:
            return mine[: len(short)] == short
