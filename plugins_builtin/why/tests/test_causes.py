"""Causes are read from what programs really print: `outputs/` has recorded ones, their exit code in the last line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dokkupy_sdk.diagnosis import FACT, GUESS, Evidence
from dokkupy_why.diagnosis import known_causes, ranked

OUTPUTS = Path(__file__).parent / "outputs"
BUILDS = (
    "npm-",
    "pip-",
    "bundler-",
    "composer-",
    "docker-",
    "go-compile",
    "go-module",
    "go-sum",
    "go-syntax",
    "go-version",
)
BUILDS += ("java-compile", "java-release", "rust-compile")


def recorded(name: str, **more: object) -> Evidence:
    *lines, last = (OUTPUTS / f"{name}.txt").read_text().splitlines()
    code = re.fullmatch(r"\[exit (\d+)\]", last)
    assert code is not None
    step = "build" if name.startswith(BUILDS) else "start"
    process = "" if step == "build" else "web.1"
    facts = {"process": process, "exit_code": int(code[1]), "lines": tuple(lines), **more}
    return Evidence("blog", step, **facts)  # type: ignore[arg-type]


TABLE = {
    "bash-arm": ("was built for another processor", "--platform"),
    "bash-crlf": ("line ends of Windows", "eol=lf"),
    "bash-crlf2": ("line ends of Windows", "eol=lf"),
    "bash-noexec": ("The script ./noexec.sh is not executable", "--chmod=+x ./noexec.sh"),
    "bash-unset": ("The variable DATABASE_URL is not set", "config:set blog DATABASE_URL=VALUE"),
    "bundler-outdated": ("Gemfile.lock does not fit the Gemfile", "bundle install"),
    "bundler-platform": ('gems for "x86_64-darwin-22" alone', "bundle lock --add-platform x86_64-linux"),
    "bundler-ruby": ("The Gemfile asks for Ruby 9.9.9, and the image has 3.1.2", "FROM line"),
    "composer-extension": ("The image has no PHP extension gd", "ext-gd"),
    "composer-php": ("The app needs PHP ^9.9, and the image has 8.2.36", "composer.json"),
    "django-secret": ("Django has no value for SECRET_KEY", "config:set blog SECRET_KEY=$(openssl rand -hex 32)"),
    "go-sum": ("go.sum has no entry for a package", "go mod tidy"),
    "go-version": ("go.mod asks for Go 1.99 or newer, and the image has 1.26.8", "FROM line"),
    "gunicorn-attribute": ("The Python module web has no app", "gunicorn web:app"),
    "gunicorn-module": ("The Python module wbe is not installed", "correct its name in the command"),
    "java-manifest": ("The jar app.jar does not say which class to start", "java -cp app.jar CLASS"),
    "java-release": ("The build compiles for Java 99", "system.properties"),
    "java-version": ("The Java class Main was compiled for a newer Java", "system.properties"),
    "node-import": ("an ES module, and Node reads it as CommonJS", '"type": "module"'),
    "node-openssl": ("refuses", "NODE_OPTIONS=--openssl-legacy-provider"),
    "node-require": ("The source is CommonJS (require)", ".cjs"),
    "npm-engine": ("A package needs Node >=99", "engines"),
    "php-driver": ("no PHP driver for the database", "ext-pdo_pgsql"),
    "pip-pgconfig": ("and the image has no pg_config", "Aptfile"),
    "pip-python": ("The app needs Python >=3.99, and the image has 3.11.7", ".python-version"),
    "python-table": ("The database has no table auth_user", "release: COMMAND"),
    "ruby-library": ("The system library libvips.so.42 is not in the image", "Aptfile"),
    "uvicorn-attribute": ("The Python module web has no app", "Procfile"),
    "uvicorn-module": ("There is no Python module wbe", "uvicorn web:app"),
    "bundler-exec": ("The command puma is in no gem of the Gemfile", "bundle add puma"),
    "bundler-frozen": ("Bundler finds no Gemfile.lock", "bundle lock"),
    "bundler-version": ("no version of the Ruby gem rack (= 99.0) that fits", "Gemfile"),
    **{
        f"{language}-certificate": (f"does not trust the certificate of a server that it calls: {why}", "SSL_CERT_FILE")
        for language, why in (
            ("curl", "self-signed certificate"),
            ("go", "certificate signed by unknown authority"),
            ("java", "PKIX path building failed"),
            ("node", "self-signed certificate"),
            ("python", "self-signed certificate"),
        )
    },
    "docker-base": (
        "The base image no-such-image.invalid/none:1 was not pulled, because this host does not reach its registry",
        "FROM line",
    ),
    "docker-offline": ("The base image python:3.13-slim was not pulled", "DNS and network"),
    "docker-copy": ("copies /settings.ini, which is not in what was pushed", ".dockerignore"),
    "docker-dockerfile": ("A mistake in line 2 of the Dockerfile", "Correct the line"),
    "env-noexec": ("The script /start.sh is not executable", "--chmod=+x /start.sh"),
    "go-compile": ("The Go compiler refuses the source: undefined: x", "Correct the source"),
    "go-module": ("The Go package github.com/gorilla/mux is not in go.mod", "go get github.com/gorilla/mux"),
    "go-port": ("The port is taken", "the variable PORT"),
    "go-refused": ("looks for the postgres server in its own container, at 127.0.0.1:5432", "postgres:link NAME blog"),
    "go-syntax": ("refuses the source: syntax error: unexpected {, expected )", "Correct the source"),
    "java-class": ("The Java class org.postgresql.Driver is not in the image", "dependencies"),
    "java-compile": ("The Java compiler refuses the source: incompatible types", "Correct the source"),
    "java-jar": ("The file app.jar is not in the image", "Procfile"),
    "java-main": ("The Java class NoSuchMain is not in the image", "main class"),
    "java-name": ("The host name dokku-postgres-db.invalid does not resolve", "link it"),
    "java-oom": ("used up the memory that its runtime may take", "resource:limit blog --memory"),
    "java-port": ("The port is taken", "the variable PORT"),
    "java-refused": ("A server that the program calls does not take connections", "config:show blog"),
    "node-env": ("The variable DATABASE_URL is not set", "config:set blog DATABASE_URL=VALUE"),
    "node-env-undefined": ("An address that the program reads is undefined", "config:keys blog"),
    "node-esm": ("The Node module express is not installed", "npm install express"),
    "node-heap": ("used up the memory that its runtime may take", "--max-old-space-size"),
    "node-module": ("The Node module express is not installed", "npm install express"),
    "node-name": ("The host name dokku-postgres-db.invalid does not resolve", "link it"),
    "node-nofile": ("The file /app/server.js is not in the image", "upper and lower case"),
    "node-perm": ("may not write or read /etc/app.log", "storage:mount blog"),
    "node-port": ("The port is taken", "the variable PORT"),
    "node-port80": ("may not listen on port 80", "ports:set blog"),
    "node-refused": ("looks for the postgres server in its own container", "postgres:create NAME"),
    "node-relative": ("The file ./routes/index is not in the image", "upper and lower case"),
    "node-syntax": ("A mistake in the source: Function statements require a function name", "Correct the source"),
    "npm-json": ("package.json is not valid JSON", "Correct the place"),
    "npm-lock": ("npm ci finds no lock file that fits package.json", "package-lock.json"),
    "npm-nolock": ("npm ci finds no lock file that fits package.json", "package-lock.json"),
    "npm-nopackage": ("The registry has no Node package dokkupy-no-such-package-xyz@1", ".npmrc"),
    "npm-noversion": ("no version of the Node package left-pad@99.0.0 that fits", "package.json"),
    "npm-resolve": ("need versions of another that exclude each other", "Could not resolve dependency"),
    "npm-script": ("package.json has no script build", "scripts"),
    "npm-start": ("package.json has no script start", "Procfile"),
    "php-class": ("The PHP class PDOx is not installed", "composer.json"),
    "php-file": ("The file index.php is not in the image", "Procfile"),
    "php-memory": ("used up the memory that its runtime may take", "memory_limit"),
    "php-module": ("The PHP packages are not installed", "composer install"),
    "php-pdo": ("looks for the postgres server in its own container", "postgres:link NAME blog"),
    "php-syntax": ("A mistake in the source: syntax error, unexpected token", "Correct the source"),
    "pip-managed": ("pip may not install into the Python of the image's system", "FROM python:3"),
    "pip-nofile": ("The file nothing-requirements.txt is not in the image", "copy it in the Dockerfile"),
    "pip-nopackage": ("no version of the Python package dokkupy-core-no-such-package==9.9", "requirements.txt"),
    "pip-noversion": ("no version of the Python package flask==99.9 that fits", "requirements.txt"),
    "python-disk": ("The disk is full", "disk:report blog"),
    "python-env": ("The variable DATABASE_URL is not set", "config:set blog DATABASE_URL=VALUE"),
    "python-file": ("The file /app/serve.py is not in the image", "Procfile"),
    "python-files": ("too many files or connections open", "--ulimit"),
    "python-indent": ("A mistake in the source: expected an indented block", "Correct the source"),
    "python-memory": ("used up the memory that its runtime may take", "resource:limit"),
    "python-module": ("The Python module flask_that_is_missing is not installed", "requirements.txt"),
    "python-name": ("A host name that the program uses does not resolve", "link it"),
    "python-perm": ("may not write or read /etc/app.log", "storage:mount"),
    "python-port": ("The port is taken", "the variable PORT"),
    "python-port80": ("may not listen on port 80", "ports:set blog"),
    "python-refused": ("A server that the program calls does not take connections", ":start SERVICE"),
    "python-syntax": ("A mistake in the source: invalid syntax", "Correct the source"),
    "python-tls": ("A server that the program calls does not take connections", "config:show"),
    "ruby-env": ("The variable DATABASE_URL is not set", "config:set blog DATABASE_URL=VALUE"),
    "ruby-file": ("The file server.rb is not in the image", "Procfile"),
    "ruby-module": ("The Ruby gem with sinatra is not installed", "bundle add sinatra"),
    "ruby-port": ("The port is taken", "the variable PORT"),
    "ruby-refused": ("looks for the postgres server in its own container", "postgres:link NAME blog"),
    "ruby-syntax": ("A mistake in the source: unexpected end-of-input", "Correct the source"),
    "rust-compile": ("The Rust compiler refuses the source: mismatched types", "Correct the source"),
    "rust-env": ("A variable of the environment that the program reads is not set", "config:set blog"),
    "rust-port": ("The port is taken", "the variable PORT"),
    "sh-arm": ("was built for another processor", "--platform"),
    "sh-elf": ("The program /server was built for another processor", "--platform"),
    "sh-crlf": ("The script ./crlf.sh is not in the image, or its first line names an interpreter", "eol=lf"),
    "sh-crlf2": ("line ends of Windows", "eol=lf"),
    "sh-noexec": ("The script ./noexec.sh is not executable", "--chmod=+x"),
    "sh-nofile": ("The file start.sh is not in the image", "Procfile"),
    "sh-notfound": ("The command gunicorn is not in the image", "dependencies"),
    "sh-perm": ("may not write or read /etc/app.log", "storage:mount"),
    "sh-required": ("The variable DATABASE_URL is not set", "config:set blog DATABASE_URL=VALUE"),
    "tini-notfound": ("The command gunicorn is not in the image", "Procfile or Dockerfile"),
    "sh-unset": ("The variable DATABASE_URL is not set", "config:set blog DATABASE_URL=VALUE"),
}
NOT_KNOWN = {"go-panic"}
"""A program's own mistake: no cause is invented, and its exit code and last lines stand there."""


