"""What README and docs say of names, defaults, routes and targets is what the code has."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import DocumentHead, DocumentVersion
from portfolio_rag.domain.errors import FailureReason
from portfolio_rag.domain.jobs import Job
from portfolio_rag.settings.environment import Settings

ROOT = Path(__file__).resolve().parents[3]
README = ROOT / "README.md"
PAGES = sorted([README, ROOT / "samples" / "README.md", *(ROOT / "docs").rglob("*.md")])

# Read by the embedded stack, by boto3 and by the compose file, not by `Settings`.
STACK_VARIABLES = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "EMULATOR_PORT",
    "CHROMA_PORT",
    "API_PORT",
    "LAMBDA_HOST_PORT",
    "PORTFOLIO_HOME",
    "PORTFOLIO_MODEL_DIR",
    "TF_PLUGIN_DIR",
}


def section(text: str, heading: str) -> str:
    """The part of a page under a heading, up to the next one of the same or a higher level."""
    level = heading.index(" ")
    rest = text.split(f"\n{heading}\n", 1)[1]
    return re.split(rf"\n#{{1,{level}}} ", rest, maxsplit=1)[0]


def rows(text: str) -> list[list[str]]:
    """The cells of every table row, headers and rulers left out."""
    found: list[list[str]] = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        is_header = number + 1 < len(lines) and re.match(r"^\|[\s:|-]+\|$", lines[number + 1]) is not None
        if line.startswith("|") and not is_header and not re.match(r"^\|[\s:|-]+\|$", line):
            found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def prose(path: Path) -> str:
    """The page without its code blocks: what looks like a link in code is none."""
    return re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)


def anchor(heading: str) -> str:
    """As GitHub makes it."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", ""))
    return kept.replace(" ", "-")


def variables() -> dict[str, str]:
    table = README.read_text(encoding="utf-8").split("<!-- variables:begin -->")[1].split("<!-- variables:end -->")[0]
    return {code(cells[0])[0]: cells[1] for cells in rows(table)}


def test_every_variable_is_in_the_readme_and_no_other() -> None:
    assert set(variables()) == {field.name.upper() for field in fields(Settings)} | STACK_VARIABLES


@pytest.mark.parametrize("field", fields(Settings), ids=lambda field: field.name)
def test_defaults_are_those_of_the_code(field: object) -> None:
    name, default = field.name, str(field.default)  # type: ignore[attr-defined]
    shown = variables()[name.upper()]
    if name == "model_dir":  # A path inside the images.
        assert default.endswith(code(shown)[0])
    else:
        assert code(shown) == ([default] if default else [])


def test_the_example_of_an_env_file_has_the_same_variables() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^# ([A-Z][A-Z_0-9]+)=", example, flags=re.M)) == set(variables())


def test_every_reason_of_failure_is_explained() -> None:
    table = section(README.read_text(encoding="utf-8"), "### Why a document failed")
    assert [code(cells[0])[0] for cells in rows(table)] == [reason.value for reason in FailureReason]


def test_the_routes_of_the_readme_are_those_of_the_api() -> None:
    from api.routes import chat, completions, documents, health, jobs, search  # The whole API: for this test alone.

    served = {
        f"{method} {route.path}"  # type: ignore[attr-defined]
        for router in (
            chat.router,
            completions.router,
            search.router,
            documents.router,
            jobs.router,
            health.router,
            health.public,
        )
        for route in router.routes
        for method in route.methods  # type: ignore[attr-defined]
    }
    told = {name for cells in rows(section(README.read_text(encoding="utf-8"), "## Ask")) for name in code(cells[0])}
    assert told == served


def make_targets(text: str) -> set[str]:
    calls = re.findall(r"\bmake ((?:[a-z][a-z-]*|[A-Z_]+=\S+)(?: (?:[a-z][a-z-]*|[A-Z_]+=\S+))*)", text)
    return {word for call in calls for word in call.split() if "=" not in word}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_make_targets_that_are_named_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    in_code = "\n".join(_code_of(text))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*)\s*:", makefile, flags=re.M))
    assert make_targets(in_code) <= targets


def _code_of(text: str) -> list[str]:
    blocks = re.findall(r"^```.*?\n(.*?)^```$", text, flags=re.M | re.S)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S))
    return [re.sub(r"\s#.*$", "", snippet, flags=re.M) for snippet in (*blocks, *inline)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if target.startswith(("http://", "https://")):
            continue
        path, _, fragment = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name}: {target}"
        if fragment:
            headings = re.findall(r"^#+ (.+)$", prose(file), flags=re.M)
            assert fragment in {anchor(heading) for heading in headings}, f"{page.name}: {target}"


@pytest.mark.parametrize("record", [DocumentHead, DocumentVersion, Chunk, Job], ids=lambda record: record.__name__)
def test_the_data_model_names_every_attribute(record: type) -> None:
    text = section((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"), "## Data model")
    missing = {field.name for field in fields(record)} - set(code(text))
    assert not missing


def test_every_alarm_is_in_the_runbook() -> None:
    terraform = (ROOT / "terraform" / "main.tf").read_text(encoding="utf-8")
    alarms = set(re.findall(r'"\$\{local\.prefix\}-([a-z-]+)\$\{local\.suffix\}" = \{', terraform))
    runbook = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    assert alarms
    assert {f"portfolio-{alarm}" for alarm in alarms} == set(
        re.findall(r"^### `(portfolio-[a-z-]+)`", runbook, flags=re.M)
    )


def test_nothing_is_said_of_absolute_paths_of_a_machine() -> None:
    for page in PAGES:
        assert not re.search(r"(?<![\w.:/])/(?:work|root|home)/", page.read_text(encoding="utf-8")), page
