"""Ruby: Bundler; Rails' assets; Rack."""

from __future__ import annotations

import re

from dokkupy_sdk.buildpack import Context, Copy, Language, Plan, Stage, Step, Toolchain, Tree, Wanted, named
from dokkupy_sdk.errors import AppError

from dokkupy_buildpacks.languages.headers import HEADERS, LIBRARIES
from dokkupy_buildpacks.languages.versions import pinned, tool_version, version_line

TOOLCHAIN = Toolchain(
    "ruby",
    official="ruby",
    libraries=LIBRARIES,
    debian={"trixie": "3.3", "bookworm": "3.1"},
    build_packages=(*HEADERS, "libgmp-dev", "libreadline-dev", "ruby", "ruby-bundler", "ruby-dev"),
    run_packages=(*LIBRARIES, "libgmp10", "libreadline8", "ruby", "ruby-bundler"),
)

BUNDLE = "/opt/bundle"
CACHES = ("/root/.bundle/cache", "/root/.gem")

INSTALL = f"""\
mkdir -p {BUNDLE} /opt/bundle-config
bundle config set --local without "${{BUNDLE_WITHOUT:-development:test}}"
if [ ! -d vendor/cache ] && bundle install --local --quiet 2>/dev/null; then
  echo 'Every gem is a package of Debian'
else
  bundle config set --local path {BUNDLE}
  bundle config set --local frozen true
  if [ -d vendor/cache ] && bundle install --local --jobs 4; then
    echo 'Every gem is in vendor/cache'
  else
    bundle install --jobs 4 --retry 3
  fi
fi"""
"""Install gems. Those that Debian packages (by an Aptfile) are used as they are, vendored ones are compiled, and others
come from the Gemfile's source."""


class Ruby(Language):
    name = "ruby"
    toolchain = TOOLCHAIN

    def detect(self, tree: Tree) -> int:
        return 93 if tree.has("Gemfile.lock") else 88 if tree.has("Gemfile") else 0

    def plan(self, tree: Tree, context: Context) -> Plan:
        lock = tree.text("Gemfile.lock")
        if lock is None:
            raise AppError("There is a Gemfile but no Gemfile.lock", hint="Run `bundle lock` and commit Gemfile.lock.")
        if not tree.has("Gemfile"):
            raise AppError(
                "There is a Gemfile.lock but no Gemfile", hint="Commit the Gemfile that Gemfile.lock belongs to."
            )
        names = tuple(name for name in ("Gemfile", "Gemfile.lock", ".ruby-version", ".tool-versions") if tree.has(name))
        vendored = tuple(path for path in tree.files(".gem", depth=2) if path.startswith("vendor/cache/"))
        local = re.search(r"(?m)^(PATH|GIT)$" if vendored else r"(?m)^PATH$", lock) is not None
        install = Step(
            INSTALL,
            files=(".",) if local else (*names, *vendored),
            caches=CACHES,
            install=True,
            title="bundle install",
        )
        rails = re.search(r"(?m)^    (railties|rails) \(", lock) is not None
        steps = [Step(files=(".",))]
        if rails and (tree.has_directory("app/assets") or "propshaft" in lock):
            steps.append(
                Step(
                    "SECRET_KEY_BASE_DUMMY=1 SECRET_KEY_BASE=${SECRET_KEY_BASE:-dummy} bundle exec rake assets:precompile",
                    config=True,
                    title="rake assets:precompile",
                )
            )
        env = {"BUNDLE_APP_CONFIG": "/opt/bundle-config", "BUNDLE_USER_HOME": "/tmp/bundle", "LANG": "C.UTF-8"}
        if rails:
            env |= {"RAILS_ENV": "production", "RAILS_LOG_TO_STDOUT": "1", "RAILS_SERVE_STATIC_FILES": "1"}
        else:
            env |= {"RACK_ENV": "production", "APP_ENV": "production"}
        return Plan(
            language=self.name,
            toolchain=TOOLCHAIN,
            wanted=wanted(tree, lock),
            stages=(Stage("dependencies", (install,)), Stage("app", tuple(steps), after="dependencies")),
            copies=(
                Copy("dependencies", BUNDLE, BUNDLE),
                Copy("dependencies", "/opt/bundle-config", "/opt/bundle-config"),
                Copy("app", "/app", "/app"),
            ),
            env=env,
            build_env={"BUNDLE_APP_CONFIG": "/opt/bundle-config"},
            processes={} if context.procfile else {"web": default_web(tree, lock, rails)},
            variables=named(
                context.config, [tree.text(name) or "" for name in (*names, *tree.files(".gemspec", depth=2))]
            ),
            warnings=() if context.procfile or server_of(lock) else (NO_SERVER,),
        )


def wanted(tree: Tree, lock: str) -> Wanted:
    for text, origin in (
        (version_line(tree, ".ruby-version"), ".ruby-version"),
        (ruby_line(tree.text("Gemfile") or ""), "Gemfile"),
        (tool_version(tree, "ruby"), ".tool-versions"),
    ):
        if text:
            return pinned(re.split("[p@]", text.removeprefix("ruby-"))[0].rstrip("-"), origin)
    found = re.search(r"(?m)^RUBY VERSION\n\s+ruby (\d+\.\d+\.\d+)", lock)
    return pinned(found[1], "Gemfile.lock") if found else Wanted(tags=("3.3", "3"))


def ruby_line(gemfile: str) -> str:
    found = re.search(r"""(?m)^\s*ruby\s+["']([0-9.]+)["']""", gemfile)
    return found[1] if found else ""


NO_SERVER = "No server for production is in the Gemfile: WEBrick, which is for development, would serve. Add one: bundle add puma"


def server_of(lock: str) -> str:
    found = re.search(r"(?m)^    (puma|falcon|unicorn|iodine|thin|passenger|agoo) \(", lock)
    return found[1] if found else ""


def default_web(tree: Tree, lock: str, rails: bool) -> str:
    has_puma = re.search(r"(?m)^    puma \(", lock) is not None
    if rails:
        return "bundle exec rails server -b 0.0.0.0 -p ${PORT:-5000}"
    if tree.has("config.ru"):
        return (
            "bundle exec puma -b tcp://0.0.0.0:${PORT:-5000} config.ru"
            if has_puma
            else "bundle exec rackup -o 0.0.0.0 -p ${PORT:-5000}"
        )
    for path in ("app.rb", "server.rb", "main.rb"):
        if tree.has(path):
            return f"bundle exec ruby {path} -o 0.0.0.0 -p ${{PORT:-5000}}"
    raise AppError(
        "No file says how to start this Ruby app",
        code="no_process",
        hint="Add config.ru, or a Procfile with `web: bundle exec puma -p $PORT`.",
    )
