"""Execution environments that are forked from one process: what they share, and what they must not."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from portfolio_rag.adapters.models.onnx_embedder import OnnxEmbedder
from portfolio_rag.local.functions import Function
from portfolio_rag.local.lambda_environment import Deployed, Environment, Invocation
from portfolio_rag.local.lambda_processes import FreshProcess, Start, Template
from portfolio_rag.text.extraction.worker import MODULES

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="environments are forked on Linux alone")

HANDLER = """
import os, random, sys, threading, time
loaded = set(sys.modules)
def handler(event, context):
    if "environ" in event:
        return dict(os.environ)
    if "loaded" in event:
        return [name for name in event["loaded"] if name in loaded]
    if "texts" in event:
        from portfolio_rag.adapters.models.onnx_embedder import OnnxEmbedder
        return OnnxEmbedder(os.environ["MODEL_DIR"], threads=2).embed(event["texts"]).tolist()
    if "exit" in event:
        os._exit(event["exit"])
    if "children" in event:
        import subprocess
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        return child.pid
    return {
        "pid": os.getpid(),
        "leader": os.getsid(0),
        "threads": len(os.listdir("/proc/self/task")),
        "parents_threads": len(os.listdir(f"/proc/{os.getppid()}/task")),
        "random": random.random(),
        "name": open("/proc/self/comm").read().strip(),
        "input": sys.stdin.read(),
    }
"""

Make = Callable[..., Environment]


@pytest.fixture
def function(tmp_path: Path) -> Function:
    path = tmp_path / "some_function" / "handler.py"
    path.parent.mkdir()
    path.write_text(HANDLER)
    return Function("some-function-of-ours", path, 2)


@pytest.fixture(scope="module")
def template(model_dir: Path) -> Iterator[Template]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODEL_DIR", str(model_dir))
        with closing(Template()) as template:
            yield template


@pytest.fixture
def make(function: Function, template: Template) -> Iterator[Make]:
    made: list[Environment] = []

    def environment(start: Start = template.start, **variables: str) -> Environment:
        made.append(Environment(function, Deployed(variables, 1769), lambda *_: None, start))
        return made[-1]

    yield environment
    for one in made:
        one.kill()


def ask(environment: Environment, **event: Any) -> Any:
    result = environment.invoke(Invocation("r", "arn", "$LATEST", time.time() + 60, event))
    assert result.error is None, result.payload
    return result.payload


def open_files(pid: int) -> list[str]:
    """The kinds of what it has open: pipes, sockets, files."""
    return sorted(str(link.readlink()).split(":")[0] for link in Path(f"/proc/{pid}/fd").iterdir())


def ends(pid: int) -> bool:
    """Whether a process that was killed is gone soon: nobody here waits for one that has lost its parent."""
    for _ in range(200):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_a_fork_is_a_process_like_one_that_was_started(make: Make) -> None:
    first, second = ask(make()), ask(make())
    assert first["pid"] != second["pid"]
    assert first["leader"] == first["pid"]
    assert first["name"] == "some-function-o"
    assert first["input"] == ""
    assert first["random"] != second["random"]
    fresh = ask(make(FreshProcess))
    # None of the template's own, nor of other environments.
    assert open_files(second["pid"]) == open_files(fresh["pid"])


def test_nothing_has_a_second_thread_before_the_handler_makes_one(make: Make) -> None:
    answer = ask(make())
    assert (answer["threads"], answer["parents_threads"]) == (1, 1)


def test_each_has_its_own_variables_and_no_others(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = make(ONE="1", PATH="not this"), make(TWO="2")
    monkeypatch.setenv("LATER", "3")
    third = make()
    ours = ask(first, environ=True)
    assert (ours["ONE"], ours.get("TWO"), ours["PATH"]) == ("1", None, os.environ["PATH"])
    assert ours["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "1769"
    assert "OPENBLAS_NUM_THREADS" not in ours
    assert [ask(one, environ=True).get("LATER") for one in (second, third)] == [None, "3"]


def test_what_functions_import_and_the_model_are_there_from_the_start(make: Make, model_dir: Path) -> None:
    needed = ["boto3", "numpy", "onnxruntime", "tokenizers", "portfolio_rag.pipeline.ingestion.embedding"]
    # What is read without a child process is read in the function's own.
    needed += ["markdown_it", MODULES["md"], MODULES["txt"]]
    assert ask(make(), loaded=needed) == needed
    texts = ["A queue keeps a message.", "Tables have keys."]
    expected = OnnxEmbedder(model_dir).embed(texts)
    for environment in (make(), make()):
        assert np.array_equal(np.asarray(ask(environment, texts=texts), np.float32), expected)


def test_forks_hold_little_of_their_own(make: Make) -> None:
    fork, fresh = make(), make(FreshProcess)
    own = []
    for environment in (fork, fresh):
        ask(environment, texts=["one text"])
        own.append(psutil.Process(ask(environment)["pid"]).memory_full_info().uss)
    assert own[0] < own[1] / 3


def test_the_exit_code_is_told_and_what_the_handler_started_is_ended(make: Make) -> None:
    environment = make()
    child = ask(environment, children=True)
    result = environment.invoke(Invocation("r", "arn", "$LATEST", time.time() + 60, {"exit": 3}))
    assert result.payload["errorMessage"] == "Runtime exited with status 3 during the invocation"
    assert not environment.alive
    assert ends(child)


def test_a_template_that_died_is_made_anew_and_its_forks_are_given_up(make: Make, template: Template) -> None:
    before = make()
    pid = ask(before)["pid"]
    os.kill(psutil.Process(pid).ppid(), signal.SIGKILL)
    after = make()
    assert ask(after)["pid"] != pid
    assert not before.alive
    before.kill()
    assert ends(pid)


def test_the_template_ends_with_its_host(function: Function) -> None:
    template = Template()
    environment = Environment(function, Deployed({}, 1769), lambda *_: None, template.start)
    parent = psutil.Process(ask(environment)["pid"]).parent()
    assert parent is not None
    environment.kill()
    template.close()
    assert not parent.is_running()
