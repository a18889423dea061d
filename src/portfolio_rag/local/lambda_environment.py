"""Execution environments as the Lambda host sees them: processes, and a bounded pool of them per function."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from multiprocessing import Pipe
from typing import Any

from portfolio_rag.local.functions import Function
from portfolio_rag.local.lambda_processes import Start

LineSink = Callable[[str, str, str], None]
"""Called with function name, log stream and one line that a handler wrote."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """A function as it is deployed: its environment variables, its memory in MB, the credentials of its role.

    Without credentials it has those of the host.
    """

    variables: Mapping[str, str]
    memory_mb: int
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)


FunctionSettings = Callable[[str], Deployed]


@dataclass(frozen=True, slots=True)
class Invocation:
    """`deadline` is in Unix seconds; `event` any JSON value."""

    request_id: str
    arn: str
    version: str
    deadline: float
    event: Any


@dataclass(frozen=True, slots=True)
class Result:
    """`payload` is the handler's response, or Lambda's error object when `error` names its type.

    `milliseconds` it ran, without the wait for a free environment.
    """

    payload: Any
    error: str | None = None
    milliseconds: int = 0

    @classmethod
    def failure(cls, error_type: str, message: str) -> Result:
        return cls({"errorType": error_type, "errorMessage": message}, error_type)


class Environment:
    """One worker process. Not for use by two threads at once."""

    def __init__(self, function: Function, deployed: Deployed, sink: LineSink, start: Start) -> None:
        self._function = function
        self._memory_mb = deployed.memory_mb
        self._log_group = f"/aws/lambda/{function.name}"
        self._log_stream = f"{time.strftime('%Y/%m/%d', time.gmtime())}/[$LATEST]{uuid.uuid4().hex}"
        self.idle_since = time.monotonic()
        # What the stack was told wins over what Terraform deployed for containers and AWS.
        environment = {
            **deployed.variables,
            **os.environ,
            **deployed.credentials,
            "PYTHONUNBUFFERED": "1",  # a kill must not take what was printed along
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(deployed.memory_mb),
            "AWS_LAMBDA_LOG_GROUP_NAME": self._log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self._log_stream,
            "LAMBDA_TASK_ROOT": str(function.handler.parent),
        }
        self._connection, theirs = Pipe()
        with theirs:
            self._process = start(function.handler, environment, theirs)
        self._reader = threading.Thread(target=self._read, args=(sink,), name=f"log-{function.name}", daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        return self._process.alive

    def invoke(self, invocation: Invocation) -> Result:
        """Run it and wait. Kills the process when the deadline passes, as Lambda does."""
        request = {
            "event": invocation.event,
            "context": {
                "function_name": self._function.name,
                "function_version": invocation.version,
                "invoked_function_arn": invocation.arn,
                "memory_limit_in_mb": self._memory_mb,
                "aws_request_id": invocation.request_id,
                "log_group_name": self._log_group,
                "log_stream_name": self._log_stream,
                "deadline": invocation.deadline,
            },
        }
        started = time.time()
        try:
            self._connection.send_bytes(json.dumps(request).encode())
            if not self._connection.poll(max(0.0, invocation.deadline - time.time())):
                self.kill()
                return Result.failure("Sandbox.Timedout", f"Task timed out after {time.time() - started:.2f} seconds")
            reply = json.loads(self._connection.recv_bytes())
        except (EOFError, OSError):
            status = self.kill()
            return Result.failure("Runtime.ExitError", f"Runtime exited with status {status} during the invocation")
        if reply.get("ends"):
            # It could not load its handler and is about to end: no other invocation may still meet it.
            self.kill()
        if reply.get("ended"):
            # It could not be initialised: the next invocation gets a new one, as on AWS.
            self.kill()
        if "error" in reply:
            return Result(reply["error"], str(reply["error"]["errorType"]))
        return Result(reply["response"])

    def kill(self) -> int:
        """End the process and what it started; what it has written is still read. Answers its exit code."""
        status = self._process.kill()
        self._connection.close()
        self._reader.join(timeout=2)
        return status

    def _read(self, sink: LineSink) -> None:
        with self._process.output as stream:
            for raw in stream:
                line = raw.decode("utf-8", "replace").rstrip("\n")
                if line:
                    sink(self._function.name, self._log_stream, line)


class Pool:
    """The environments of one function: warm ones are used again, new ones started up to its concurrency."""

    def __init__(self, function: Function, settings: FunctionSettings, sink: LineSink, start: Start) -> None:
        self._function = function
        self._settings = settings
        self._sink = sink
        self._start_process = start
        self._turn = asyncio.Semaphore(function.concurrency)
        self._all: set[Environment] = set()
        self._idle: list[Environment] = []

    @property
    def running(self) -> int:
        return len(self._all) - len(self._idle)

    @property
    def idle(self) -> int:
        return len(self._idle)

    async def invoke(self, invocation: Invocation) -> Result:
        """Wait for a turn, then run. An invocation whose caller has given up meanwhile is not started."""
        async with self._turn:
            if time.time() >= invocation.deadline:
                return Result.failure("TooManyRequestsException", "No environment became free within the timeout")
            environment = self._warm()
            if environment is None:
                environment = await asyncio.to_thread(self._start)
            self._all.add(environment)
            try:
                started = time.monotonic()
                result = await asyncio.to_thread(environment.invoke, invocation)
                return replace(result, milliseconds=round((time.monotonic() - started) * 1000))
            finally:
                if environment.alive:
                    environment.idle_since = time.monotonic()
                    self._idle.append(environment)
                else:
                    environment.kill()
                    self._all.discard(environment)

    async def retire(self, idle_seconds: float) -> None:
        """End the environments that nobody has used for so long, and give their memory back."""
        before = time.monotonic() - idle_seconds
        old = [environment for environment in self._idle if environment.idle_since < before]
        for environment in old:
            self._idle.remove(environment)
            self._all.discard(environment)
        for environment in old:
            await asyncio.to_thread(environment.kill)

    def close(self) -> None:
        for environment in self._all:
            environment.kill()
        self._all.clear()
        self._idle.clear()

    def _warm(self) -> Environment | None:
        while self._idle:
            environment = self._idle.pop()
            if environment.alive:
                return environment
            environment.kill()
            self._all.discard(environment)
        return None

    def _start(self) -> Environment:
        return Environment(self._function, self._settings(self._function.name), self._sink, self._start_process)
