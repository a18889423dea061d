"""`rag doctor`: each thing that can be broken is found, with its mend; what is well is not complained about."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from portfolio_rag.cli import doctor, machine_checks, stack_checks
from portfolio_rag.cli.findings import Check, Finding, Patient, State
from portfolio_rag.cli.main import app
from portfolio_rag.cli.overview import Overview, Pipeline, Process, Queue
from portfolio_rag.domain.documents import DocumentStatus
from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.isolation import isolated_environment
from tests.support.api import FakeServices, fake_services
from tests.support.serving import serving

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def patient(tmp_path: Path) -> Patient:
    """Of this checkout, with nothing running."""
    environment = isolated_environment(tmp_path / "home", model_dir=tmp_path / "model")
    return Patient(StackConfig.load(environment, project=ROOT))


def states(check: Check, patient: Patient) -> list[tuple[str, State]]:
    return [(finding.check, finding.state) for finding in check(patient)]


def only(check: Check, patient: Patient) -> Finding:
    [finding] = check(patient)
    return finding


def in_folder(patient: Patient, folder: Path, lock: str) -> Patient:
    (folder / "requirements").mkdir()
    (folder / "requirements" / "dev.txt").write_text(lock)
    return Patient(replace(patient.config, project=folder))


def test_a_package_that_differs_from_its_pin_is_named(patient: Patient, tmp_path: Path) -> None:
    lock = (
        "# a comment\npytest==0.1 \\\n    --hash=sha256:0\nnowhere-to-be-found==1.0 \\\n    --hash=sha256:0\n"
        "colorama==99 ; sys_platform == 'win32' \\\n    --hash=sha256:0\n"
    )
    finding = only(machine_checks.check_packages, in_folder(patient, tmp_path, lock))
    assert finding.state is State.BROKEN
    assert "pytest is" in finding.detail
    assert "nowhere-to-be-found is missing" in finding.detail
    assert "2 in all" in finding.detail
    assert finding.mend == "`make install`"


def test_packages_as_pinned_are_well(patient: Patient, tmp_path: Path) -> None:
    lock = f"pytest=={pytest.__version__} \\\n    --hash=sha256:0\n"
    assert only(machine_checks.check_packages, in_folder(patient, tmp_path, lock)).state is State.OK


def test_terraform_that_is_missing_says_where_to_get_it(patient: Patient, tmp_path: Path) -> None:
    without = replace(patient.config, settings={**patient.config.settings, "PATH": str(tmp_path)})
    finding = only(machine_checks.check_terraform, Patient(without))
    assert finding.state is State.BROKEN
    assert finding.mend.startswith("Install it from")
    assert "Install it" not in finding.detail


def test_a_model_that_is_not_baked_is_nothing_broken_and_a_damaged_one_is(patient: Patient) -> None:
    assert only(machine_checks.check_model, patient).state is State.SKIPPED
    patient.config.model_dir.mkdir()
    (patient.config.model_dir / "manifest.json").write_text("{}")
    finding = only(machine_checks.check_model, patient)
    assert (finding.state, finding.mend) == (State.BROKEN, "`make bake`")


def test_a_clock_that_went_back_is_found(patient: Patient) -> None:
    assert only(machine_checks.check_clock, patient).state is State.OK
    patient.config.home.mkdir()
    os.utime(patient.config.home, (time.time() + 3600,) * 2)
    assert only(machine_checks.check_clock, patient).state is State.BROKEN


def test_a_port_that_somebody_holds_is_found_with_another_one(patient: Patient) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", patient.config.api_port))
        held.listen()
        found = {finding.check: finding for finding in stack_checks.check_ports(patient)}
    finding = found.pop(f"port {patient.config.api_port}")
    assert finding.state is State.BROKEN
    assert f"API_PORT={patient.config.api_port + 10}" in finding.mend
    assert {other.state for other in found.values()} == {State.OK}


def test_a_stack_that_does_not_run_is_nothing_broken(patient: Patient) -> None:
    checks = (
        stack_checks.check_processes,
        stack_checks.check_emulator,
        stack_checks.check_chroma,
        stack_checks.check_api,
        stack_checks.check_functions,
        stack_checks.check_queues,
    )
    findings = [only(check, patient) for check in checks]
    assert {finding.state for finding in findings} == {State.SKIPPED}
    assert {finding.mend for finding in findings} == {"`make up` starts it."}


def seen(patient: Patient, overview: Overview) -> Patient:
    patient.__dict__["overview"] = overview
    return patient


def test_a_process_that_died_leads_to_its_log(patient: Patient) -> None:
    emulator = Process(
        "emulator", "AWS emulator", "RUNNING", True, 7, "2026-01-05T10:12:00+00:00", "http://localhost:1"
    )
    chroma = Process("chroma", "Chroma", "FATAL", False, None, None, "http://localhost:2")
    findings = list(stack_checks.check_processes(seen(patient, Overview([emulator, chroma], "whole", None))))
    assert [finding.state for finding in findings] == [State.OK, State.BROKEN]
    assert "`rag logs chroma`" in findings[1].mend


def test_dead_letters_are_broken_and_failed_documents_a_warning(patient: Patient) -> None:
    queues = [Queue("portfolio-ingestion-queue", 4, 1, 0), Queue("portfolio-ingestion-dlq", 2, 0, 0)]
    pipeline = Pipeline({DocumentStatus.FAILED: 3}, [], [], queues)
    assert states(stack_checks.check_queues, seen(patient, Overview([], "whole", pipeline))) == [
        ("queue portfolio-ingestion-queue", State.OK),
        ("queue portfolio-ingestion-dlq", State.BROKEN),
        ("documents", State.WARNING),
    ]


@pytest.fixture
def services() -> FakeServices:
    return fake_services()


def on_port(patient: Patient, url: str, **settings: str) -> Patient:
    port = int(url.rpartition(":")[2])
    return Patient(replace(patient.config, api_port=port, settings={**patient.config.settings, **settings}))


def test_the_api_tells_which_dependency_is_broken(patient: Patient, services: FakeServices) -> None:
    from api.main import create_app

    services.health.healthy = False
    with serving(create_app(services=services.api)) as url:
        found = states(stack_checks.check_api, on_port(patient, url))
    assert found == [("api: s3", State.OK), ("api: chromadb", State.BROKEN), ("api: openai", State.OK)]


def test_an_api_that_needs_a_key_leads_to_one(patient: Patient, services: FakeServices) -> None:
    from api.main import create_app

    key = services.key()["X-API-Key"]
    with serving(create_app(services=services.api)) as url:
        finding = only(stack_checks.check_api, on_port(patient, url))
        with_key = states(stack_checks.check_api, on_port(patient, url, API_KEY=key))
    assert finding.state is State.WARNING
    assert "rag keys create" in finding.mend
    assert {state for _, state in with_key} == {State.OK}


class Functions:
    def __init__(self, state: str, mapping: str) -> None:
        self._state, self._mapping = state, mapping

    def get_function_configuration(self, FunctionName: str) -> dict[str, Any]:  # noqa: N803
        return {"State": self._state}

    def list_event_source_mappings(self, FunctionName: str) -> dict[str, Any]:  # noqa: N803
        return {"EventSourceMappings": [{"State": self._mapping, "EventSourceArn": "arn:queue"}]}


@pytest.mark.parametrize(
    ("state", "mapping", "troubles"),
    [
        ("Active", "Enabled", []),
        ("Failed", "Enabled", ["It is Failed."]),
        ("Active", "Disabled", ["arn:queue is Disabled."]),
    ],
)
def test_a_function_that_nothing_calls_is_found(state: str, mapping: str, troubles: list[str]) -> None:
    assert stack_checks._function_troubles(Functions(state, mapping), "document-intake") == troubles


def fine(_: Patient) -> Iterator[Finding]:
    yield Finding("python", State.OK, "3.11")


def broken(_: Patient) -> Iterator[Finding]:
    yield Finding("disk", State.BROKEN, "It is full.", "Make room.")


def raising(_: Patient) -> Iterator[Finding]:
    raise OSError("no route")
    yield


@pytest.mark.parametrize(("checks", "code"), [([fine], 0), ([fine, broken], 1), ([raising, fine], 1)])
def test_the_exit_code_is_1_when_something_is_broken(
    checks: list[Check], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_CHECKS", {check.__name__: check for check in checks})
    done = CliRunner().invoke(app, ["doctor", "--json"])
    assert done.exit_code == code
    told = json.loads(done.output)
    assert told["well"] is (code == 0)
    assert len(told["findings"]) == len(checks)


def test_the_mend_stands_below_what_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_CHECKS", {"disk": broken, "python": fine})
    lines = CliRunner().invoke(app, ["doctor"]).output.splitlines()
    assert [lines[0].split(), lines[1].split(), lines[-1]] == [
        ["✗", "disk", "It", "is", "full."],
        ["→", "Make", "room."],
        "Broken: disk.",
    ]
