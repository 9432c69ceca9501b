"""What frameworks and servers ask for before they serve: keys, host names, migrations, the name of the application."""

from __future__ import annotations

import re

from dokkupy_sdk.diagnosis import Cause, Evidence, Rule, last_match, read_rules, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PUSH = "commit it, and push again."

KEYS = (
    (re.compile(r"The SECRET_KEY setting must not be empty"), "Django", "SECRET_KEY", "$(openssl rand -hex 32)"),
    (re.compile(r"Missing `?secret_key_base`? for"), "Rails", "SECRET_KEY_BASE", "$(openssl rand -hex 64)"),
    (
        re.compile(r"Missing encryption key to decrypt file with|ActiveSupport::MessageEncryptor::InvalidMessage"),
        "Rails",
        "RAILS_MASTER_KEY",
        "VALUE (it is in config/master.key where you develop)",
    ),
    (
        re.compile(r"No application encryption key has been specified"),
        "Laravel",
        "APP_KEY",
        "VALUE (`php artisan key:generate --show` prints one)",
    ),
    (
        re.compile(r"Failed to configure a DataSource: 'url' attribute is not specified"),
        "Spring",
        "SPRING_DATASOURCE_URL",
        "jdbc:postgresql://HOST/DATABASE (the address of a linked service is in DATABASE_URL)",
    ),
)
"""What it prints, the framework, the variable that it reads, and where its value comes from."""

RULES = (
    Rule(
        r"Failed to find attribute '(?P<name>[^']+)' in '(?P<module>[^']+)'"
        r"|Attribute \"(?P<name2>[^\"]+)\" not found in module \"(?P<module2>[^\"]+)\"",
        "The Python module {module}{module2} has no {name}{name2}, which the command of the Procfile or Dockerfile names",
        "Correct the command in the Procfile or Dockerfile: `MODULE:APPLICATION`, as in `gunicorn web:app` for `app = Flask(__name__)` in web.py.",
    ),
    Rule(
        r"Error loading ASGI app\. Could not import module \"(?P<module>[^\"]+)\"",
        "There is no Python module {module}, which the command of the Procfile or Dockerfile names",
        "Correct the command in the Procfile or Dockerfile. The module's name begins at the folder of the app: `uvicorn web:app` for web.py, `uvicorn shop.web:app` for "
        "shop/web.py.",
    ),
    Rule(
        r"Could not resolve placeholder '(?P<name>[\w.-]+)' in value",
        "Spring finds no value for {name}",
        "Set the variable of that name, in upper case and with _ for other signs: config:set {app} KEY=VALUE",
    ),
    Rule(
        r"relation \"(?P<name>[^\"]+)\" does not exist"
        r"|no such table: (?P<name2>\S+)"
        r"|Table '(?P<name3>[^']+)' doesn't exist",
        "The database has no table {name}{name2}{name3}",
        "Run the migrations before each release: a line `release: COMMAND` in the Procfile, such as `python manage.py migrate`.",
        "To run them now: run {app} COMMAND",
    ),
    Rule(
        r"(?P<what>ActiveRecord::PendingMigrationError|Migrations are pending)",
        "Migrations of the database have not been run",
        "Run them before each release: `release: bin/rails db:migrate` in the Procfile. To run them now: run {app} bin/rails db:migrate",
    ),
    Rule(
        r"password authentication failed for user \"(?P<name>[^\"]+)\""
        r"|Access denied for user '(?P<name2>[^']*)'@"
        r"|(?P<name3>WRONGPASS|NOAUTH Authentication required)",
        "A database refuses the login of the program",
        "Read user and password from the variable of the linked service (`config:keys {app}`), not from a file of the repository.",
    ),
    Rule(
        r"FATAL: +database \"(?P<name>[^\"]+)\" does not exist|Unknown database '(?P<name2>[^']+)'",
        "The database server has no database {name}{name2}",
        "Read the database's name from the variable of the linked service (`config:keys {app}`); a link creates one.",
    ),
    Rule(
        r"SyntaxError: (?:Cannot use import statement outside a module|Unexpected token '?export'?)(?P<what>)",
        "The source is an ES module, and Node reads it as CommonJS",
        'Write "type": "module" into package.json, or give the file the ending .mjs, ' + PUSH,
    ),
    Rule(
        r"ReferenceError: (?P<name>require|exports|module|__dirname) is not defined in ES module scope",
        "The source is CommonJS ({name}), and Node reads it as an ES module",
        'Use `import`, or remove "type": "module" from package.json, or give the file the ending .cjs, ' + PUSH,
    ),
    Rule(
        r"(?P<code>ERR_REQUIRE_ESM)",
        "The source loads an ES module by require, which this version of Node refuses",
        "Load it with `import`, or raise the version of Node (22.12 permits it): `engines` of package.json.",
    ),
    Rule(
        r"^\S+\.tsx?(?:\(\d+,\d+\):|:\d+:\d+ -) error TS\d+: (?P<why>.+)",
        "The TypeScript compiler refuses the source: {why}",
        "Correct the source, " + PUSH,
    ),
    Rule(
        r"no main manifest attribute, in (?P<name>\S+)",
        "The jar {name} does not say which class to start",
        "Build a jar that runs by itself (Spring Boot's or the shade plugin), or start the class: java -cp {name} CLASS",
    ),
    Rule(
        r"A server is already running.*?(?P<name>\S+\.pid)",
        "The file {name} of an earlier server is in the image, so that this one does not start",
        "Remove it from git and name it in .dockerignore, " + PUSH,
    ),
)


def framework_causes(evidence: Evidence) -> Iterator[Cause]:
    for pattern, framework, name, value in KEYS:
        if (found := last_match(pattern, evidence.text)) is not None:
            yield Cause(
                f"{framework} has no value for {name}",
                (f"config:set {evidence.app} {name}={value}",),
                shown(evidence.text, found[0]),
            )
    yield from read_rules(RULES, evidence)
