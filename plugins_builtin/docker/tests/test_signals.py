"""The stop signal on a real engine: it reaches the process that works, and the stop timeout is that of the app."""

from __future__ import annotations

import io
import secrets
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from dokkupy_sdk import Host
from dokkupy_sdk.model import Instance, Release
from dokkupy_sdk.names import AppName, ProcessType
from dokkupy_sdk.operation import operation
from dokkupy_sdk.roles import Container

WORKER = ProcessType("worker")

JOB = """#!/bin/sh
trap 'echo stopping; stop=1' {signal}
echo started
until [ "$stop" ]; do sleep 0.05; done
sleep 0.5
echo handed back
exit 5
"""
SCRIPT = "#!/bin/sh\nexport A=b\nsh /job\necho after\n"
ENTRY = '#!/bin/sh\nexport A=b\n"$@"\n'


@pytest.fixture(scope="module")
def jobs(image: str) -> Iterator[Callable[..., str]]:
    """Makes images of busybox with a job that finishes its work on a signal, and scripts that start it."""
    made = []

    def make(*changes: str, signal: str = "TERM") -> str:
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w") as tar:
            for name, text in (("job", JOB.format(signal=signal)), ("script", SCRIPT), ("entry", ENTRY)):
                entry = tarfile.TarInfo(name)
                entry.mode, entry.size = 0o755, len(text)
                tar.addfile(entry, io.BytesIO(text.encode()))
        lines = [f"FROM {image}", "ADD files.tar /", *changes]
        context = io.BytesIO()
        with tarfile.open(fileobj=context, mode="w") as tar:
            for name, content in (("Dockerfile", "\n".join(lines).encode()), ("files.tar", data.getvalue())):
                entry = tarfile.TarInfo(name)
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
        tag = f"dokkupy-test/jobs:{secrets.token_hex(4)}"
        subprocess.run(
            ["docker", "build", "-q", "-t", tag, "-"], input=context.getvalue(), check=True, capture_output=True
        )
        made.append(tag)
        return tag

    yield make
    for tag in made:
        subprocess.run(["docker", "rmi", "-f", tag], check=False, capture_output=True)


@pytest.fixture(scope="module")
def job_image(jobs: Callable[..., str]) -> str:
    return jobs()


def run(host: Host, release: Release, image: str, command: str | None, **settings: str) -> Instance:
    found = host.images().find(image)
    assert found is not None
    release = replace(
        release, image=found.id, processes={WORKER: command}, settings={"scheduler-docker-local": settings}
    )
    with operation(host, "test", f"app:{release.app}") as tx:
        (instance,) = host.scheduler().start(release, [(WORKER, 1)], tx.id, tx)
    wait_for(host, instance.id, "started")
    return instance


def wait_for(host: Host, ref: str, text: str) -> None:
    for _ in range(1200):
        if text in printed(host, ref):
            return
        time.sleep(0.05)
    raise AssertionError(f"{text!r} was not printed: {printed(host, ref)}")


def printed(host: Host, ref: str) -> list[str]:
    return [line.decode() for _, line in host.sessions().logs(ref)]


def stopped(host: Host, instance: Instance, *, timeout: int = 20) -> Container:
    host.scheduler().stop([instance], timeout=timeout)
    found = host.containers().find(instance.id)
    assert found is not None and found.state == "exited"
    return found


@pytest.mark.parametrize(
    ("command", "code", "init"),
    [
        ("sh /job", 5, "true"),
        ("cd / && sh /job", 5, "true"),
        ("/script", 0, "true"),
        ("(sh /job) | cat", 0, "true"),
        ("sh /job & sh /job & wait", 0, "true"),
        ("cd / && sh /job", 5, "false"),
        ("/script", 0, "false"),
    ],
)
def test_a_procfile_command_finishes_its_work_on_the_stop_signal(
    host: Host, release: Release, job_image: str, command: str, code: int, init: str
) -> None:
    instance = run(host, release, job_image, command, **{"init-process": init})
    assert stopped(host, instance).exit_code == code
    lines = printed(host, instance.id)
    assert lines.count("stopping") == lines.count("handed back") == lines.count("started") > 0


@pytest.mark.parametrize(
    "change",
    [
        'CMD ["sh", "/job"]',
        'CMD ["/script"]',
        "CMD cd / && sh /job",
        "ENTRYPOINT sh /job",
        'ENTRYPOINT ["/entry"]\nCMD ["sh", "/job"]',
    ],
)
def test_an_images_own_command_finishes_its_work_on_the_stop_signal(
    host: Host, release: Release, jobs: Callable[..., str], change: str
) -> None:
    instance = run(host, release, jobs(change), None)
    stopped(host, instance)
    assert printed(host, instance.id)[:3] == ["started", "stopping", "handed back"]


