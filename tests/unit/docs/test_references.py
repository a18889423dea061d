"""docs/reference/ is what `make references` makes of the parser, the application and Terraform's files."""

from __future__ import annotations

import json
import re
import subprocess
import sys

from api.main import create_app
from portfolio_rag.settings.environment import Settings
from tests.support.pages import ROOT, section, text_of


def test_the_references_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/references.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_openapi_file_is_the_document_that_is_served() -> None:
    assert json.loads(text_of("docs/reference/openapi.json")) == create_app(Settings()).openapi()


def test_every_command_has_a_section() -> None:
    page = text_of("docs/reference/cli.md")
    assert {"rag up", "rag doctor", "rag jobs list", "rag keys create"} <= set(re.findall(r"^##+ `(.+)`$", page, re.M))
    assert "--fail-on-refusal" in section(page, "## `rag ask`")


def test_every_variable_and_output_of_terraform_is_told() -> None:
    page = text_of("docs/reference/terraform.md")
    for kind, part in (("variable", section(page, "## Inputs")), ("output", section(page, "## Outputs"))):
        declared = re.findall(rf'^{kind} "(\w+)"', text_of(f"terraform/{kind}s.tf"), re.M)
        told = re.findall(r"^(?:### |\| )`(\w+)`", part, re.M)
        assert declared
        assert told == declared