def test_each_recorded_output_is_in_the_table() -> None:
    assert {path.stem for path in OUTPUTS.glob("*.txt")} == set(TABLE) | NOT_KNOWN


@pytest.mark.parametrize("name", TABLE)
def test_a_recorded_output_names_its_cause_and_what_fixes_it(name: str) -> None:
    title, fix = TABLE[name]
    found = ranked(known_causes(recorded(name)))
    assert found and title in found[0].title, [one.title for one in found]
    assert fix in "\n".join(found[0].fix), found[0].fix
    assert found[0].lines and "{" not in "".join((found[0].title, *found[0].fix)).replace("unexpected {", "").replace(
        'token "{"', ""
    )


QUOTED = {
    'error @angular/core@17.1.2: The engine "node" is incompatible with this module. Expected version "^18.13.0". Got "16.20.2"': (
        "A package needs Node ^18.13.0, and the image has 16.20.2"
    ),
    "error Your lockfile needs to be updated, but yarn was run with `--frozen-lockfile`.": "yarn.lock does not fit",
    "YN0028: The lockfile would have been modified by this install, which is explicitly forbidden.": "yarn.lock does not fit",
    'ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with "frozen-lockfile"': "pnpm-lock.yaml does not fit",
    "pyproject.toml changed significantly since poetry.lock was last generated.": "poetry.lock does not fit",
    "error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.": "uv.lock does not fit",
    "go: errors parsing go.mod: /app/go.mod:3: invalid go version '1.21.0': must match format 1.23": "go.mod asks for Go 1.21.0",
    "Fatal error compiling: error: invalid target release: 21": "The build compiles for Java 21",
    "/app/server: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by /app/server)": "it needs GLIBC_2.34",
    "lcobucci/jwt 4.1.5 requires ext-sodium * -> it is missing from your system.": "no PHP extension sodium",
    "nette/schema v1.2.2 requires php >=7.1 <8.2 -> your php version (8.2.10) does not satisfy that requirement.": (
        "The app needs PHP >=7.1 <8.2, and the image has 8.2.10"
    ),
    "error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory": "the image has no x86_64-linux-gnu-gcc",
    "gyp ERR! stack Error: not found: make": "the image has no make",
    "ArgumentError: Missing `secret_key_base` for 'production' environment, set this string with `rails credentials:edit`": (
        "Rails has no value for SECRET_KEY_BASE"
    ),
    "Missing encryption key to decrypt file with. Ask your team for your master key": "Rails has no value for RAILS_MASTER_KEY",
    "production.ERROR: No application encryption key has been specified.": "Laravel has no value for APP_KEY",
    "Failed to configure a DataSource: 'url' attribute is not specified and no embedded datasource could be configured.": (
        "Spring has no value for SPRING_DATASOURCE_URL"
    ),
    "IllegalArgumentException: Could not resolve placeholder 'mail.host' in value \"${mail.host}\"": "no value for mail.host",
    "Web server failed to start. Port 8080 was already in use.": "The port is taken",
    'psycopg2.errors.UndefinedTable: relation "auth_user" does not exist': "The database has no table auth_user",
    "ActiveRecord::PendingMigrationError (Migrations are pending.": "Migrations of the database have not been run",
    'FATAL:  password authentication failed for user "blog"': "refuses the login",
    'FATAL:  database "blog" does not exist': "The database server has no database blog",
    "Error [ERR_REQUIRE_ESM]: require() of ES Module /app/node_modules/chalk/source/index.js": "loads an ES module by require",
    "src/server.ts(3,7): error TS2322: Type 'string' is not assignable to type 'number'.": "Type 'string' is not assignable",
    "A server is already running. Check /app/tmp/pids/server.pid.": "The file /app/tmp/pids/server.pid of an earlier server",
}
"""What programs write that need a registry, a database or a framework to be run, from their source or from reports of it."""


