"""docs/configuration.md and .env.example have every variable, rule and setting, each with its default."""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, Field, fields
from typing import Any

import pytest

from portfolio_rag.local.config import StackConfig
from portfolio_rag.settings.environment import Settings
from portfolio_rag.settings.ingestion_rules import FILE_TYPES, IngestionRules, ModelConfig
from tests.support.pages import ROOT, code, code_blocks, marked, rows, section, text_of

PAGE = text_of("docs/configuration.md")


def stack_defaults() -> dict[str, str]:
    """The variables that the local stack reads and `Settings` does not, with what it takes without them."""
    config = StackConfig.load({"PORTFOLIO_ENV_FILE": "no such file", "PORTFOLIO_HOME": ""}, ROOT)
    return {
        "EMULATOR_PORT": str(config.emulator_port),
        "CHROMA_PORT": str(config.chroma_port),
        "API_PORT": str(config.api_port),
        "LAMBDA_HOST_PORT": str(config.lambda_host_port),
        "PORTFOLIO_HOME": str(config.home.relative_to(ROOT)),
        "PORTFOLIO_MODEL_DIR": str(config.model_dir.relative_to(ROOT)),
        "ENFORCE_IAM": str(config.enforce_iam).lower(),
        # For boto3 and Terraform, which have no defaults for them.
        "AWS_ACCESS_KEY_ID": "",
        "AWS_SECRET_ACCESS_KEY": "",
        "TF_PLUGIN_DIR": "",
    }


def defaults(table: str) -> dict[str, list[str]]:
    """What the second column says in code, by the first."""
    return {code(cells[0])[0]: code(cells[1]) for cells in rows(marked(PAGE, table))}


def test_every_variable_has_its_default_and_there_is_no_other() -> None:
    expected = {field.name.upper(): str(field.default) for field in fields(Settings)} | stack_defaults()
    assert defaults("variables") == {name: [default] if default else [] for name, default in expected.items()}


def test_the_example_of_an_env_file_has_the_same_variables() -> None:
    assert set(re.findall(r"^# ([A-Z][A-Z_0-9]+)=", text_of(".env.example"), flags=re.M)) == set(defaults("variables"))


def _shown(field: Field[Any]) -> list[str]:
    """What the table says of a field's default: nothing for prefixes and prices, nor for all types."""
    if field.default is MISSING or isinstance(field.default, frozenset):
        return []
    return list(field.default) if isinstance(field.default, tuple) else [str(field.default)]


@pytest.mark.parametrize(("table", "schema"), [("rules", IngestionRules), ("model", ModelConfig)])
def test_every_setting_of_the_config_bucket_has_its_default(table: str, schema: type) -> None:
    assert defaults(table) == {field.name: _shown(field) for field in fields(schema)}


def test_all_types_are_allowed_by_default() -> None:
    told = {code(cells[0])[0]: cells[1] for cells in rows(marked(PAGE, "rules"))}
    assert told["allowed_types"] == "all"
    assert IngestionRules().allowed_types == FILE_TYPES


def test_the_example_of_rules_is_valid() -> None:
    (example,) = code_blocks(section(PAGE, "## Ingestion rules"))
    rules = IngestionRules(**json.loads(example))
    assert rules.for_key("contracts/a.pdf").max_pages == 300
    assert rules.for_key("notes.md").chunk_size_tokens == 800


@pytest.mark.parametrize(("name", "schema"), [("ingestion_rules", IngestionRules), ("model_config", ModelConfig)])
def test_terraform_has_the_same_defaults(name: str, schema: type) -> None:
    """`make up` writes both files with Terraform's."""
    block = text_of("terraform/variables.tf").split(f'variable "{name}"')[1].split("\n  default ")[0]
    written = dict(re.findall(r"^    (\w+)\s+= optional\((?:\w+|list\(string\)), (.+)\)$", block, flags=re.M))
    defaults = {field.name: field.default for field in fields(schema) if field.default is not MISSING}
    for setting, default in defaults.items():
        value = json.loads(written[setting])
        assert (type(default)(value) if isinstance(value, list) else value) == default, setting
