"""docs/operating.md has every type of document, reason of failure, port and job; the runbook has every alarm."""

from __future__ import annotations

import re

from portfolio_rag.domain.document_warnings import WarningCode
from portfolio_rag.domain.errors import FailureReason
from portfolio_rag.domain.jobs import JobType
from portfolio_rag.settings.ingestion_rules import FILE_TYPES
from portfolio_rag.text.extraction.file_types import DESCRIPTIONS
from tests.support.pages import code, marked, rows, section, text_of
from tests.unit.docs.test_configuration import stack_defaults

PAGE = text_of("docs/operating.md")


def test_the_types_are_those_that_can_be_extracted() -> None:
    told = [code(cells[0])[0] for cells in rows(marked(PAGE, "file-types"))]
    assert len(told) == len(set(told))
    assert set(told) == set(DESCRIPTIONS) == FILE_TYPES


def test_every_reason_of_failure_is_explained() -> None:
    table = section(PAGE, "### Why a document failed")
    assert [code(cells[0])[0] for cells in rows(table)] == [reason.value for reason in FailureReason]


def test_every_warning_is_explained() -> None:
    table = section(PAGE, "### What could not be read")
    assert [code(cells[0])[0] for cells in rows(table)] == [warning.value for warning in WarningCode]


def test_every_type_of_job_is_explained() -> None:
    assert {code(cells[0])[0] for cells in rows(section(PAGE, "## Jobs"))} == {job_type.value for job_type in JobType}


def test_the_ports_are_those_of_the_stack() -> None:
    ports = [cells for cells in rows(section(PAGE, "## Where things are")) if cells[0].isdigit()]
    told = {code(variable)[0]: port for port, variable, _ in ports}
    assert told == {name: port for name, port in stack_defaults().items() if name.endswith("_PORT")}


def test_every_alarm_is_in_the_runbook() -> None:
    alarms = re.findall(r'"\$\{local\.prefix\}-([a-z-]+)\$\{local\.suffix\}" = \{', text_of("terraform/main.tf"))
    headings = re.findall(r"^### `(portfolio-[a-z-]+)`", text_of("docs/runbook.md"), flags=re.M)
    assert alarms
    assert {f"portfolio-{alarm}" for alarm in alarms} == set(headings)
