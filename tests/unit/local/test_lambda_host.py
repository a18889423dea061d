"""The Lambda host with small handlers, through its HTTP interface."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import uvicorn

from portfolio_rag.local.functions import Function, discover, queue_concurrency
from portfolio_rag.local.lambda_environment import Deployed, Invocation, Pool
from portfolio_rag.local.lambda_host import create_app
from portfolio_rag.local.lambda_processes import start_processes

SECRET = "only-the-emulator-knows"

ECHO = """
import os, sys
count = 0
def handler(event, context):
    global count
    count += 1
    print("working on", context.aws_request_id)
    if event.get("raise"):
        raise ValueError("not this one")
    if event.get("exit"):
        os._exit(3)
    if event.get("bytes"):
        return b"no JSON"
    if event.get("sleep"):
        import subprocess
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        open(event["pid_file"], "w").write(str(child.pid))
        child.wait()
    return {
        "event": event,
        "count": count,
        "pid": os.getpid(),
        "request_id": context.aws_request_id,
        "remaining": context.get_remaining_time_in_millis(),
        "memory": context.memory_limit_in_mb,
        "name": context.function_name,
        "arn": context.invoked_function_arn,
        "variable": os.environ.get("FROM_TERRAFORM"),
        "path": os.environ["PATH"],
        "access_key": os.environ.get("AWS_ACCESS_KEY_ID"),
    }
"""

BUSY = """
import time
running = 0
def handler(event, context):
    global running
    running += 1
    assert running == 1, "two invocations in one environment"
    time.sleep(0.2)
    running -= 1
    return time.time()