@pytest.mark.parametrize("line", QUOTED)
def test_a_quoted_message_names_its_cause(line: str) -> None:
    (found,) = ranked(known_causes(Evidence("blog", "start", process="web.1", exit_code=1, lines=("before", line))))
    assert QUOTED[line] in found.title and found.fix and found.lines == (line,)


RESOLVE = "ERROR: failed to solve: {name}: failed to resolve source metadata for docker.io/library/{name}: "
PULLS = {
    "docker.io/library/nosuch:1: not found": "The base image nosuch:1 does not exist, or is private",
    "pull access denied, repository does not exist or may require authorization": (
        "The base image nosuch:1 does not exist, or is private"
    ),
    'failed to do request: Head "https://registry-1.docker.io/v2/library/nosuch/manifests/1": dial tcp: i/o timeout': (
        "The base image nosuch:1 was not pulled, because this host does not reach its registry: dial tcp: i/o timeout"
    ),
    "unexpected status from HEAD request to https://registry-1.docker.io/v2/library/nosuch/manifests/1: 429 Too Many Requests": (
        "has a limit on pulls, and it is reached"
    ),
}
"""What BuildKit writes after RESOLVE -> the cause."""


@pytest.mark.parametrize(
    "line",
    [
        'ERROR: failed to do request: Head "https://registry-1.docker.io/v2/dokkupy/python/manifests/3.13-slim-6e": dial tcp: x',
        "ERROR: failed to solve: dokkupy/python:3.13-slim-6e: failed to resolve source metadata for "
        "docker.io/dokkupy/python:3.13-slim-6e: pull access denied, repository does not exist",
    ],
)
def test_own_image_that_a_prune_removed_during_a_build_is_not_blamed_on_the_registry(line: str) -> None:
    causes = list(known_causes(Evidence("blog", "build", lines=(line,))))
    assert [one.title.partition(",")[0] for one in causes] == ["The image dokkupy/python"]
    assert "ps:rebuild blog" in causes[0].fix[0]


