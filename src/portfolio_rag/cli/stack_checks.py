"""`rag doctor` on the local stack: ports, processes, the emulator, Chroma, the API, functions and queues."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import httpx

from portfolio_rag.cli.findings import Finding, Patient, State
from portfolio_rag.domain.documents import DocumentStatus
from portfolio_rag.local.deployment import missing
from portfolio_rag.local.functions import discover
from portfolio_rag.local.preflight import another_port, port_holder, port_is_free


def check_ports(patient: Patient) -> Iterator[Finding]:
    ours = {process.name for process in patient.overview.processes if process.pid}
    for name, program in patient.programs.items():
        check = f"port {program.port}"
        if name in ours:
            yield Finding(check, State.OK, f"{program.title} has it.")
        elif port_is_free(program.port):
            yield Finding(check, State.OK, f"It is free for {program.title}.")
        elif patient.answers(name):
            detail = f"{program.title} answers, but this clone's `rag up` has not started it."
            yield Finding(check, State.WARNING, detail, f"Containers, or another clone? {another_port(program)}")
        else:
            yield Finding(check, State.BROKEN, port_holder(program), another_port(program))


def check_processes(patient: Patient) -> Iterator[Finding]:
    if not any(process.pid for process in patient.overview.processes):
        yield Finding("processes", State.SKIPPED, "The local stack is not running.", "`make up` starts it.")
        return
    for process in patient.overview.processes:
        if process.answers:
            yield Finding(f"process {process.name}", State.OK, f"It answers at {process.url}.")
        else:
            detail = f"It is {process.state} and does not answer at {process.url}."
            mend = f"`rag logs {process.name}` says why; `make up` starts it again."
            yield Finding(f"process {process.name}", State.BROKEN, detail, mend)


def check_emulator(patient: Patient) -> Iterator[Finding]:
    if not patient.answers("emulator"):
        yield Finding("emulator", State.SKIPPED, "It does not answer.", "`make up` starts it.")
        return
    functions = [function.name for function in discover(patient.config.project / "images")]
    absent = missing(patient.clients, patient.settings, functions)
    if absent:
        mend = "`make up` applies the Terraform again; take names that it does not make out of `.env`."
        yield Finding("emulator", State.BROKEN, f"It lacks {', '.join(absent)}.", mend)
    else:
        yield Finding("emulator", State.OK, "Buckets, tables, queues and functions are there.")


def check_chroma(patient: Patient) -> Iterator[Finding]:
    if not patient.answers("chroma"):
        yield Finding("chroma", State.SKIPPED, "It does not answer.", "`make up` starts it.")
        return
    url = f"{patient.config.chroma_url}/api/v2/version"
    served, installed = str(httpx.get(url, timeout=3, trust_env=False).json()), version("chromadb")
    # It tells the version of its API: 1.0.0 in all of 1.x.
    if served.split(".")[0] == installed.split(".")[0]:
        yield Finding("chroma", State.OK, f"It speaks {served}; {installed} is installed.")
    else:
        detail = f"The server speaks {served}, and the client is {installed}."
        yield Finding("chroma", State.BROKEN, detail, "`make down`, `make install`, `make up`")


def check_api(patient: Patient) -> Iterator[Finding]:
    """What the API itself thinks of everything that it works with."""
    if not patient.answers("api"):
        yield Finding("api", State.SKIPPED, "It does not answer.", "`make up` starts it.")
        return
    key = patient.settings.api_key
    url, headers = f"{patient.config.api_url}/api/health", {"X-API-Key": key} if key else {}
    response = httpx.get(url, headers=headers, timeout=10, trust_env=False)
    if response.status_code in (401, 403):
        mend = "`rag keys create doctor --scope read`, and the key as API_KEY in `.env` or the environment."
        yield Finding("api", State.WARNING, "It answers, and tells no more without a key that may read.", mend)
        return
    for dependency in response.json()["dependencies"]:
        well = dependency["healthy"]
        mend = "" if well else "`rag logs api` says more; `make up` starts what is down."
        state = State.OK if well else State.BROKEN
        yield Finding(f"api: {dependency['name']}", state, dependency["detail"], mend)


def check_functions(patient: Patient) -> Iterator[Finding]:
    if not patient.answers("emulator"):
        yield Finding("functions", State.SKIPPED, "The emulator does not answer.", "`make up` starts it.")
        return
    client = patient.clients("lambda")
    for function in discover(patient.config.project / "images"):
        wrong = _function_troubles(client, function.name)
        check = f"function {function.name}"
        if wrong:
            yield Finding(check, State.BROKEN, "; ".join(wrong), "`make up` applies the Terraform again.")
        else:
            yield Finding(check, State.OK, "It is active, and so is what calls it.")


def _function_troubles(client: Any, name: str) -> list[str]:
    state = client.get_function_configuration(FunctionName=name).get("State") or "Active"
    mappings = client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    wrong = [] if state == "Active" else [f"It is {state}."]
    idle = [mapping for mapping in mappings if mapping.get("State") not in (None, "Enabled", "Creating", "Updating")]
    return wrong + [f"{mapping['EventSourceArn']} is {mapping['State']}." for mapping in idle]


def check_queues(patient: Patient) -> Iterator[Finding]:
    pipeline = patient.overview.pipeline
    if pipeline is None:
        detail = patient.overview.error or "The emulator does not answer."
        state = State.BROKEN if patient.overview.error else State.SKIPPED
        yield Finding("queues", state, detail, "`make up` starts it.")
        return
    for queue in pipeline.queues:
        dead = queue.name in (
            patient.settings.sqs_dlq,
            patient.settings.sqs_embedding_dlq,
            patient.settings.sqs_events_dlq,
        )
        detail = f"{queue.waiting} waiting, {queue.in_flight} in flight, {queue.delayed} delayed"
        if dead and queue.waiting:
            mend = "docs/runbook.md, portfolio-dead-letters: mend the cause, then send them again."
            yield Finding(f"queue {queue.name}", State.BROKEN, f"{queue.waiting} messages were given up.", mend)
        else:
            yield Finding(f"queue {queue.name}", State.OK, detail)
    failed = pipeline.counts.get(DocumentStatus.FAILED, 0)
    if failed:
        mend = "`rag status` says why; where the cause was not in the document, `rag redrive --all`."
        yield Finding(
            "documents", State.WARNING, f"{failed} {'document has' if failed == 1 else 'documents have'} FAILED.", mend
        )
