"""`.env.example` and the settings cannot drift apart."""

from __future__ import annotations

import re
from pathlib import Path

from portfolio_rag.settings.environment import Settings

TEXT = (Path(__file__).parents[3] / ".env.example").read_text()
DOCUMENTED = dict(re.findall(r"^# ([A-Z][A-Z0-9_]+)=(.*)$", TEXT, re.MULTILINE))
OF_THE_STACK = {
    *("EMULATOR_PORT", "CHROMA_PORT", "API_PORT", "LAMBDA_HOST_PORT"),
    *("PORTFOLIO_HOME", "PORTFOLIO_MODEL_DIR", "TF_PLUGIN_DIR", "ENFORCE_IAM"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
}


def test_every_setting_is_documented_and_nothing_else() -> None:
    assert set(DOCUMENTED) == {name.upper() for name in Settings.__dataclass_fields__} | OF_THE_STACK


def test_the_documented_values_are_the_defaults() -> None:
    shown_otherwise = {"OPENAI_API_KEY", "CHROMA_URL", "AWS_ENDPOINT_URL"}
    for name, setting in Settings.__dataclass_fields__.items():
        if name.upper() not in shown_otherwise:
            assert DOCUMENTED[name.upper()] == str(setting.default), name


def test_a_copy_changes_nothing() -> None:
    assert not [line for line in TEXT.splitlines() if line and not line.startswith("#")]