@pytest.mark.parametrize("reason", PULLS)
def test_a_base_image_that_is_not_pulled_has_one_cause(reason: str) -> None:
    lines = (RESOLVE.format(name="nosuch:1") + reason,)
    (found,) = ranked(known_causes(Evidence("blog", "build", exit_code=1, lines=lines)))
    assert PULLS[reason] in found.title
    assert all("registry:login blog SERVER" in text for text in found.fix if "registry:login" in text)


@pytest.mark.parametrize("name", sorted(NOT_KNOWN))
def test_an_unknown_failure_is_its_exit_code_and_its_last_lines(name: str) -> None:
    (found,) = ranked(known_causes(recorded(name)))
    assert found.sure == GUESS and "ended with exit code" in found.title and found.lines
    assert found.fix == ()


def test_out_of_memory_wins_over_what_the_program_printed() -> None:
    evidence = recorded("python-env", oom=True, exit_code=137, memory="64m")
    first = ranked(known_causes(evidence))[0]
    assert (first.sure, "which is 64m" in first.title) == (FACT, True)
    assert "resource:limit blog --memory" in first.fix[0]


def test_a_killed_process_with_a_limit_most_likely_ran_out_of_memory() -> None:
    (limited,) = ranked(known_causes(Evidence("blog", "start", process="web.1", exit_code=137, memory="32m")))
    assert "most likely it used up its memory, which is 32m" in limited.title and limited.sure > GUESS
    (free,) = ranked(known_causes(Evidence("blog", "start", process="web.1", exit_code=137)))
    assert "was killed (SIGKILL)" in free.title and free.sure == GUESS


