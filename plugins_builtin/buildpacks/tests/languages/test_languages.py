"""What each language makes of a source: pure, nothing is built."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from dokkupy_buildpacks.languages import java
from dokkupy_sdk.errors import AppError, DokkupyError

from plugins_builtin.buildpacks.tests.conftest import Bench, steps

# detection

SOURCES = {
    "python": ({"requirements.txt": "flask\ngunicorn\n", "app.py": "app = Flask(__name__)\n"}, "web"),
    "nodejs": ({"package.json": {"scripts": {"start": "node server.js"}}}, "web"),
    "static": ({"index.html": "<p>hello</p>"}, "web"),
    "go": ({"go.mod": "module example.com/x\n\ngo 1.22\n", "main.go": "package main\n"}, "web"),
    "rust": ({"Cargo.toml": '[package]\nname = "x"\n', "src/main.rs": "fn main() {}"}, "web"),
    "ruby": ({"Gemfile": 'gem "puma"', "Gemfile.lock": "GEM\n    puma (6)\n", "config.ru": ""}, "web"),
    "php": ({"index.php": "<?php"}, "web"),
    "java": ({"pom.xml": "<project><java.version>17</java.version></project>"}, "web"),
    "procfile": ({"Procfile": "web: ./serve\n"}, ""),
}


@pytest.mark.parametrize("name", SOURCES)
def test_language_is_detected_and_has_a_default_process(bench: Bench, name: str) -> None:
    files, process = SOURCES[name]
    bench.write(dict(files))
    plan = bench.plan()
    assert plan.language == name
    assert set(plan.processes) == ({process} if process else set())


@pytest.mark.parametrize("name", SOURCES)
def test_procfile_says_the_processes_itself(bench: Bench, name: str) -> None:
    bench.write({**SOURCES[name][0], "Procfile": "web: own\n"})
    # A static site is served whatever else its Procfile names; the image's command yields to a `web` there.
    assert set(bench.plan().processes) == ({"web"} if name == "static" else set())


def test_source_that_nobody_knows_is_an_error_that_names_the_languages(bench: Bench) -> None:
    bench.write({"README.md": "hello"})
    with pytest.raises(AppError, match="No buildpack can build") as caught:
        bench.plan()
    assert "python" in caught.value.details[0]


def test_node_builds_the_assets_of_another_language_first(bench: Bench) -> None:
    bench.write(
        {"requirements.txt": "gunicorn", "app.py": "app = Flask(x)", "package.json": {"scripts": {"build": "vite"}}}
    )
    assert [plan.language for plan in bench.plans()] == ["nodejs", "python"]
    _, text = bench.build()
    assert "COPY --from=nodejs-app /app /app" in text
    assert text.rindex("FROM dokkupy/python") > text.rindex("FROM nodejs-all AS nodejs-app")


def test_package_json_without_a_build_does_not_take_a_source_from_its_language(bench: Bench) -> None:
    bench.write(
        {"requirements.txt": "gunicorn", "app.py": "app = Flask(x)", "package.json": {"devDependencies": {"x": "1"}}}
    )
    assert [plan.language for plan in bench.plans()] == ["python"]


# Python


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"requirements.txt": "flask"}, "pip install -r requirements.txt"),
        ({"uv.lock": "", "pyproject.toml": "[project]\nname='x'"}, "uv sync --locked --no-dev --no-install-project"),
        ({"poetry.lock": "", "pyproject.toml": "[tool.poetry]\nname='x'"}, "poetry export --only main"),
        ({"Pipfile": "", "Pipfile.lock": "{}"}, "pipenv sync"),
        ({"pdm.lock": "", "pyproject.toml": "[project]\nname='x'"}, "pdm sync --prod"),
        ({"pyproject.toml": "[project]\nname='x'\n[build-system]\nrequires=[]"}, "pip install ."),
        ({"setup.py": ""}, "pip install ."),
    ],
)
def test_python_uses_the_manager_of_the_lock_file(bench: Bench, files: dict[str, object], expected: str) -> None:
    bench.write({**files, "Procfile": "web: x"})
    assert expected in steps(bench.plan())


@pytest.mark.parametrize(
    ("files", "accepted", "refused"),
    [
        ({".python-version": "3.13\n"}, "3.13", "3.12"),
        ({"runtime.txt": "python-3.11.4"}, "3.11", "3.13"),
        ({"pyproject.toml": "[project]\nrequires-python = '>=3.11,<3.13'"}, "3.11", "3.13"),
        ({"pyproject.toml": "[project]\nrequires-python = '>=3.11.2'"}, "3.11", "3.10"),
        ({"Pipfile.lock": '{"_meta": {"requires": {"python_version": "3.13"}}}'}, "3.13", "3.11"),
    ],
)
def test_python_version_comes_from_its_files(
    bench: Bench, files: dict[str, object], accepted: str, refused: str
) -> None:
    bench.write({"requirements.txt": "", "Procfile": "web: x", **files})
    wanted = bench.plan().wanted
    assert wanted.accepts(accepted) and not wanted.accepts(refused)


def test_dependencies_are_brought_before_the_source_so_that_a_changed_line_downloads_nothing(bench: Bench) -> None:
    bench.write({"requirements.txt": "flask", "Procfile": "web: x"})
    _, text = bench.build()
    assert text.index("pip install") < text.index('COPY [".", "./"]')


def test_requirements_that_lead_to_other_files_get_the_whole_source(bench: Bench) -> None:
    bench.write({"requirements.txt": "-r base.txt\n", "Procfile": "web: x"})
    assert [step.files for step in bench.plan().stages[0].steps][-1] == (".",)


def test_django_collects_static_files_with_the_configuration(bench: Bench) -> None:
    bench.write({"requirements.txt": "Django==5\ngunicorn", "manage.py": "", "blog/wsgi.py": ""})
    plan = bench.plan()
    collect = [step for stage in plan.stages for step in stage.steps if "collectstatic" in step.command]
    assert [step.config for step in collect] == [True]
    assert plan.processes["web"].startswith("gunicorn blog.wsgi:application ") and plan.warnings == ()
    assert "collectstatic" not in steps(bench.plan({"DISABLE_COLLECTSTATIC": "1"}))


@pytest.mark.parametrize(
    ("source", "requirements", "expected"),
    [
        ("app = FastAPI()", "fastapi\nuvicorn", "uvicorn app:app"),
        ("api: Flask = Flask(__name__)", "flask\ngunicorn", "gunicorn app:api"),
        ("app = Sanic('x')", "sanic", "sanic app:app"),
        ("app = Quart(__name__)", "quart", "hypercorn app:app"),
        ("app = FastAPI()", "fastapi[standard]", "uvicorn app:app"),
        ("app = Flask(__name__)", "flask\nwaitress", "waitress-serve --listen=0.0.0.0:${PORT:-5000} app:app"),
        ("print('hi')", "requests", "python app.py"),
    ],
)
def test_python_default_process_follows_the_framework(
    bench: Bench, source: str, requirements: str, expected: str
) -> None:
    bench.write({"requirements.txt": requirements, "app.py": source})
    assert bench.plan().processes["web"].startswith(expected)


@pytest.mark.parametrize(
    ("files", "web", "package"),
    [
        # Flask's and Django's own servers are for development: they served before, in silence.
        ({"requirements.txt": "flask", "app.py": "app = Flask(__name__)"}, "gunicorn app:app ", "gunicorn"),
        (
            {"requirements.txt": "Django", "manage.py": "", "blog/wsgi.py": ""},
            "gunicorn blog.wsgi:application ",
            "gunicorn",
        ),
        (
            {"requirements.txt": "Django\n# gunicorn\n", "manage.py": "", "blog/wsgi.py": ""},
            "gunicorn blog.wsgi:application ",
            "gunicorn",
        ),
        (
            {"requirements.txt": "Django", "manage.py": "", "blog/asgi.py": ""},
            "uvicorn blog.asgi:application ",
            "uvicorn",
        ),
        ({"requirements.txt": "fastapi", "main.py": "app = FastAPI()"}, "uvicorn main:app ", "uvicorn"),
        (
            {
                "uv.lock": "django",
                "pyproject.toml": "[project]\nname='x'\n[build-system]\n",
                "manage.py": "",
                "blog/wsgi.py": "",
            },
            "gunicorn blog.wsgi:application ",
            "gunicorn",
        ),
    ],
)
def test_missing_server_for_production_is_added_and_said(
    bench: Bench, files: dict[str, object], web: str, package: str
) -> None:
    bench.write(files)
    plan = bench.plan()
    assert plan.processes["web"].startswith(web)
    last = [step.command for stage in plan.stages for step in stage.steps if "pip install" in step.command][-1]
    assert last.endswith(f"pip install {package}")
    assert f"{package} is added" in plan.warnings[0] and f"`{package}`" in plan.warnings[0]


@pytest.mark.parametrize(
    ("requirements", "more"),
    [("gunicorn", {}), ("-r more/all.txt", {"more/all.txt": "gunicorn==23"}), ("flask", {"Procfile": "web: x"})],
)
def test_server_that_the_app_brings_is_not_added_again(
    bench: Bench, requirements: str, more: dict[str, object]
) -> None:
    bench.write({"requirements.txt": requirements, "app.py": "app = Flask(__name__)", **more})
    assert bench.plan().warnings == ()


def test_django_that_nothing_but_runserver_can_serve_is_refused_with_the_line_to_add(bench: Bench) -> None:
    bench.write({"requirements.txt": "Django", "manage.py": ""})
    with pytest.raises(AppError, match="neither wsgi.py nor asgi.py") as caught:
        bench.plan()
    assert "web: gunicorn" in caught.value.hint


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {"uv.lock": "", "pyproject.toml": "", "requirements.txt": ""},
            "from uv.lock; requirements.txt is ignored",
        ),
        (
            {"Pipfile.lock": "{}", "Pipfile": "", "requirements.txt": ""},
            "from Pipfile.lock; requirements.txt is ignored",
        ),
        *(
            (
                {name: "", "requirements.txt": ""},
                f"from requirements.txt; {name} is ignored, because there is no pyproject.toml",
            )
            for name in ("uv.lock", "poetry.lock", "pdm.lock")
        ),
        ({"requirements.txt": "", "Pipfile": ""}, "from requirements.txt; Pipfile is ignored"),
        ({"Pipfile.lock": "{}", "Pipfile": ""}, ""),
        ({"poetry.lock": "", "pyproject.toml": ""}, ""),
    ],
)
def test_python_says_which_of_several_files_it_does_not_look_at(
    bench: Bench, files: dict[str, object], said: str
) -> None:
    bench.write({**files, "Procfile": "web: x"})
    plan = bench.plan()
    assert len(plan.warnings) == bool(said) and said in " ".join(plan.warnings)
    needed = {file for stage in plan.stages for step in stage.steps for file in step.files} - {"."}
    assert needed <= set(files), "a step copies a file that the source does not have"


@pytest.mark.parametrize(
    ("lock", "manifest"),
    [(lock, "pyproject.toml") for lock in ("uv.lock", "poetry.lock", "pdm.lock")] + [("Gemfile.lock", "Gemfile")],
)
def test_lock_file_without_its_manifest_is_an_error_that_names_both(bench: Bench, lock: str, manifest: str) -> None:
    bench.write({lock: "", "Procfile": "web: x"})
    with pytest.raises(AppError, match=f"There is a {lock} but no {manifest}"):
        bench.plan()


def test_python_two_lock_files_are_an_error_that_names_both(bench: Bench) -> None:
    bench.write({"uv.lock": "", "poetry.lock": "", "pyproject.toml": "", "Procfile": "web: x"})
    with pytest.raises(AppError, match=r"uv.lock, poetry.lock"):
        bench.plan()


VERSION_FILES = {
    ".nvmrc": (
        ["20", "v20", "20 # why", "# why\n\n20\n", "lts/iron", "LTS/Iron", "20.x"],
        {"package.json": {"scripts": {"start": "node x"}}},
        "20",
        "18",
    ),
    ".node-version": (["v20", "20"], {"package.json": {"scripts": {"start": "node x"}}}, "20", "18"),
    ".python-version": (
        ["3.11", "3.11 # why", "\n# why\n3.11\n", "python-3.11", "3.11.4", "cpython-3.11"],
        {"requirements.txt": "", "Procfile": "w: x"},
        "3.11",
        "3.13",
    ),
    "runtime.txt": (
        ["python-3.11.4", "python-3.11 # why", "\npython-3.11"],
        {"requirements.txt": "", "Procfile": "w: x"},
        "3.11",
        "3.13",
    ),
    ".ruby-version": (
        ["3.1", "ruby-3.1.2", "3.1.2-p20", "ruby-3.1.2@blog", "3.1 # why"],
        {"Gemfile": "", "Gemfile.lock": "", "config.ru": ""},
        "3.1",
        "3.3",
    ),
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(("name", "text"), [(name, text) for name, facts in VERSION_FILES.items() for text in facts[0]])
def test_version_files_are_read_as_their_tools_read_them(bench: Bench, name: str, text: str, encoding: str) -> None:
    _, files, accepted, refused = VERSION_FILES[name]
    bench.write(dict(files))
    (bench.root / name).write_bytes(f"{text}\n".replace("\n", "\r\n").encode(encoding))
    wanted = bench.plan().wanted
    assert wanted.origin == name and wanted.accepts(accepted) and not wanted.accepts(refused)


@pytest.mark.parametrize("text", ["lts/*", "node", "stable", "# nothing\n", ""])
def test_node_version_that_is_any_takes_what_there_is(bench: Bench, text: str) -> None:
    bench.write({"package.json": {"scripts": {"start": "node x"}}, ".nvmrc": text})
    assert bench.plan().wanted.accepts("20")


@pytest.mark.parametrize(
    ("files", "accepted", "refused"),
    [
        ({"package.json": {"scripts": {"start": "node x"}}}, "20", "18"),
        ({"requirements.txt": "", "Procfile": "w: x"}, "3.11", "3.13"),
        ({"Gemfile": "", "Gemfile.lock": "", "config.ru": ""}, "3.1", "3.3"),
    ],
)
def test_tool_versions_names_the_version_of_each_language(
    bench: Bench, files: dict[str, object], accepted: str, refused: str
) -> None:
    bench.write({**files, ".tool-versions": "# asdf\nnodejs 20 18.0.0\npython 3.11.2 # why\nruby 3.1.2\n"})
    wanted = bench.plan().wanted
    assert wanted.origin == ".tool-versions" and wanted.accepts(accepted) and not wanted.accepts(refused)


# Node.js


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"package-lock.json": "{}"}, "npm ci"),
        ({"yarn.lock": ""}, "yarn install --frozen-lockfile"),
        ({"yarn.lock": "__metadata:\n  version: 8\n"}, "yarn install --immutable"),
        ({"pnpm-lock.yaml": "lockfileVersion: '9.0'\n"}, "pnpm install --frozen-lockfile"),
        ({}, "npm install"),
    ],
)
def test_node_uses_the_manager_of_the_lock_file(bench: Bench, files: dict[str, object], expected: str) -> None:
    bench.write({"package.json": {"scripts": {"start": "node x.js"}, "dependencies": {"a": "1"}}, **files})
    assert expected in steps(bench.plan())


def test_node_development_dependencies_build_and_are_not_in_the_image(bench: Bench) -> None:
    package = {
        "scripts": {"build": "tsc", "start": "node dist/x.js"},
        "dependencies": {"a": "1"},
        "devDependencies": {"b": "1"},
    }
    bench.write({"package.json": package, "package-lock.json": "{}"})
    plan = bench.plan()
    # One tree: installed with everything, built in, and then without its tools. A second installation without them
    # would run the lifecycle scripts without their tools, and would lose what the build wrote below node_modules.
    assert [copy.stage for copy in plan.copies if "node_modules" in copy.path] == ["pruned"]
    chain = {stage.name: stage.after for stage in plan.stages}
    assert (chain["pruned"], chain["all"], chain["dependencies"]) == ("all", "dependencies", "tool")
    commands = [step.command for stage in plan.stages for step in stage.steps if "npm ci" in step.command]
    assert len(commands) == 1 and "--include=dev" in commands[0]


@pytest.mark.parametrize(
    ("lock", "env", "kept"),
    [
        ("package-lock.json", {}, False),
        ("package-lock.json", {"NPM_CONFIG_PRODUCTION": "false"}, True),
        ("package-lock.json", {"NPM_CONFIG_PRODUCTION": "true"}, False),
        ("package-lock.json", {"NODE_ENV": "staging"}, True),
        ("package-lock.json", {"NODE_ENV": ""}, False),
        ("yarn.lock", {"YARN_PRODUCTION": "false"}, True),
        ("pnpm-lock.yaml", {"PNPM_SKIP_PRUNING": "true"}, True),
        ("pnpm-lock.yaml", {"NPM_CONFIG_PRODUCTION": "false"}, False),
    ],
)
def test_node_development_dependencies_stay_where_herokus_variables_say_so(
    bench: Bench, lock: str, env: dict[str, str], kept: bool
) -> None:
    bench.write({"package.json": {"scripts": {"start": "node x"}}, lock: ""})
    plan = bench.plan(env)
    assert ("prune.js" not in steps(plan)) == kept
    assert any("Development dependencies stay" in one for one in plan.remarks) == kept


def test_node_installs_once_and_keeps_the_layer_while_only_code_changes(bench: Bench) -> None:
    package = {"scripts": {"build": "tsc", "start": "node x"}, "dependencies": {"a": "1"}}
    bench.write({"package.json": package, "package-lock.json": "{}"})
    assert [stage.steps[0].files for stage in bench.plan().stages if stage.name == "dependencies"] == [
        ("package.json", "package-lock.json")
    ]


@pytest.mark.parametrize(
    ("rc", "pnp"),
    [
        ({}, False),
        ({".yarnrc.yml": "nodeLinker: pnp\n"}, True),
        ({".pnp.cjs": ""}, True),
        ({".pnp.cjs": "", ".yarnrc.yml": "nodeLinker: node-modules\n"}, False),
    ],
)
def test_yarn_links_as_the_source_says(bench: Bench, rc: dict[str, object], pnp: bool) -> None:
    bench.write({"package.json": {"scripts": {"start": "node x.js"}}, "yarn.lock": "__metadata:\n  version: 8\n", **rc})
    plan = bench.plan()
    assert plan.build_env["YARN_NODE_LINKER"] == ("pnp" if pnp else "node-modules")
    assert plan.processes["web"] == ("yarn node x.js" if pnp else "node x.js")
    assert ("workspaces focus" in steps(plan)) == pnp


def test_yarn_is_there_while_the_app_runs(bench: Bench) -> None:
    bench.write({"package.json": {}, "yarn.lock": "", "Procfile": "web: yarn start"})
    plan = bench.plan()
    assert ("tool", "/opt/manager") in [(copy.stage, copy.to) for copy in plan.copies]
    assert "/opt/manager/bin" in plan.env["PATH"]


@pytest.mark.parametrize(
    ("package", "lock", "expected"),
    [({"packageManager": "bun@1.2.3"}, "bun.lock", "bun@1.2.3"), ({}, "bun.lockb", "bun@1")],
)
def test_bun_installs_and_runs(bench: Bench, package: dict[str, object], lock: str, expected: str) -> None:
    bench.write({"package.json": package, lock: "", "index.ts": ""})
    plan = bench.plan()
    assert expected in steps(plan) and "bun install --frozen-lockfile" in steps(plan)
    assert plan.processes["web"] == "bun index.ts"


def test_lock_file_of_another_manager_than_the_chosen_one_is_an_error_that_names_both(bench: Bench) -> None:
    bench.write({"package.json": {"packageManager": "pnpm@9.1.0"}, "yarn.lock": ""})
    with pytest.raises(AppError, match=r"packageManager pnpm, the lock file is yarn\.lock"):
        bench.plan()


def test_node_two_lock_files_are_an_error_that_names_both(bench: Bench) -> None:
    bench.write({"package.json": {"scripts": {"start": "node x"}}, "yarn.lock": "", "package-lock.json": "{}"})
    with pytest.raises(AppError, match=r"yarn.lock, package-lock.json"):
        bench.plan()


@pytest.mark.parametrize(
    ("text", "accepted", "refused"),
    [
        ("20.x", "20", "18"),
        (">=18 <21", "20", "22"),
        ("^20.1.0", "20", "18"),
        ("18 || 20", "18", "22"),
        ("v20", "20", "18"),
        (">= 18", "20", "16"),
    ],
)
def test_node_engines_is_a_range_of_npm(bench: Bench, text: str, accepted: str, refused: str) -> None:
    bench.write({"package.json": {"engines": {"node": text}, "scripts": {"start": "node x"}}})
    wanted = bench.plan().wanted
    assert wanted.accepts(accepted) and not wanted.accepts(refused)


def test_node_build_without_a_server_is_served_as_a_static_site(bench: Bench) -> None:
    bench.write({"package.json": {"scripts": {"build": "vite build"}}, "package-lock.json": "{}"})
    plan = bench.plan()
    assert plan.language == "nodejs" and "nginx" in plan.processes["web"]
    assert any(copy.path == "/site" for copy in plan.copies)


@pytest.mark.parametrize(
    ("scripts", "web"),
    [
        ({"start": "nodemon server.js"}, "node server.js"),
        ({"start": "node --watch server.js"}, "node server.js"),
        ({"start": "nest start", "start:prod": "node dist/main"}, "npm run start:prod"),
        ({"start": "next dev", "build": "next build"}, "next start -p ${PORT:-5000}"),
        ({"start": "react-scripts start", "build": "react-scripts build"}, "nginx"),
        ({"start": "vite", "build": "vite build"}, "nginx"),
        ({"start": "ts-node-dev src/x.ts"}, ""),
        ({"start": "webpack serve"}, ""),
    ],
)
def test_development_server_of_a_start_script_does_not_serve_in_silence(
    bench: Bench, scripts: dict[str, object], web: str
) -> None:
    bench.write({"package.json": {"scripts": scripts}, "package-lock.json": ""})
    if not web:
        with pytest.raises(AppError, match="runs a development server"):
            bench.plan()
        return
    plan = bench.plan()
    assert web in plan.processes["web"] and "runs a development server" in plan.warnings[0]


@pytest.mark.parametrize(
    "start",
    [
        "node server.js",
        "next start",
        "vite preview",
        "serve -s build",
        "node dist/nodemon.js",
        "nuxt start",
        "nest-server start",
    ],
)
def test_servers_for_production_pass_without_a_word(bench: Bench, start: str) -> None:
    bench.write({"package.json": {"scripts": {"start": start}}})
    assert bench.plan().warnings == ()


@pytest.mark.parametrize(
    ("command", "warned"),
    [
        ("python manage.py runserver 0.0.0.0:$PORT", True),
        ("php -S 0.0.0.0:$PORT -t public", True),
        ("flask --app x run", True),
        ("uvicorn app:app --reload", True),
        ("uvicorn app:app", False),
        ("gunicorn blog.wsgi", False),
    ],
)
def test_development_server_of_a_procfile_is_warned_of(bench: Bench, command: str, warned: bool) -> None:
    bench.write({"requirements.txt": "flask", "Procfile": f"worker: x\nweb: {command}\n"})
    assert bool(bench.plan().warnings) == warned


def test_plain_start_script_is_run_without_npm_between_the_app_and_its_signals(bench: Bench) -> None:
    bench.write({"package.json": {"scripts": {"start": "node server.js"}}})
    assert bench.plan().processes["web"] == "node server.js"
    bench.write({"package.json": {"scripts": {"start": "next start && true"}}})
    assert bench.plan().processes["web"] == "npm start --silent"


# the others


def test_go_builds_every_command_and_starts_the_first(bench: Bench) -> None:
    bench.write(
        {
            "go.mod": "module example.com/x\ngo 1.22\n",
            "cmd/web/main.go": "package main",
            "cmd/job/main.go": "package main",
            "internal/a.go": "package a",
        }
    )
    assert "./cmd/job ./cmd/web" in steps(bench.plan())


def test_go_asks_itself_whether_a_package_is_written_in_c_unless_the_app_decides(bench: Bench) -> None:
    bench.write({"go.mod": "module example.com/x\ngo 1.22\n", "main.go": "package main"})
    plan = bench.plan()
    assert "go list -deps -f '{{if and .CgoFiles (not .Standard)}}{{.ImportPath}}{{end}}' ." in steps(plan)
    assert {"gcc", "libc6-dev", "pkg-config"} <= set(plan.toolchain.build_packages)
    decided = bench.plan({"CGO_ENABLED": "0"})
    assert "CgoFiles" not in steps(decided) and decided.build_env["CGO_ENABLED"] == "0"


def test_go_that_asks_for_more_than_debian_has_is_left_to_gos_own_toolchains(bench: Bench) -> None:
    bench.write({"go.mod": "module example.com/x\ngo 1.99\n", "main.go": "package main"})
    assert bench.plan().wanted.accepts("1.24") and not bench.plan().wanted.accepts("1.19")


def test_password_of_a_private_index_is_not_printed_and_none_is_asked_for(bench: Bench) -> None:
    bench.write({"pyproject.toml": "[project]\nname='x'\ndependencies=['flask']", "poetry.lock": "", "app.py": ""})
    assert "sed -i 's/^--trusted-host .*@/--trusted-host /'" in steps(bench.plan())
    assert bench.plan().build_env["PIP_NO_INPUT"] == "1"


def test_vendored_gems_are_there_when_dependencies_are_installed(bench: Bench) -> None:
    bench.write({"Gemfile": "", "Gemfile.lock": "GEM\n    puma (6)\n", "config.ru": "", "vendor/cache/puma-6.gem": "x"})
    install = bench.plan().stages[0].steps[0]
    assert "vendor/cache/puma-6.gem" in install.files
    assert "bundle install --local --jobs 4" in install.command


def test_rust_workspace_is_built_whole(bench: Bench) -> None:
    bench.write(
        {
            "Cargo.toml": "[workspace]\nmembers=['a','b']",
            "a/Cargo.toml": "[package]\nname='a'",
            "a/src/main.rs": "",
            "b/Cargo.toml": "[package]\nname='b'",
            "b/src/lib.rs": "",
        }
    )
    plan = bench.plan()
    assert "--workspace" in steps(plan) and plan.processes["web"] == "a"


def test_library_alone_is_no_app(bench: Bench) -> None:
    bench.write({"Cargo.toml": "[package]\nname='b'", "src/lib.rs": ""})
    with pytest.raises(AppError, match="only libraries"):
        bench.plan()


@pytest.mark.parametrize(
    ("text", "accepted", "refused"),
    [
        ("^8.2", "8.4", "7.4"),
        ("~8.2.0", "8.2", "8.4"),
        (">=8.1 <8.3", "8.2", "8.4"),
        ("8.4.*", "8.4", "8.2"),
        ("^7.4 || ^8.2", "8.2", "8.1"),
    ],
)
def test_php_constraints_are_composers(bench: Bench, text: str, accepted: str, refused: str) -> None:
    bench.write({"composer.json": {"require": {"php": text}}})
    wanted = bench.plan().wanted
    assert wanted.accepts(accepted) and not wanted.accepts(refused)


def test_java_version_of_system_properties_is_exact_and_of_the_pom_a_minimum(bench: Bench) -> None:
    bench.write({"pom.xml": "<java.version>17</java.version>"})
    assert bench.plan().wanted.accepts("21")
    bench.write({"system.properties": "java.runtime.version=17\n"})
    assert bench.plan().wanted.accepts("17") and not bench.plan().wanted.accepts("21")


@pytest.mark.parametrize(
    ("site", "fallback"),
    [
        ({}, "=404"),
        ({"static.json": {"routes": {"/**": "index.html"}}}, "/index.html"),
        ({"_redirects": "/*  /index.html  200"}, "/index.html"),
    ],
)
def test_static_site_answers_unknown_paths_as_it_says(bench: Bench, site: dict[str, object], fallback: str) -> None:
    bench.write({"index.html": "", **site})
    assert f"$uri.html {fallback};" in steps(bench.plan())


@pytest.mark.parametrize(
    ("files", "packages"),
    [
        ({"composer.json": {"require": {"ext-gd": "*", "ext-pdo_pgsql": "*", "ext-json": "*"}}}, ()),
        ({"composer.json": {"require": {"ext-imagick": "*", "ext-soap": "*"}}}, ("php-imagick", "php-soap")),
        (
            {
                "composer.json": {"require": {"a/b": "1"}},
                "composer.lock": {"packages": [{"name": "a/b", "require": {"ext-ldap": "*"}}]},
            },
            ("php-ldap",),
        ),
    ],
)
def test_php_extensions_of_the_app_and_of_its_dependencies_are_there(
    bench: Bench, files: dict[str, object], packages: tuple[str, ...]
) -> None:
    bench.write({**files, "index.php": ""})
    plan = bench.plan()
    assert plan.packages == plan.build_packages == packages


def test_php_extension_that_debian_does_not_have_is_refused_by_name(bench: Bench) -> None:
    bench.write({"composer.json": {"require": {"ext-swoole": "*"}}, "index.php": ""})
    with pytest.raises(AppError, match="ext-swoole"):
        bench.plan()


def test_maven_gets_the_apps_own_settings(bench: Bench) -> None:
    bench.write({"pom.xml": "<project/>"})
    assert " -s " not in steps(bench.plan())
    bench.write({"settings.xml": "<settings/>", "build.gradle": ""})
    assert "$settings -s settings.xml" in steps(bench.plan())
    assert "build.gradle is ignored" in bench.plan().warnings[0]
    with pytest.raises(AppError, match="MAVEN_SETTINGS_PATH"):
        bench.plan({"MAVEN_SETTINGS_PATH": "other.xml"})


def test_ruby_without_a_server_for_production_says_so(bench: Bench) -> None:
    bench.write({"Gemfile": "", "Gemfile.lock": "GEM\n    rails (7)\n"})
    assert "bundle add puma" in bench.plan().warnings[0]
    bench.write({"Gemfile.lock": "GEM\n    puma (6)\n    rails (7)\n"})
    assert bench.plan().warnings == ()


@pytest.mark.parametrize("name", ["go", "rust", "java", "php"])
def test_compilers_see_the_configuration_as_other_builds_do(bench: Bench, name: str) -> None:
    files = {**SOURCES[name][0], "composer.json": {"autoload": {"psr-4": {}}}} if name == "php" else SOURCES[name][0]
    bench.write(dict(files))
    last = [step for stage in bench.plan().stages if stage.name == "app" for step in stage.steps][-1]
    assert last.config


# bad input

BROKEN = [
    {"requirements.txt": "", "Procfile": "w: x", "runtime.txt": "python-three"},
    {"requirements.txt": "", "Procfile": "w: x", "pyproject.toml": "[project"},
    {"requirements.txt": "", "Procfile": "w: x", "pyproject.toml": "[project]\nrequires-python='newest'"},
    {"package.json": "{"},
    {"package.json": "[]"},
    {"package.json": {"scripts": []}},
    {"package.json": {"packageManager": "deno@1.0.0"}},
    {"package.json": {"engines": {"node": "twenty"}, "scripts": {"start": "x"}}},
    {"package.json": {"name": "nothing to start"}},
    {"go.mod": "go 1.22\n", "main.go": "package main"},
    {"go.mod": "module x\n", "lib.go": "package lib"},
    {"Cargo.toml": "[package"},
    {"Cargo.toml": "[package]\nname='a b'\n", "src/main.rs": ""},
    {"Gemfile": ""},
    {"composer.json": "{"},
    {"composer.json": "[" * 100_000},
    {"package.json": '{"a":' * 100_000},
    {"package.json": "[]"},
    {"Cargo.toml": "a = " + "[" * 100_000},
    {"composer.json": {"require": {"monolog/monolog": "^3"}}},
    {"composer.json": {"require": {"php": "eight"}}},
    {"build.gradle": ""},
    {"index.html": "", "static.json": "{"},
    {"index.html": "", "static.json": {"root": "../../etc"}},
    {"index.html": "", "Aptfile": "curl; rm -rf /\n"},
    {"index.html": "", ".buildpacks": "not a buildpack\n"},
]


@pytest.mark.parametrize("files", BROKEN, ids=lambda files: "+".join(files))
def test_broken_source_is_a_clear_error(bench: Bench, files: dict[str, object]) -> None:
    bench.write(dict(files))
    with pytest.raises(DokkupyError) as caught:
        plan = bench.plan()
        plan.wanted.accepts("8.2")
    assert len(caught.value.message) < 300


@pytest.mark.parametrize(
    "name", ["requirements.txt", "package.json", "go.mod", "Cargo.toml", "Gemfile", "composer.json", "pom.xml"]
)
def test_link_in_place_of_a_languages_file_is_not_followed(bench: Bench, name: str) -> None:
    (bench.root / name).symlink_to("/etc/passwd")
    with pytest.raises(AppError):
        bench.plan()


@pytest.mark.parametrize(
    ("env", "parts"),
    [
        ({}, None),
        (
            {"https_proxy": "http://proxy.example.com:3128"},
            ["<protocol>https</protocol><host>proxy.example.com</host><port>3128</port>"],
        ),
        (
            {"http_proxy": "http://me%40corp:p%26s%3Cs@proxy/", "no_proxy": ".example.com, localhost"},
            [
                "<username>me@corp</username><password>p&amp;s&lt;s</password>",
                "<host>proxy</host><port>80</port>",
                "<nonProxyHosts>*.example.com|localhost</nonProxyHosts>",
            ],
        ),
        (
            {"MAVEN_MIRROR_URL": "https://mirror.example.com/maven?a=1&b=2"},
            ["<mirrorOf>*</mirrorOf><url>https://mirror.example.com/maven?a=1&amp;b=2</url>"],
        ),
    ],
)
def test_maven_gets_the_proxy_as_its_own_properties(tmp_path: Path, env: dict[str, str], parts: list[str]) -> None:
    import xml.etree.ElementTree as tree

    path = tmp_path / "settings.xml"
    script = java.MAVEN_SETTINGS.replace("/dev/shm/settings.xml", str(path)) + 'printf %s "$settings"'
    done = subprocess.run(
        ["/bin/sh", "-euc", script], env={"PATH": os.environ["PATH"], **env}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    if not parts:
        assert (done.stdout, path.exists()) == ("", False)
        return
    assert done.stdout == f"-gs {path}", "global settings, so that the app's own count more"
    text = path.read_text()
    assert tree.fromstring(text).tag == "settings"
    for part in parts:
        assert part in text.replace("\n", "")