"""


class Host:
    def __init__(self, url: str, lines: list[tuple[str, str, str]]) -> None:
        self.url = url
        self.lines = lines

    def invoke(self, name: str, event: Any, **headers: str) -> httpx.Response:
        return httpx.post(
            f"{self.url}/functions/{name}/invocations",
            json=event,
            headers={"X-Lambda-Host-Secret": SECRET, **headers},
            timeout=60,
            trust_env=False,
        )


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    for name, code in {"echo_back": ECHO, "busy": BUSY, "broken": "import no_such_module\n"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "handler.py").write_text(code)
    (tmp_path / "Dockerfile").write_text("")
    functions = [Function(found.name, found.handler, 2) for found in discover(tmp_path)]
    lines: list[tuple[str, str, str]] = []
    app = create_app(
        functions,
        lambda name: Deployed(
            {"FROM_TERRAFORM": name, "PATH": "not this", "AWS_ACCESS_KEY_ID": "nor this"},
            256,
            {"AWS_ACCESS_KEY_ID": "role"},
        ),
        lambda *line: lines.append(line),
        secret=SECRET,
    )
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Host(f"http://127.0.0.1:{port}", lines)
    server.should_exit = True
    thread.join()


def test_a_handler_gets_event_and_context(host: Host) -> None:
    deadline = int((time.time() + 30) * 1000)
    response = host.invoke(
        "echo-back",
        {"a": ["ü", 1, None]},
        **{
            "X-Amzn-Lambda-Request-Id": "request-1",
            "X-Amzn-Lambda-Function-Arn": "arn:aws:lambda:us-east-1:000000000000:function:echo-back",
            "X-Amzn-Lambda-Deadline-Ms": str(deadline),
        },
    )
    answer = response.json()
    assert response.status_code == 200
    assert answer["event"] == {"a": ["ü", 1, None]}
    assert answer["request_id"] == "request-1"
    assert answer["name"] == "echo-back"
    assert answer["arn"].endswith(":function:echo-back")
    assert answer["memory"] == 256
    assert 0 < answer["remaining"] < 30_000


def test_deployed_variables_are_there_and_the_hosts_own_win(host: Host) -> None:
    answer = host.invoke("echo-back", {}).json()
    assert answer["variable"] == "echo-back"
    assert answer["path"] != "not this"
    # Those of its role come before the host's.
    assert answer["access_key"] == "role"


def test_a_warm_environment_is_used_again(host: Host) -> None:
    first, second = (host.invoke("echo-back", {}).json() for _ in range(2))
    assert second["pid"] == first["pid"]
    assert second["count"] == 2


def test_an_environment_that_nobody_uses_is_ended(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text(ECHO)
    function = Function("echo", tmp_path / "handler.py", 2)
    start, end = start_processes()
    pool = Pool(function, lambda _: Deployed({}, 256), lambda *_: None, start)

    async def invoke() -> int:
        result = await pool.invoke(Invocation("r", "arn", "$LATEST", time.time() + 60, {}))
        return int(result.payload["pid"])

    async def scenario() -> None:
        first = await invoke()
        await pool.retire(60)
        assert (pool.idle, await invoke()) == (1, first)
        await pool.retire(0)
        assert pool.idle == 0
        assert not psutil.pid_exists(first)
        assert await invoke() != first

    try:
        asyncio.run(scenario())
    finally:
        pool.close()
        end()


def test_an_exception_is_answered_as_lambda_does(host: Host) -> None:
    response = host.invoke("echo-back", {"raise": True})
    assert response.status_code == 500
    error = response.json()
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "not this one")
    assert "handler.py" in error["stackTrace"][0]
    # The environment lives on.
    assert host.invoke("echo-back", {}).json()["count"] == 2


def test_a_response_that_is_no_json_is_a_failure(host: Host) -> None:
    response = host.invoke("echo-back", {"bytes": True})
    assert response.status_code == 500
    assert response.json()["errorType"] == "Runtime.MarshalError"


def test_a_crash_fails_the_invocation_and_the_next_one_starts_anew(host: Host) -> None:
    response = host.invoke("echo-back", {"exit": True})
    assert response.status_code == 500
    assert response.json() == {
        "errorType": "Runtime.ExitError",
        "errorMessage": "Runtime exited with status 3 during the invocation",
    }
    assert host.invoke("echo-back", {}).json()["count"] == 1


def test_at_the_deadline_the_handler_and_its_children_are_killed(host: Host, tmp_path: Path) -> None:
    host.invoke("busy", {})  # what all environments start from is up
    pid_file = tmp_path / "pid"
    event = {"sleep": True, "pid_file": str(pid_file)}
    response = host.invoke("echo-back", event, **{"X-Amzn-Lambda-Deadline-Ms": str(int((time.time() + 3) * 1000))})
    assert response.status_code == 500
    assert response.json()["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after" in response.json()["errorMessage"]
    child = int(pid_file.read_text())
    for _ in range(100):
        if not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE:
            break
        time.sleep(0.05)
    else:
        pytest.fail("the handler's child outlived the timeout")


def test_an_invocation_whose_caller_has_given_up_is_not_run(host: Host) -> None:
    response = host.invoke("echo-back", {}, **{"X-Amzn-Lambda-Deadline-Ms": "1000"})
    assert response.status_code == 500
    assert response.json()["errorType"] == "TooManyRequestsException"
    assert host.lines == []


def test_a_handler_that_cannot_be_loaded_fails_its_invocations(host: Host) -> None:
    for _ in range(2):
        response = host.invoke("broken", {})
        assert response.status_code == 500
        assert response.json()["errorType"] == "Runtime.ImportModuleError"
        assert "no_such_module" in response.json()["errorMessage"]


def test_concurrency_is_bounded_and_no_environment_runs_two_at_once(host: Host) -> None:
    with ThreadPoolExecutor(6) as pool:
        responses = list(pool.map(lambda _: host.invoke("busy", {}), range(6)))
    assert [response.status_code for response in responses] == [200] * 6
    state = httpx.get(f"{host.url}/health", trust_env=False).json()["functions"]["busy"]
    assert state == {"running": 0, "idle": 2}


def test_what_a_handler_prints_reaches_the_sink(host: Host) -> None:
    host.invoke("echo-back", {}, **{"X-Amzn-Lambda-Request-Id": "request-7"})
    for _ in range(100):
        if host.lines:
            break
        time.sleep(0.05)
    name, stream, line = host.lines[0]
    assert (name, line) == ("echo-back", "working on request-7")
    assert "[$LATEST]" in stream


def test_an_unknown_function_and_a_body_that_is_no_json_are_refused(host: Host) -> None:
    assert host.invoke("nobody", {}).status_code == 404
    response = httpx.post(
        f"{host.url}/functions/busy/invocations",
        content=b"{",
        headers={"X-Lambda-Host-Secret": SECRET},
        trust_env=False,
    )
    assert response.status_code == 400


@pytest.mark.parametrize("given", [{}, {"X-Lambda-Host-Secret": ""}, {"X-Lambda-Host-Secret": "another"}])
def test_only_the_emulator_may_invoke(host: Host, given: dict[str, str]) -> None:
    response = httpx.post(f"{host.url}/functions/echo-back/invocations", json={}, headers=given, trust_env=False)
    assert response.status_code == 403
    assert response.json()["errorType"] == "AccessDeniedException"
    state = httpx.get(f"{host.url}/health", trust_env=False).json()["functions"]["echo-back"]
    assert state == {"running": 0, "idle": 0}


def test_queues_hand_over_no_more_than_runs(tmp_path: Path) -> None:
    for name in ("document_processor", "embedding_generator", "check_health"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "handler.py").write_text("")
    settings = queue_concurrency(tmp_path)
    assert set(settings) == {"document-processor", "embedding-generator"}
    concurrency = {function.name: function.concurrency for function in discover(tmp_path)}
    for name, found in settings.items():
        assert found["maximum_concurrency"] >= 2
        assert found["maximum_concurrency"] <= max(2, concurrency[name])