def test_a_variable_that_the_app_has_is_not_called_missing() -> None:
    evidence = recorded("python-env", keys=frozenset({"DATABASE_URL"}))
    assert not [one for one in known_causes(evidence) if "DATABASE_URL" in one.title]


@pytest.mark.parametrize("name", ["tini-notfound", "sh-notfound"])
def test_a_command_that_the_app_s_own_path_hides_names_that_variable(name: str) -> None:
    (first, *_) = ranked(known_causes(recorded(name, keys=frozenset({"PATH"}))))
    assert (
        first.title == "The command gunicorn was not found, because the variable PATH of blog replaces the image's own"
    )
    assert first.fix[0].endswith("config:unset blog PATH") and first.lines
    (shared, *_) = ranked(known_causes(recorded(name, keys=frozenset({"PATH"}), shared=frozenset({"PATH"}))))
    assert "the variable PATH for all apps replaces" in shared.title
    assert shared.fix[0] == "Remove the variable, as an admin: config:unset --global PATH"
    assert "is not in the image" in ranked(known_causes(recorded(name, keys=frozenset({"COLOR"}))))[0].title


def test_a_linked_service_is_not_to_be_created_again() -> None:
    evidence = recorded("ruby-refused", links=("dokku-postgres-db",))
    first = ranked(known_causes(evidence))[0]
    assert "dokku-postgres-db is linked" in first.fix[0] and "create" not in first.fix[0]


def test_a_process_that_ends_without_an_error_is_to_stay_in_the_foreground() -> None:
    (found,) = ranked(known_causes(Evidence("blog", "start", process="web.1", exit_code=0, lines=("started",))))
    assert "without an error" in found.title and "foreground" in found.fix[0]


@pytest.mark.parametrize(
    "line",
    [
        "GET /missing 404 Not Found",
        "127.0.0.1 - - [29/Nov/2026 20:00:00] code 404, message File not found",
        "connected to postgres at dokku-postgres-db:5432",
        "the user's key was not found in the cache, reading it again",
        "listening on :5000",
        "permission denied for user 12: the page is private",
        "DATABASE_URL is set",
        "go.mod, go.sum and poetry.lock are unchanged",
        "npm warn EBADENGINE Unsupported engine {",
        "compiled src/server.ts in 3 s, 0 errors",
        "loaded 12 libraries of libvips.so.42",
        "migrations: nothing to do, no table was changed",
        "user blog: password authentication is on",
        "SECRET_KEY_BASE has 128 characters",
        "another server is already running on web.2, skipping its cache",
        "the module web has 12 attributes",
    ],
)
def test_an_ordinary_line_is_no_cause(line: str) -> None:
    assert list(known_causes(Evidence("blog", "run", lines=(line,)))) == []
