"""The process that forks for documents: it is used again, goes when nobody needs it, and can be lost at any time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from portfolio_rag.text.extraction import child_process
from portfolio_rag.text.extraction.child_process import end_idle_servers, run
from portfolio_rag.text.extraction.file_types import DESCRIPTIONS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the server forks on Linux only")

_SAYS_ITS_PARENT = "os.write(1, str(os.getppid()).encode())"


@pytest.fixture(autouse=True)
def alone() -> Iterator[None]:
    end_idle_servers()
    yield
    end_idle_servers()


def _workers_do(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    def command(module: str, *arguments: str) -> list[str]:
        serve = "fork_server.run = work; fork_server.serve(socket.socket(fileno=int(sys.argv[1])))"
        lines = (
            "import gc, os, signal, socket, sys, time",
            "from portfolio_rag.text.extraction import fork_server",
            f"def work(): {code}",
            serve if module == "fork_server" else "os.write(1, b'started')",
        )
        return [sys.executable, "-S", "-P", "-c", "\n".join(lines), *arguments]

    monkeypatch.setattr(child_process, "_command", command)


def _answer(data: bytes = b"", seconds: float = 60) -> str:
    done = run(b"header\n", data, seconds=seconds, file_type="txt")
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def test_one_server_forks_for_one_document_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    _workers_do(monkeypatch, _SAYS_ITS_PARENT)
    assert len({_answer() for _ in range(3)}) == 1


def test_a_worker_is_given_all_and_what_it_writes_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    _workers_do(
        monkeypatch, "os.write(2, b'said'); sys.stdout.buffer.write(sys.stdin.buffer.read()); sys.stdout.flush()"
    )
    data = b"x" * 3_000_000
    done = run(b"header\n", data, seconds=60, file_type=None)
    assert (done.stdout, done.stderr, done.returncode) == (b"header\n" + data, b"said", 0)


def test_the_parser_that_a_document_is_likely_to_need_is_loaded_before(monkeypatch: pytest.MonkeyPatch) -> None:
    _workers_do(monkeypatch, "os.write(1, str([n for n in sys.modules if 'formats.' in n]).encode())")
    assert run(b"", b"", seconds=60, file_type=None).stdout == b"[]"
    assert b"portfolio_rag.text.extraction.formats.plain" in run(b"", b"", seconds=60, file_type="txt").stdout


def test_no_parser_starts_a_thread_when_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    _workers_do(monkeypatch, "os.write(1, str(len(os.listdir(f'/proc/{os.getppid()}/task'))).encode())")
    for file_type in DESCRIPTIONS:
        assert run(b"", b"", seconds=60, file_type=file_type).stdout == b"1", file_type


def test_documents_side_by_side_have_servers_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    _workers_do(monkeypatch, "time.sleep(0.3); " + _SAYS_ITS_PARENT)
    begin = threading.Barrier(2)

    def read(_: int) -> str:
        begin.wait()
        return _answer()

    with ThreadPoolExecutor(2) as pool:
        assert len(set(pool.map(read, range(2)))) == 2


def test_a_server_that_is_gone_costs_no_document(monkeypatch: pytest.MonkeyPatch) -> None:
    _workers_do(monkeypatch, _SAYS_ITS_PARENT)
    first = int(_answer())
    os.kill(first, signal.SIGKILL)
    assert _answer() == "started"
    assert int(_answer()) != first


def test_a_worker_that_kills_its_server_is_read_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    _workers_do(monkeypatch, "os.kill(os.getppid(), signal.SIGKILL)")
    assert _answer() == "started"


def test_a_worker_that_does_not_end_itself_is_ended_with_its_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process, "_GRACE_SECONDS", 0.5)
    _workers_do(monkeypatch, "time.sleep(600)")
    with pytest.raises(subprocess.TimeoutExpired):
        _answer(seconds=0.5)
    assert psutil.Process().children(recursive=True) == []


def test_an_idle_server_ends_with_the_process_that_it_serves() -> None:
    code = """
import os, psutil, signal
from portfolio_rag.text.extraction.child_process import run
run(b"{}\\n", b"", seconds=60, file_type=None)
print(psutil.Process().children()[0].pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    server = int(told.stdout)
    if psutil.pid_exists(server):
        gone, _ = psutil.wait_procs([psutil.Process(server)], timeout=20)
        assert gone


def test_a_forked_process_leaves_the_servers_of_its_parent_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    _workers_do(monkeypatch, _SAYS_ITS_PARENT)
    server = _answer()
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write_end, _answer().encode())
            end_idle_servers()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read_end, 100).decode() not in ("", server)
    assert _answer() == server
