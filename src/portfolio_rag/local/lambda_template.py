"""The process that execution environments are forked from: `python -m portfolio_rag.local.lambda_template FD`.

It has imported what functions need and holds the embedding model, so that a fork of it starts in a few milliseconds
and shares that memory with all others. It never starts a thread: a fork has one thread only, and a lock that another
one held would stay locked in it.

The Lambda host sends, on the connection with that file descriptor, a JSON message for each environment: `handler`, the
path of its file, and `environment`, its variables; then three file descriptors: its end of the connection for
invocations, the pipe for what it prints, and a pipe on which the template writes two lines: the process id of the
fork and, when it has ended, its exit code. It ends when the host closes the connection.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import sys
import time
from dataclasses import dataclass
from multiprocessing import reduction
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from portfolio_rag.adapters.aws.clients import load_models
from portfolio_rag.adapters.process.garbage import collector_paused
from portfolio_rag.domain.errors import ConfigurationError
from portfolio_rag.local.lambda_worker import serve
from portfolio_rag.settings.environment import Settings

_IMPORTED = (
    *(f"portfolio_rag.composition.{name}" for name in ("embedding", "jobs", "maintenance", "processor")),
    *(f"portfolio_rag.composition.{name}" for name in ("lambda_events", "process")),
    *("numpy", "onnxruntime", "tokenizers", "portfolio_rag.adapters.models.onnx_embedder"),
    *("concurrent.futures.thread", "encodings.idna", "sentencex", "snowballstemmer"),
    # The types that are read without a child process, Markdown's in a tenth of a second.
    *(f"portfolio_rag.text.extraction.formats.{name}" for name in ("markdown", "plain")),
)
_SERVICES = ("s3", "dynamodb", "sqs", "cloudwatch", "lambda")


@dataclass(frozen=True, slots=True)
class Order:
    """What one environment is made of; the descriptors are this process's own."""

    handler: Path
    environment: dict[str, str]
    connection: int
    output: int
    status: int


def prepare() -> None:
    """Import and load what functions share."""
    with collector_paused():
        for name in _IMPORTED:
            importlib.import_module(name)
        load_models(_SERVICES)
        settings = Settings.from_env()
        if settings.embedding_backend == "onnx":
            from portfolio_rag.adapters.models.onnx_embedder import keep_for_forks

            try:
                keep_for_forks(settings.model_dir)
            except ConfigurationError as error:
                # The function that needs the model says so to whoever invokes it.
                print(f"The functions share no model: {error}", flush=True)


def orders(control: Connection) -> Order | None:
    """Fork for each order until the host hangs up. Answers the order in the fork, None in the template itself."""
    statuses: dict[int, int] = {}
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        while True:
            ready = [key.fileobj for key, _ in selector.select()]
            if woken in ready:
                os.read(woken, 4096)
                _report_ends(statuses)
            if control not in ready:
                continue
            try:
                order = _received(control)
            except (EOFError, OSError):
                return None
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for descriptor in (woken, wake, order.status, *statuses.values()):
                    os.close(descriptor)
                control.close()
                return order
            statuses[pid] = order.status
            os.write(order.status, f"{pid}\n".encode())
            os.close(order.connection)
            os.close(order.output)


def _received(control: Connection) -> Order:
    request: dict[str, Any] = json.loads(control.recv_bytes())
    connection, output, status = (reduction.recv_handle(control) for _ in range(3))
    return Order(Path(request["handler"]), request["environment"], connection, output, status)


def _report_ends(statuses: dict[int, int]) -> None:
    while statuses:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        descriptor = statuses.pop(pid)
        with contextlib.suppress(BrokenPipeError):  # the host has let go of it
            os.write(descriptor, f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os.close(descriptor)


def become(order: Order) -> None:
    """Make this fork look as if it had been started by itself, with the order's variables and output."""
    # A session of its own, so that a kill takes the children of the handler along.
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(order.output, 1)
    os.dup2(order.output, 2)
    os.close(nothing)
    os.close(order.output)
    os.environ.clear()
    os.environ.update(order.environment)
    time.tzset()
    # What `ps` and `top` call it, in the 15 characters that there are.
    Path("/proc/self/comm").write_text(order.environment["AWS_LAMBDA_FUNCTION_NAME"][:15])


def main() -> None:
    # The terminal's Ctrl-C is for the host, which then ends its environments.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Connection(int(sys.argv[1])) as control:
        prepare()
        gc.freeze()
        order = orders(control)
    if order is not None:
        become(order)
        with Connection(order.connection) as connection:
            serve(order.handler, connection)


if __name__ == "__main__":
    main()
