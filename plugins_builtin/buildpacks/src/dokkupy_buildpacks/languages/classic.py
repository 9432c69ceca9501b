"""A classic buildpack (Heroku's API: bin/detect, bin/compile, bin/release), fetched by git inside the build.

https://devcenter.heroku.com/articles/buildpack-api
"""

from __future__ import annotations

import shlex

from dokkupy_sdk.buildpack import Context, Copy, Language, Plan, Stage, Step, Toolchain, Tree
from dokkupy_sdk.errors import AppError

TOOLCHAIN = Toolchain(
    "stack",
    official="heroku/heroku",
    debian={"bookworm": "12", "trixie": "13"},
    build_packages=(
        "bash",
        "build-essential",
        "bzip2",
        "curl",
        "file",
        "git",
        "gnupg",
        "jq",
        "libpq-dev",
        "libssl-dev",
        "openssh-client",
        "python3",
        "rsync",
        "unzip",
        "wget",
        "xz-utils",
        "zlib1g-dev",
        "zip",
    ),
    run_packages=("bash", "curl", "libpq5", "openssl", "procps", "zlib1g"),
    build_variants=("-build",),
)

FETCH = """\
rm -rf {place}; mkdir -p {place}
case {url} in
  *.tgz|*.tar.gz) curl -fsSL --retry 3 {url} | tar -xz -C {place} ;;
  *) git clone -q --depth 1 {branch} {url} {place} || {{ rm -rf {place}; git clone -q {url} {place}; {checkout} }} ;;
esac
rm -rf {place}/.git"""

COMPILE = """\
mkdir -p /tmp/env /cache
if [ -f /run/secrets/dokkupy-config ]; then
  for name in $(grep -oE '^[A-Za-z_][A-Za-z0-9_]*=' /run/secrets/dokkupy-config | tr -d =); do
    if printenv "$name" >/dev/null; then printenv "$name" | head -c -1 >/tmp/env/$name; fi
  done
fi
export STACK=${{STACK:-heroku-24}} REQUEST_ID=build HOME=/app
for file in /buildpacks/*/export; do if [ -f "$file" ]; then . "$file"; fi; done
name=$(bash {place}/bin/detect /app) || {{ echo "The buildpack {shown} does not know this source: $name" >&2; exit 1; }}
echo "-----> $name app detected"
bash -c 'chmod -R u+x "$0"/bin; exec "$0/bin/compile" /app /cache /tmp/env' {place}
mkdir -p /app/.dokkupy
if [ -x {place}/bin/release ]; then {place}/bin/release /app >/app/.dokkupy/release.yml; fi
rm -rf /tmp/env"""

START = """\
cat >/app/.dokkupy/start <<'END'
#!/bin/bash
for file in /app/.profile.d/*.sh /app/.profile; do if [ -f "$file" ]; then . "$file"; fi; done
if [ $# = 0 ]; then set -- /bin/bash -c "$(sed -n 's/^ *web: *//p' /app/.dokkupy/release.yml | head -n 1)"; fi
exec "$@"
END
chmod 755 /app/.dokkupy/start"""


class Classic(Language):
    """One buildpack. index: its position in the list."""

    toolchain = TOOLCHAIN

    def __init__(self, address: str, index: int) -> None:
        if address.startswith(("docker:", "urn:", "cnb:")):
            raise AppError(
                f"{address} is a Cloud Native Buildpack, which only the builder pack can use",
                hint="pip install dokkupy-builders; builder:set APP selected pack",
            )
        self.url, _, self.reference = address.partition("#")
        self.name = f"classic-{index}"

    def detect(self, tree: Tree) -> int:
        return 0

    def plan(self, tree: Tree, context: Context) -> Plan:
        place = f"/buildpacks/{self.name}"
        reference = shlex.quote(self.reference)
        fetch = FETCH.format(
            place=place,
            url=shlex.quote(self.url),
            branch=f"--branch {reference}" if self.reference else "",
            checkout=f"git -C {place} checkout -q {reference};" if self.reference else "",
        )
        run = COMPILE.format(place=place, shown=self.url)
        return Plan(
            language=self.name,
            toolchain=TOOLCHAIN,
            stages=(
                Stage("buildpack", (Step(fetch, title=f"Fetching the buildpack {self.url}"),)),
                Stage(
                    "app",
                    (
                        Step(files=(".",)),
                        Step(f"{run}\n{START}", caches=("/cache",), config=True, title="Running the buildpack"),
                    ),
                    after="buildpack",
                ),
            ),
            copies=(Copy("app", "/app", "/app"),),
            env={"LANG": "C.UTF-8"},
            entrypoint=("/bin/bash", "/app/.dokkupy/start"),
            remarks=(f"Classic buildpack {self.url}",),
        )