def test_a_procfile_command_behind_an_entry_point_that_waits_for_it_finishes_its_work(
    host: Host, release: Release, jobs: Callable[..., str]
) -> None:
    instance = run(host, release, jobs('ENTRYPOINT ["/entry"]'), "sh /job")
    stopped(host, instance)
    assert printed(host, instance.id) == ["started", "stopping", "handed back"]


def test_the_images_own_stop_signal_is_the_one_that_arrives(
    host: Host, release: Release, jobs: Callable[..., str]
) -> None:
    instance = run(host, release, jobs("STOPSIGNAL SIGUSR1", signal="USR1"), "cd / && sh /job")
    assert stopped(host, instance).exit_code == 5
    assert printed(host, instance.id) == ["started", "stopping", "handed back"]


def test_workers_of_a_process_that_handles_the_signal_are_left_to_it(
    host: Host, release: Release, job_image: str
) -> None:
    # like Celery: the server handles the signal and waits for its workers, which do not
    server = "trap 'echo warm' TERM; (echo started; sleep 1; echo the task is done) & wait; wait"
    instance = run(host, release, job_image, f"{server}")
    stopped(host, instance)
    assert printed(host, instance.id) == ["started", "warm", "the task is done"]


def test_process_that_ignores_the_signal_is_killed_after_the_stop_timeout(
    host: Host, release: Release, job_image: str
) -> None:
    instance = run(host, release, job_image, "trap '' TERM; echo started; sleep 600")
    assert stopped(host, instance, timeout=1).exit_code == 137


def test_process_without_a_signal_handler_ends_at_once(host: Host, release: Release, job_image: str) -> None:
    instance = run(host, release, job_image, "echo started; sleep 600")
    assert stopped(host, instance, timeout=30).exit_code == 143


def test_a_command_inside_the_container_does_not_hold_up_the_stop(host: Host, release: Release, job_image: str) -> None:
    instance = run(host, release, job_image, "sh /job")
    inside = subprocess.Popen(
        ["docker", "exec", instance.id, "sh", "-c", "trap '' TERM; echo inside; sleep 600; true"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert inside.stdout is not None and inside.stdout.readline() == b"inside\n"
    assert stopped(host, instance).exit_code == 5
    inside.wait(timeout=60)


def test_retired_destroyed_and_undone_workers_finish_their_work_too(
    host: Host, release: Release, job_image: str, app: AppName
) -> None:
    for end in (
        lambda one: host.scheduler().retire([one], timeout=20),
        lambda one: host.scheduler().forget(app),
    ):
        instance = run(host, release, job_image, "cd / && sh /job")
        follower = subprocess.Popen(["docker", "logs", "-f", instance.id], stdout=subprocess.PIPE)
        end(instance)
        assert b"handed back" in follower.communicate(timeout=60)[0]
    with pytest.raises(RuntimeError), operation(host, "test", f"app:{app}") as tx:  # noqa: PT012
        found = host.images().find(job_image)
        assert found is not None
        there = replace(release, image=found.id, processes={WORKER: "cd / && sh /job"})
        (instance,) = host.scheduler().start(there, [(WORKER, 1)], tx.id, tx)
        wait_for(host, instance.id, "started")
        follower = subprocess.Popen(["docker", "logs", "-f", instance.id], stdout=subprocess.PIPE)
        raise RuntimeError
    assert b"handed back" in follower.communicate(timeout=60)[0]


def test_a_one_off_command_finishes_its_work_and_is_listed_as_it_was_written(
    host: Host, release: Release, job_image: str
) -> None:
    found = host.images().find(job_image)
    assert found is not None
    release = replace(release, image=found.id)
    for number, command in enumerate(("cd / && sh /job", ("/script",))):
        name = f"{release.app}.run.{number}"
        made = host.containers().create(
            host.surroundings().one_off(release, command, name=name, kind="run", dyno="run.1")
        )
        wait_for(host, made.id, "started")
        words = ("/bin/sh", "-c", command) if isinstance(command, str) else command
        listed = next(one for one in host.containers().find_all({"dokkupy.app": release.app}) if one.id == made.id)
        assert made.command == words
        assert " ".join(listed.command).replace("'", "") == " ".join(words)
        host.containers().stop(made.id, timeout=None)
        assert "handed back" in printed(host, made.id)


def test_command_reads_its_input_and_returns_its_exit_code(host: Host, release: Release, job_image: str) -> None:
    found = host.images().find(job_image)
    assert found is not None
    spec = host.surroundings().one_off(
        replace(release, image=found.id), "cat; exit 4", name=f"{release.app}.run.9", kind="run", dyno="run.1"
    )
    made = host.containers().create(replace(spec, stdin=True), start=False)
    done = subprocess.run(
        host.sessions().start_argv(made.id, stdin=True), input=b"hello", capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (4, b"hello")
