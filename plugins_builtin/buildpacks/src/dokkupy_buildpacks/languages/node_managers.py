"""The package managers of Node.js: which one an app uses, and the commands that bring it, install packages and remove
development dependencies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dokkupy_sdk.buildpack import Tree
from dokkupy_sdk.errors import AppError
from dokkupy_sdk.values import dataclass

HOME = "/opt/manager"
"""The directory of the package manager, during the build and at run time, because a Procfile may say `yarn start`."""

NPM = "/root/.npm"
CACHES = {
    "npm": (NPM,),
    "yarn": (NPM, "/root/.cache/yarn"),
    "pnpm": (NPM, "/root/.cache/pnpm-store"),
    "bun": (NPM, "/root/.bun/install/cache"),
}
LOCKS = {
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
    "package-lock.json": "npm",
    "npm-shrinkwrap.json": "npm",
    "bun.lock": "bun",
    "bun.lockb": "bun",
}
CHOSEN = re.compile(r"(npm|yarn|pnpm|bun)@(\d+\.\d+\.\d+)(?:[-+].*)?")
YARN = {"4": "2.4.3", "5": "3.8.7", "6": "3.8.7", "7": "3.8.7"}
"""Format of yarn.lock (`__metadata: version`) -> a version of yarn that reads it. Newer formats belong to yarn 4."""

LIFECYCLE = ("preinstall", "install", "postinstall", "prepare", "heroku-prebuild")
KEPT = {
    "npm": ("NPM_CONFIG_PRODUCTION", "false"),
    "yarn": ("YARN_PRODUCTION", "false"),
    "berry": ("YARN2_SKIP_PRUNING", "true"),
    "pnpm": ("PNPM_SKIP_PRUNING", "true"),
}
"""Package manager -> the variable that keeps the development dependencies in the image
(devcenter.heroku.com/articles/nodejs-support)."""

PRUNE = r"""
const fs = require("fs"), path = require("path"), root = process.cwd();
const manifest = (dir) => {
  try { return JSON.parse(fs.readFileSync(path.join(dir, "package.json"), "utf8").replace(/^\uFEFF/, "")); }
  catch { return {}; }
};
const entries = (dir) => { try { return fs.readdirSync(dir, { withFileTypes: true }); } catch { return []; } };
const packages = (modules) => entries(modules).flatMap((one) => {
  const at = path.join(modules, one.name);
  if (one.name.startsWith("@")) return entries(at).map((scoped) => path.join(at, scoped.name));
  return one.name.startsWith(".") ? [] : [at];
});
const locks = ["package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "bun.lockb"];
const projects = [], trees = [];
const look = (dir, inside) => {
  // A project with a lock file of its own is no part of this one, and keeps all that was installed into it.
  if (dir !== root && !inside && locks.some((name) => fs.existsSync(path.join(dir, name)))) return;
  if (fs.existsSync(path.join(dir, "package.json")) && !inside) projects.push(dir);
  for (const one of entries(dir)) {
    const at = path.join(dir, one.name);
    if (!one.isDirectory() || one.name === ".git") continue;
    if (one.name === "node_modules") { trees.push(at); look(at, true); } else look(at, inside);
  }
};
look(root, false);
const found = (from, name) => {
  for (let dir = from; ; dir = path.dirname(dir)) {
    const at = path.join(dir, "node_modules", name);
    if (fs.existsSync(at)) return fs.realpathSync(at);
    if (dir === path.dirname(dir)) return "";
  }
};
const reached = (kinds) => {
  const seen = new Set();
  const visit = (dir, kinds) => {
    if (seen.has(dir)) return;
    seen.add(dir);
    const facts = manifest(dir);
    for (const kind of kinds) for (const name of Object.keys(Object(facts[kind]))) {
      const next = found(dir, name);
      if (next) visit(next, next.includes("node_modules") ? RUNTIME : kinds);
    }
  };
  for (const dir of projects) visit(fs.realpathSync(dir), kinds);
  return seen;
};
const RUNTIME = ["dependencies", "optionalDependencies", "peerDependencies"];
const kept = reached(RUNTIME);
const tools = [...reached([...RUNTIME, "devDependencies"])].filter(
  (dir) => !kept.has(dir) && dir.includes("/node_modules/"));
for (const dir of tools) fs.rmSync(dir, { recursive: true, force: true });
for (const tree of trees) for (const at of [...entries(path.join(tree, ".bin")).map((one) => path.join(tree, ".bin", one.name)),
  ...packages(tree)]) if (!fs.existsSync(at)) try { fs.unlinkSync(at); } catch {}
console.log("Development dependencies removed: " + tools.length);
"""
"""Remove the packages that only devDependencies require, by the rule by which Node itself finds packages. This runs no
script, fetches nothing, and does not touch any other file. The managers' own commands do: `npm prune` removes files
that the build generated below node_modules, yarn 1 undoes patches, and yarn 2 and newer run the scripts again without
their tools."""

WITHOUT_SCRIPTS = """\
if ! yarn workspaces focus --help >/dev/null 2>&1; then
echo 'Development dependencies stay: this yarn lacks its plugin workspace-tools'; exit 0; fi
for file in $(find . -name package.json -not -path '*/node_modules/*'); do
cp -p $file $file.whole
node -e 'const fs = require("fs"), f = process.argv[1], p = JSON.parse(fs.readFileSync(f, "utf8")); delete p.scripts;
fs.writeFileSync(f, JSON.stringify(p))' $file
done
yarn workspaces focus --all --production
for file in $(find . -name package.json.whole -not -path '*/node_modules/*'); do mv $file ${file%.whole}; done
mkdir -p node_modules"""
"""Remove development dependencies of an app with Plug'n'Play. It has no node_modules, but a later stage copies this
folder, so it is created. yarn itself writes the map of the remaining packages. Its command `focus` cannot skip scripts,
so they are removed from the manifests for that time."""


@dataclass(frozen=True, slots=True)
class Manager:
    """An app's package manager. version: empty for any. kind: its name, or `berry` for yarn 2 and newer."""

    name: str
    version: str
    locked: bool
    pnp: bool = False

    @property
    def kind(self) -> str:
        return "berry" if self.name == "yarn" and self.version and not self.version.startswith("1.") else self.name

    @property
    def caches(self) -> tuple[str, ...]:
        return CACHES[self.name]

    def bring(self) -> str:
        """The command that installs the package manager. Empty for the npm that comes with Node."""
        package = {"npm": "npm", "yarn": "yarn", "berry": "@yarnpkg/cli-dist", "pnpm": "pnpm", "bun": "bun"}[self.kind]
        default = {"npm": "", "yarn": "1", "pnpm": "9", "bun": "1"}.get(self.kind, "")
        version = self.version or default
        return f"npm install -g --no-audit --no-fund --prefix {HOME} {package}@{version}" if version else ""

    def install(self) -> str:
        """The command that installs all dependencies and runs their scripts, so that the build and `prepare` and
        `postinstall` have their tools."""
        if self.name == "pnpm":
            return (
                "pnpm config set store-dir /root/.cache/pnpm-store; pnpm config set package-import-method copy; "
                f"pnpm install {'--frozen-lockfile' if self.locked else '--no-frozen-lockfile'} --prod=false"
            )
        if self.kind == "berry":
            return f"yarn install {'--immutable' if self.locked else '--no-immutable'}"
        if self.name == "yarn":
            return f"yarn install {'--frozen-lockfile ' if self.locked else ''}--production=false"
        if self.name == "bun":
            return f"bun install{' --frozen-lockfile' if self.locked else ''}"
        return f"npm {'ci' if self.locked else 'install'} --no-audit --include=dev"

    def prune(self) -> str:
        if self.pnp:
            return WITHOUT_SCRIPTS
        return f"cat >/tmp/prune.js <<'END'\n{PRUNE}END\nnode /tmp/prune.js\nrm /tmp/prune.js"

    def kept(self, values: Mapping[str, str]) -> str:
        """The reason why development dependencies stay in the image; empty if they are removed."""
        environment = values.get("NODE_ENV") or "production"
        if environment != "production":
            return f"NODE_ENV is {environment[:40]}"
        name, value = KEPT.get(self.kind, ("", ""))
        return f"{name} is {value}" if name and values.get(name, "").lower() == value else ""


def manager_of(tree: Tree, package: dict[str, Any]) -> Manager:
    """The package manager of an app. `packageManager` overrides the lock file, as with corepack. Raises AppError if the
    two contradict each other."""
    stated = package.get("packageManager", "")
    found = CHOSEN.fullmatch(stated) if isinstance(stated, str) else None
    if stated and found is None:
        raise AppError(
            f"package.json: packageManager {str(stated)[:40]!r} is not like pnpm@9.1.0",
            hint="Supported: npm, yarn, pnpm and bun, each with a whole version.",
        )
    locks = [name for name in LOCKS if tree.has(name)]
    managers = {LOCKS[name] for name in locks}
    if found:
        if managers and found[1] not in managers:
            raise AppError(
                f"package.json says packageManager {found[1]}, the lock file is {', '.join(locks)}",
                hint=f"Commit the lock file of {found[1]}, or change packageManager.",
                code="two_lock_files",
            )
        name, version = found[1], found[2]
    elif len(managers) > 1:
        raise AppError(
            f"There are lock files of several package managers: {', '.join(locks)}",
            hint="Keep one of them, or name one as packageManager in package.json.",
            code="two_lock_files",
        )
    else:
        name = managers.pop() if managers else "npm"
        version = version_of_lock(tree, name)
    locked = any(LOCKS[lock] == name for lock in locks)
    return Manager(name, version, locked, pnp=name == "yarn" and plug_and_play(tree))


def version_of_lock(tree: Tree, name: str) -> str:
    if name == "yarn":
        lock = re.search(r"(?m)^__metadata:\n(?:  .*\n)*?  version: \"?(\d+)", tree.text("yarn.lock") or "")
        return YARN.get(lock[1], "4.5.3") if lock else ""
    if name == "pnpm":
        # Each major version has its own format of the lock file (pnpm's documentation). Versions 9 and 10 read format
        # 9.0.
        lock = re.search(r"(?m)^lockfileVersion:\s*'?(\d+)", tree.text("pnpm-lock.yaml") or "")
        return {"5": "7", "6": "8"}.get(lock[1] if lock else "", "9")
    return ""


def plug_and_play(tree: Tree) -> bool:
    """Whether yarn's own loader finds the packages, because .yarnrc.yml says so or the loader's map is part of the
    source."""
    stated = re.search(r"(?m)^nodeLinker:\s*[\"']?([\w-]+)", tree.text(".yarnrc.yml") or "")
    return stated[1] == "pnp" if stated else tree.has(".pnp.cjs") or tree.has(".pnp.js")
