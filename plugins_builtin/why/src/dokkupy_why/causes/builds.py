"""What builds fail of: dependencies that do not resolve, lock files, scripts, base images, mistakes in the Dockerfile."""

from __future__ import annotations

from dokkupy_sdk.diagnosis import FACT, Rule, read_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from dokkupy_sdk.diagnosis import Cause, Evidence

RULES = (
    Rule(
        r"No matching distribution found for (?P<name>\S+)",
        "There is no version of the Python package {name} that fits",
        "Correct its name and version in requirements.txt (`pip index versions NAME` lists them), and push again.",
    ),
    Rule(
        r"error: (?P<name>externally-managed-environment)",
        "pip may not install into the Python of the image's system",
        "Use an image of Python itself (FROM python:3), or a virtual environment: RUN python3 -m venv /venv, then /venv/bin/pip.",
    ),
    Rule(
        r"Cannot install (?P<name>.+?) because these package versions have conflicting dependencies",
        "Python packages need versions of another that exclude each other: {name}",
        "Loosen one of the versions in requirements.txt, and push again.",
    ),
    Rule(
        r"Could not open requirements file: .*'(?P<name>[^']+)'",
        "The file {name} is not in the image",
        "Add it to the repository, or copy it in the Dockerfile before it is used.",
    ),
    Rule(
        r"npm (?:error|ERR!) notarget No matching version found for (?P<name>\S+?)\.?$",
        "There is no version of the Node package {name} that fits",
        "Correct the version in package.json (`npm view NAME versions` lists them), and push again.",
    ),
    Rule(
        r"npm (?:error|ERR!) 404\s+(?:The requested resource )?'(?P<name>[^']+)'.*could not be found",
        "The registry has no Node package {name}, or it is private",
        "Correct its name in package.json. A private registry takes a token: config:set {app} NPM_TOKEN=VALUE and an .npmrc.",
    ),
    Rule(
        r"npm (?:error|ERR!) (?:code )?ERESOLVE(?P<what>)",
        "Node packages need versions of another that exclude each other",
        "The lines below `Could not resolve dependency` name them: change one of the versions in package.json, and push again.",
    ),
    Rule(
        r"npm ci.*can only install (?:packages )?(?:when|with)(?P<what>)",
        "npm ci finds no lock file that fits package.json",
        "Make it where you develop (npm install), commit package.json and package-lock.json together, and push again.",
    ),
    Rule(
        r"Missing script: \"(?P<name>[^\"]+)\"",
        "package.json has no script {name}",
        "Add it to `scripts` in package.json, or name another command in the Procfile, and push again.",
    ),
    Rule(
        r"EJSONPARSE|JSON\.parse Invalid (?P<name>package\.json)",
        "package.json is not valid JSON",
        "Correct the place that the output names, and push again.",
    ),
    Rule(
        r"requires a (?P<name>Gemfile\.lock)",
        "Bundler finds no Gemfile.lock",
        "Make it where you develop (bundle lock), commit it, and push again.",
    ),
    Rule(
        r"Could not find gem '(?P<name>[^']+)'",
        "There is no version of the Ruby gem {name} that fits",
        "Correct its name and version in the Gemfile, run bundle lock, commit both, and push again.",
    ),
    Rule(
        r"bundler: command not found: (?P<name>\S+)",
        "The command {name} is in no gem of the Gemfile",
        "Add it: bundle add {name}. Commit Gemfile and Gemfile.lock, and push again.",
    ),
    Rule(
        r"failed to (?:compute cache key|calculate checksum).*?\"(?P<name>/[^\"]+)\"(?:: not found| not found)"
        r"|COPY failed:.*?(?P<name2>[\w./-]+): no such file",
        "The Dockerfile copies {name}{name2}, which is not in what was pushed",
        "Add the file to git (and take it out of .dockerignore), or correct the COPY line, and push again.",
    ),
    Rule(
        r"(?i)dockerfile parse error (?:on )?line (?P<line>\d+): (?P<why>.+)",
        "A mistake in line {line} of the Dockerfile: {why}",
        "Correct the line, commit it, and push again.",
    ),
    Rule(
        r"(?:registry-1\.docker\.io/v2/|(?<![\w./-]))(?P<name>dokkupy/[\w.-]+)(?:/manifests/|:[\w.-]+: )"
        r"(?=.*(?:: dial |failed to resolve source metadata|pull access denied|not found))",
        "The image {name}, which dokkupy makes for builds, was removed from the engine during the build",
        "Build again: ps:rebuild {app}, or push again. To make room, use dokkupy cleanup instead of docker system prune.",
        steps=("build",),
        sure=FACT,
    ),
    Rule(
        r"failed to do request: Head \"https?://(?:registry-1\.docker\.io/v2/(?:library/)?|(?P<host>[^/]+/)v2/)"
        r"(?P<name>(?!dokkupy/)\S+?)/manifests/(?P<tag>[^\"]+)\": (?P<why>.+)",
        "The base image {host}{name}:{tag} was not pulled, because this host does not reach its registry: {why}",
        "Check the name in the FROM line, and this host's DNS and network. Without a registry, load the image on the host: docker load",
        steps=("build",),
    ),
    Rule(
        r"(?i)toomanyrequests|429 (?P<what>too many requests)",
        "The registry of the base image has a limit on pulls, and it is reached",
        "A login raises the limit: registry:login {app} SERVER USER. Otherwise wait, and push again.",
        steps=("build",),
    ),
    Rule(
        r"^(?!.*\bdokkupy/).*?(?<![\w./-])(?!(?:ERROR|solve|definition|dockerfile\.v0)\b)(?P<name>[\w./-]+(?::[\w.-]+)?): "
        r"(?:failed to resolve source metadata(?!.*(?:failed to do request|: 429 ))"
        r"|.*pull access denied|not found.*manifest)",
        "The base image {name} does not exist, or is private",
        "Correct its name and tag in the FROM line. For a private image, log in first: registry:login {app} SERVER USER",
        steps=("build",),
    ),
)


def build_causes(evidence: Evidence) -> Iterator[Cause]:
    yield from read_rules(RULES, evidence)
