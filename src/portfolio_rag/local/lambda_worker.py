"""One execution environment: a process that loads one handler and serves one invocation at a time.

Started by the Lambda host as `python -m portfolio_rag.local.lambda_worker HANDLER_FILE FD`. Requests and answers are
JSON messages on the connection with that file descriptor; what the handler prints goes to standard output.
The process ends when the host closes the connection, and the host kills it when an invocation runs out of time.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

Handler = Callable[[Any, Any], Any]


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """The context object of the Python runtime, as far as it has a meaning here. `deadline` is in Unix seconds."""

    function_name: str
    function_version: str
    invoked_function_arn: str
    memory_limit_in_mb: int
    aws_request_id: str
    log_group_name: str
    log_stream_name: str
    deadline: float
    identity: None = None
    client_context: None = None

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.deadline - time.time()) * 1000))


def load_handler(path: Path) -> Handler:
    """`handler(event, context)` of a file; its folder comes first on the path, as a function's root does."""
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location("handler", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules["handler"] = module
    spec.loader.exec_module(module)
    handler: Handler = module.handler
    return handler


def error_of(error: BaseException) -> dict[str, Any]:
    """An exception in the shape in which Lambda answers it."""
    return {
        "errorType": type(error).__name__,
        "errorMessage": str(error),
        "stackTrace": traceback.format_tb(error.__traceback__),
    }


def answer(handler: Handler, request: dict[str, Any]) -> dict[str, Any]:
    """Run one invocation: `{"response": …}`, or `{"error": …}` when it raised or gave no JSON."""
    context = LambdaContext(**request["context"])
    try:
        response = handler(request["event"], context)
    except Exception as error:
        # Without this frame: the trace starts in the handler, as on AWS.
        return {"error": error_of(error.with_traceback(error.__traceback__ and error.__traceback__.tb_next))}
    try:
        json.dumps(response)
    except (TypeError, ValueError) as error:
        return {"error": error_of(error) | {"errorType": "Runtime.MarshalError"}}
    return {"response": response}


def serve(path: Path, connection: Connection) -> None:
    """Answer requests until the host hangs up. A handler that cannot be loaded fails one, and the process ends."""
    failure: dict[str, Any] | None = None
    handler: Handler | None = None
    try:
        handler = load_handler(path)
    except Exception as error:
        traceback.print_exc()
        kind = "Runtime.ImportModuleError" if isinstance(error, ImportError) else "Runtime.Unknown"
        failure = {"error": error_of(error) | {"errorType": kind}, "ends": True}
    while True:
        try:
            request = json.loads(connection.recv_bytes())
        except EOFError:
            return
        result = answer(handler, request) if handler is not None else failure
        sys.stdout.flush()
        sys.stderr.flush()
        connection.send_bytes(json.dumps(result).encode())
        if handler is None:
            return


def main() -> None:
    # The terminal's Ctrl-C is for the host, which then ends its environments.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    path, descriptor = Path(sys.argv[1]), int(sys.argv[2])
    os.set_inheritable(descriptor, False)
    with Connection(descriptor) as connection:
        serve(path, connection)


if __name__ == "__main__":
    main()
