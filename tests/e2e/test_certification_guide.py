"""The exercises of docs/certification-guide.md: each command runs as it stands there, and shows what it is for."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.live import LiveStack
from tests.support.pages import ROOT, code_blocks, text_of

PAGE = text_of("docs/certification-guide.md")

SHOWS: dict[str, list[str]] = {
    "1.1": [r'"filename": "sqs-queues\.md"', r'"score": 0\.\d+', r"sqs-queues[\s\S]*sqs-queues"],
    "1.2": [r'"score": 0\.\d+'],
    "2.1": [r'"token_count": \d+', r"EMBEDDED|COMPLETED|STORED"],
    "3.1": [r"not in the documents[\s\S]*Grey Shoveler"],
    "3.2": [r"1 June 2027[\s\S]*delete: s3://[\s\S]*not in the documents"],
    "3.3": [r"dynamodb|sqs"],
    "3.4": [r"hit@1", r"questions of both runs"],
    "4.1": [r"questions without an answer refused"],
    "4.3": [
        r'"rating":"up"',
        r'"question": "How long does Amazon SQS keep a message by default\?", "document": \["samples/sqs-queues\.md"\]',
    ],
    "5.1": [r"VersionId", r"^Amazon SQS keeps a message for 4 days by default"],
    "5.2": [r"tool\.exe", r"error-code"],
    "5.3": [r'"processed", "failed", "archived"', r"cloudwatch:namespace"],
}
"""Exercise -> what its output must match."""

_LEFT_OUT = re.compile(r"<!-- not in the test: .+? -->\s*```bash\n.*?^```$", re.M | re.S)


def exercises() -> dict[str, str]:
    """Number -> its commands; those that need an OpenAI key are left out, and blocks that say why."""
    parts = re.split(r"^\*\*Exercise (\d\.\d)( 🔑)? – ", PAGE, flags=re.M)[1:]
    found = {}
    for number, key, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        commands = code_blocks(_LEFT_OUT.sub("", re.split(r"^## ", body, flags=re.M)[0]))
        if commands and not key:
            found[number] = "\n".join(commands)
    return found


EXERCISES = exercises()
(SETUP, *_) = code_blocks(PAGE)


def test_each_exercise_without_a_key_is_done() -> None:
    assert set(EXERCISES) == set(SHOWS)
    numbers = re.findall(r"^\*\*Exercise (\d\.\d)", PAGE, flags=re.M)
    assert numbers == sorted(set(numbers))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As a checkout looks to the commands."""
    made = tmp_path_factory.mktemp("guide")
    (made / ".venv").symlink_to(sys.prefix)
    for name in ("samples", "terraform"):
        (made / name).symlink_to(ROOT / name)
    return made


@pytest.mark.parametrize("number", EXERCISES)
def test_an_exercise_shows_what_it_is_for(stack: LiveStack, folder: Path, number: str) -> None:
    # The page speaks of the usual ports, the stack of the tests has its own.
    commands = f"set -eo pipefail\n{SETUP}\n{EXERCISES[number]}"
    commands = commands.replace("localhost:8000", f"localhost:{stack.config.api_port}")
    commands = commands.replace("localhost:4566", f"localhost:{stack.config.emulator_port}")
    done = subprocess.run(
        ["bash", "-c", commands],
        cwd=folder,
        env=dict(stack.environment),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    for pattern in SHOWS[number]:
        assert re.search(pattern, done.stdout, flags=re.M), f"{pattern}\n{done.stdout}"
