"""An instance counts as running only after its start-up, and a stopped one may finish its work. Tested with Debian's
shells."""

from __future__ import annotations

import re
import time

from apps import Repository
from bed.host import Host

JOB = """import pathlib, signal, sys, time
lines = pathlib.Path("/jobs") / sys.argv[1]
def write(text):
    with lines.open("a") as file:
        print(text, file=file)
def stop(signum, frame):
    write("signal")
    time.sleep(0.5)  # what a job still has to do
    write("handed back")
    sys.exit()
signal.signal(signal.SIGTERM, stop)
write("started")
print("working", flush=True)
while True:
    time.sleep(0.1)
"""

PROCFILE = """web: python3 web.py
plain: python3 job.py plain
chain: cd . && python3 job.py chain
script: ./start.sh script
bash: bash -c 'python3 job.py bash; true'
piped: (python3 job.py piped) | cat
"""
TYPES = ("plain", "chain", "script", "bash", "piped")


def ended(host: Host, directory: str) -> dict[str, tuple[int, int]]:
    """For each type: how many instances got the signal, and how many finished their work afterwards."""
    lines = {name: host.exec(["cat", f"{directory}/{name}"], check=False).stdout.splitlines() for name in TYPES}
    return {name: (found.count("signal"), found.count("handed back")) for name, found in lines.items()}


def wait_for(host: Host, directory: str, number: int) -> None:
    wanted = dict.fromkeys(TYPES, (number, number))
    for _ in range(300):
        if ended(host, directory) == wanted:
            return
        time.sleep(0.3)
    assert ended(host, directory) == wanted


def test_workers_finish_their_work_and_one_that_dies_after_its_imports_is_refused(
    host: Host, app: str, repository: Repository
) -> None:
    directory = f"/srv/{app}"
    host.exec(["install", "-d", "-m", "777", directory])
    host.exec(["dokkupy", "apps:create", app])
    host.exec(["dokkupy", "docker-options:add", app, "deploy", f"-v {directory}:/jobs"])
    host.exec(["dokkupy", "checks:set", app, "default-wait", "auto"])
    host.exec(["dokkupy", "ps:scale", app, *(f"{name}=1" for name in TYPES)])
    repository.scalable()
    repository.write("Procfile", PROCFILE)
    repository.write("job.py", JOB)
    repository.write("start.sh", '#!/bin/bash\nexport A=b\npython3 job.py "$1"\necho after\n')
    (repository.path / "start.sh").chmod(0o755)
    repository.commit("workers")
    pushed = host.git_push(repository.path, app)
    assert "chain.1   up for" in pushed.stderr

    host.exec(["dokkupy", "ps:restart", app])
    wait_for(host, directory, 1)

    repository.write("job.py", "import time\ntime.sleep(0.3)  # what imports take\nimport a_module_nobody_installed\n")
    repository.commit("an import that fails")
    failed = host.git_push(repository.path, app, check=False)
    assert failed.code != 0
    # Any type may be reported first. The last command of a shell may hide the status 1 of the worker.
    assert re.search("ended with exit code [01]", failed.stderr), failed.stderr
    assert "No module named 'a_module_nobody_installed'" in failed.stderr
    assert "The old instances keep serving." in failed.stderr and f"logs:failed {app}" in failed.stderr

    host.exec(["dokkupy", "ps:stop", app])
    wait_for(host, directory, 2)
