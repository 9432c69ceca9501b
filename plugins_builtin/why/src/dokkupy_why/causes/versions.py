"""Languages, lock files and libraries that are not those for which the app was made."""

from __future__ import annotations

from dokkupy_sdk.diagnosis import Rule, read_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dokkupy_sdk.diagnosis import Cause, Evidence

PUSH = "commit it, and push again."

LANGUAGES = (
    Rule(
        r"requires a different Python: (?P<has>[\d.]+) not in '(?P<wants>[^']+)'",
        "The app needs Python {wants}, and the image has {has}",
        "Name a version that fits in .python-version or in the FROM line, or change requires-python, " + PUSH,
    ),
    Rule(
        r"The engine \"node\" is incompatible with this module\. Expected version \"(?P<wants>[^\"]+)\"\. Got \"(?P<has>[^\"]+)\"",
        "A package needs Node {wants}, and the image has {has}",
        "Name a version that fits in `engines` of package.json or in the FROM line, " + PUSH,
    ),
    Rule(
        r"npm (?:error|ERR!) notsup Required: \{\"node\":\"(?P<wants>[^\"]+)\"",
        "A package needs Node {wants}, and the image has another version",
        "Name a version that fits in `engines` of package.json or in the FROM line, " + PUSH,
    ),
    Rule(
        r"(?P<what>error:0308010C:digital envelope routines::unsupported|ERR_OSSL_EVP_UNSUPPORTED)",
        "An old build tool (webpack 4, most often) uses a hash that OpenSSL 3 of Node 17 and newer refuses",
        "Update the build tool. Until then: config:set {app} NODE_OPTIONS=--openssl-legacy-provider",
    ),
    Rule(
        r"Your Ruby version is (?P<has>[\d.]+), but your Gemfile specified (?P<wants>.+)",
        "The Gemfile asks for Ruby {wants}, and the image has {has}",
        "Change the `ruby` line of the Gemfile or the FROM line so that they agree, " + PUSH,
    ),
    Rule(
        r"requires php (?P<wants>\S.*?) (?:->|but) your php version \((?P<has>[^)]+)\) does not satisfy",
        "The app needs PHP {wants}, and the image has {has}",
        "Change `php` in `require` of composer.json or the FROM line so that they agree, " + PUSH,
    ),
    Rule(
        r"\bgo\.mod requires go >= (?P<wants>[\d.]+) \(running go (?P<has>[\d.]+)",
        "go.mod asks for Go {wants} or newer, and the image has {has}",
        "Lower the `go` line of go.mod, or raise the version in the FROM line, " + PUSH,
    ),
    Rule(
        r"invalid go version '(?P<wants>[^']+)': must match format|"
        r"go\.mod file indicates go (?P<wants2>[\d.]+), but maximum(?: supported)? version",
        "go.mod asks for Go {wants}{wants2}, and the image has an older one",
        "Lower the `go` line of go.mod, or raise the version in the FROM line, " + PUSH,
    ),
    Rule(
        r"UnsupportedClassVersionError: (?P<name>[\w.$/]+) has been compiled by a more recent version",
        "The Java class {name} was compiled for a newer Java than the one that runs it",
        "Run it with the Java that compiled it (java.runtime.version in system.properties, or the FROM line), or compile for the "
        "older one: javac --release, maven.compiler.release.",
    ),
    Rule(
        r"error: (?:release version (?P<wants>\d+) not supported|invalid (?:target|source) release: (?P<wants2>\d+))",
        "The build compiles for Java {wants}{wants2}, and the image has an older Java",
        "Lower maven.compiler.release (Gradle: languageVersion), or raise the version in system.properties or the FROM line, "
        + PUSH,
    ),
    Rule(
        r"version [`'](?P<name>GLIBC_[\d.]+)' not found",
        "A program was compiled on a newer system than the image has: it needs {name}",
        "Compile it in a stage of the same Dockerfile, from the same release of the distribution; or without the system's C library "
        "(Go: CGO_ENABLED=0).",
    ),
)

