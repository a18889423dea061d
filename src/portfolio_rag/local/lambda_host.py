"""The local Lambda host: `POST /functions/<name>/invocations` runs a handler of `images/` as Lambda would.

Event JSON in, response JSON out. A failing handler is answered with 500 and Lambda's error object: the emulator
takes every 2xx for a success and would delete the message. Each function has a small pool of processes
(`lambda_environment`), so a timeout is a kill, a crash harms nobody else, and a handler never sees two
invocations at once - as on AWS. Only the emulator may invoke: it sends a secret that both read from a file.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hmac
import json
import logging
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any

import boto3
import uvicorn
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from portfolio_rag.local.config import LOOPBACK
from portfolio_rag.local.emulator_guard import SECRET_HEADER
from portfolio_rag.local.execution_roles import Credentials, no_credentials, role_credentials
from portfolio_rag.local.functions import Function, discover
from portfolio_rag.local.lambda_environment import Deployed, FunctionSettings, Invocation, LineSink, Pool
from portfolio_rag.local.lambda_logs import CloudWatchShipper
from portfolio_rag.local.lambda_processes import start_processes

# The emulator waits exactly the function's timeout for an answer: end a little before it gives up.
_ANSWER_MARGIN_SECONDS = 0.3
_DEFAULT_TIMEOUT_SECONDS = 60
_DEFAULT_MEMORY_MB = 512
_IDLE_SECONDS = 60.0
"""Starting anew is cheap here (`lambda_template`); AWS keeps idle environments for minutes."""
_log = logging.getLogger(__name__)


def create_app(
    functions: Iterable[Function],
    settings: FunctionSettings,
    sink: LineSink,
    *,
    secret: str,
    closing: Iterable[Any] = (),
    idle_seconds: float = _IDLE_SECONDS,
) -> Starlette:
    """The ASGI application. Invocations need `secret`; `closing` are closed after the last environment has ended.

    An environment that has had nothing to do for `idle_seconds` ends, as on AWS.
    """
    start, end_starting = start_processes()
    pools = {function.name: Pool(function, settings, sink, start) for function in functions}

    async def retire() -> None:
        while True:
            await asyncio.sleep(idle_seconds / 4)
            for pool in pools.values():
                await pool.retire(idle_seconds)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        retiring = asyncio.create_task(retire())
        yield
        retiring.cancel()
        for pool in pools.values():
            pool.close()
        end_starting()
        for resource in closing:
            resource.close()

    async def health(_: Request) -> Response:
        return JSONResponse(
            {"functions": {name: {"running": pool.running, "idle": pool.idle} for name, pool in pools.items()}}
        )

    async def invoke(request: Request) -> Response:
        if not hmac.compare_digest(request.headers.get(SECRET_HEADER, "").encode(), secret.encode()):
            message = "Only the emulator may invoke a function here: ask it, as `aws lambda invoke` does."
            return JSONResponse({"errorType": "AccessDeniedException", "errorMessage": message}, 403)
        name = request.path_params["name"]
        pool = pools.get(name)
        if pool is None:
            message = f"No function {name!r} here; there are: {', '.join(pools)}"
            return JSONResponse({"errorType": "ResourceNotFoundException", "errorMessage": message}, 404)
        try:
            event = json.loads(await request.body() or b"{}")
        except ValueError as error:
            return JSONResponse({"errorType": "InvalidRequestContentException", "errorMessage": str(error)}, 400)
        invocation = _invocation(name, request.headers, event)
        arrived = time.monotonic()
        result = await pool.invoke(invocation)
        in_all = round((time.monotonic() - arrived) * 1000)
        print(
            json.dumps(
                {
                    "message": "invocation",
                    "function": name,
                    "request_id": invocation.request_id,
                    "status": result.error or "ok",
                    "milliseconds": result.milliseconds,
                    "waited_milliseconds": in_all - result.milliseconds,
                }
            ),
            flush=True,
        )
        return JSONResponse(result.payload, 500 if result.error else 200)

    return Starlette(
        routes=[
            Route("/health", health),
            Route("/functions/{name}/invocations", invoke, methods=["POST"]),
        ],
        lifespan=lifespan,
    )


def _invocation(name: str, headers: Mapping[str, str], event: Any) -> Invocation:
    """The emulator's headers say who, and until when it waits."""
    deadline_ms = headers.get("X-Amzn-Lambda-Deadline-Ms", "")
    deadline = int(deadline_ms) / 1000 if deadline_ms.isdecimal() else time.time() + _DEFAULT_TIMEOUT_SECONDS
    return Invocation(
        request_id=headers.get("X-Amzn-Lambda-Request-Id") or str(uuid.uuid4()),
        arn=headers.get("X-Amzn-Lambda-Function-Arn", name),
        version=headers.get("X-Amzn-Lambda-Function-Version", "$LATEST"),
        deadline=deadline - _ANSWER_MARGIN_SECONDS,
        event=event,
    )


def deployed_settings(client: Any, credentials: Credentials) -> FunctionSettings:
    """The function as it is deployed; defaults while it is not."""

    def read(name: str) -> Deployed:
        try:
            configuration = client.get_function_configuration(FunctionName=name)
        except (BotoCoreError, ClientError) as error:
            _log.warning("No configuration of %s: %s", name, error)
            return Deployed({}, _DEFAULT_MEMORY_MB)
        variables = configuration.get("Environment", {}).get("Variables", {})
        return Deployed(variables, int(configuration.get("MemorySize", _DEFAULT_MEMORY_MB)), credentials(configuration))

    return read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=Path, required=True, help="folder with one folder per function")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--secret-file", type=Path, required=True, help="what the emulator shows itself by")
    parser.add_argument("--enforce-iam", action="store_true", help="run each function under its own role")
    arguments = parser.parse_args()
    secret = arguments.secret_file.read_text(encoding="ascii")
    emulator_url = os.environ["AWS_ENDPOINT_URL"]
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)

    session = boto3.Session()
    impatient = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2})
    shipper = CloudWatchShipper(session.client("logs", config=impatient))
    shipper.start()

    def sink(function: str, stream: str, line: str) -> None:
        print(f"[{function}] {line}", flush=True)
        shipper.add(function, stream, line)

    app = create_app(
        discover(arguments.images),
        deployed_settings(
            session.client("lambda", config=impatient),
            role_credentials(emulator_url, secret) if arguments.enforce_iam else no_credentials,
        ),
        sink,
        secret=secret,
        closing=[shipper],
    )
    # A stop waits a little for what runs; what is cut off comes again from its queue.
    uvicorn.run(app, host=LOOPBACK, port=arguments.port, access_log=False, timeout_graceful_shutdown=10)


if __name__ == "__main__":
    main()