LOCKS = (
    Rule(
        r"(?:Your lockfile needs to be updated, but yarn was run with|The lockfile would have been modified by this install)(?P<what>)",
        "yarn.lock does not fit package.json",
        "Make it where you develop (yarn install), commit both, and push again.",
    ),
    Rule(
        r"ERR_PNPM_(?P<what>OUTDATED_LOCKFILE|LOCKFILE_CONFIG_MISMATCH)",
        "pnpm-lock.yaml does not fit package.json",
        "Make it where you develop (pnpm install), commit both, and push again.",
    ),
    Rule(
        r"pyproject\.toml changed significantly since (?P<name>poetry\.lock)",
        "poetry.lock does not fit pyproject.toml",
        "Make it where you develop (poetry lock), commit both, and push again.",
    ),
    Rule(
        r"The lockfile at [`'](?P<name>uv\.lock)[`'] needs to be updated",
        "uv.lock does not fit pyproject.toml",
        "Make it where you develop (uv lock), commit both, and push again.",
    ),
    Rule(
        r"(?:trying to install in deployment mode after changing|but the lockfile can't be updated because frozen mode)(?P<what>)",
        "Gemfile.lock does not fit the Gemfile",
        "Make it where you develop (bundle install), commit both, and push again.",
    ),
    Rule(
        r"Your bundle only supports platforms \[(?P<has>[^\]]+)\]",
        "Gemfile.lock has gems for {has} alone, and this server is another platform",
        "Add it where you develop: bundle lock --add-platform x86_64-linux (on ARM: aarch64-linux). Commit Gemfile.lock, and push "
        "again.",
    ),
    Rule(
        r"missing (?P<name>go\.sum) entry",
        "go.sum has no entry for a package that the source imports",
        "Add it where you develop (go mod tidy), commit go.mod and go.sum, and push again.",
    ),
)

SYSTEM = (
    Rule(
        r"requires (?:PHP extension )?ext-(?P<name>\w+) .*is missing from your system",
        "The image has no PHP extension {name}",
        "Add `ext-{name}` to `require` of composer.json; in a Dockerfile: RUN docker-php-ext-install {name}. Then push again.",
    ),
    Rule(
        r"(?P<what>PDOException: could not find driver)",
        "The image has no PHP driver for the database",
        "Add it to `require` of composer.json (`ext-pdo_pgsql`, `ext-pdo_mysql`); in a Dockerfile: RUN docker-php-ext-install "
        "pdo_pgsql. Then push again.",
    ),
    Rule(
        r"(?P<name>[\w+.-]+\.so(?:\.\d+)*): cannot open shared object file",
        "The system library {name} is not in the image",
        "Install the Debian package that has it: write its name into the file Aptfile; in a Dockerfile: RUN apt-get install.",
    ),
    Rule(
        r"(?:Error: (?P<name>pg_config) executable not found"
        r"|error: command '(?P<name2>[\w-]*(?:gcc|g\+\+|cc))' failed: No such file"
        r"|error: \[Errno 2\] No such file or directory: '(?P<name3>gcc|g\+\+|cargo|mysql_config)'"
        r"|gyp ERR! stack Error: not found: (?P<name4>make)"
        r"|gyp ERR! find (?P<name5>Python)\b)",
        "A package is compiled during its installation, and the image has no {name}{name2}{name3}{name4}{name5}",
        "Use a package that is compiled already (psycopg2-binary instead of psycopg2), or install the tools (build-essential, "
        "python3-dev, libpq-dev): list them in the file Aptfile; in a Dockerfile: RUN apt-get install.",
    ),
)


def version_causes(evidence: Evidence) -> Iterator[Cause]:
    yield from read_rules((*LANGUAGES, *LOCKS, *SYSTEM), evidence)
