"""docs/architecture.md: code map, call chains, states, attributes and the layout of S3 are those of the code."""

from __future__ import annotations

import re
from configparser import ConfigParser
from dataclasses import fields
from pathlib import Path

import pytest

from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.documents import LEGAL_TRANSITIONS, DocumentHead, DocumentVersion
from portfolio_rag.domain.jobs import Job, JobType
from portfolio_rag.settings.environment import Settings
from portfolio_rag.settings.ingestion_rules import ACCESS_LISTS_KEY, INGESTION_RULES_KEY, MODEL_CONFIG_KEY
from tests.simulation.fast import install
from tests.simulation.schedule import text_of as long_text
from tests.simulation.world import CONFIG, World
from tests.support.pages import ROOT, code, code_blocks, marked, rows, section, text_of
from tests.support.pdfs import column, make_pdf

PAGE = text_of("docs/architecture.md")
MAP = marked(PAGE, "code-map")
PACKAGE = ROOT / "src" / "portfolio_rag"


def test_the_paths_of_the_code_map_exist() -> None:
    named = [path for cells in rows(MAP) for path in code(" ".join(cells)) if "/" in path and path != "formats/"]
    assert len(named) > 40
    assert not [path for path in named if not (ROOT / path).exists()]


def test_the_files_of_the_call_chains_exist() -> None:
    """A path stands as it does below the root or below the package; a bare name lies beside the file before it."""
    missing = []
    for chain in code_blocks(MAP):
        folder = ROOT
        for name in re.findall(r"[\w/]+\.py", chain):
            places = [ROOT / name, PACKAGE / name, folder / name]
            found = next((place for place in places if place.is_file()), None)
            if found is None:
                missing.append(name)
            else:
                folder = found.parent
    assert not missing


def test_every_folder_of_the_package_is_in_the_code_map() -> None:
    """Down to the second level: what is below is its parent's affair."""
    parents = {module.parent.relative_to(PACKAGE).parts[:depth] for module in PACKAGE.rglob("*.py") for depth in (1, 2)}
    folders = {str(Path("src", "portfolio_rag", *parts)) + "/" for parts in parents if parts}
    assert not folders - {path for cells in rows(MAP) for path in code(cells[0])}


def test_the_picture_has_the_layers_that_are_checked() -> None:
    contracts = ConfigParser()
    contracts.read(ROOT / ".importlinter")
    checked = [
        [name.strip().removeprefix("portfolio_rag.") for name in re.split("[|:]", line)]
        for line in contracts["importlinter:contract:layers"]["layers"].strip().splitlines()
    ]
    picture = code_blocks(section(PAGE, "## Code map"))[0]
    drawn = [re.split(r" [|·] ", re.split(r"\s{2,}", line)[0]) for line in picture.splitlines()]
    drawn[0].remove("images")  # Handlers, no package.
    assert [set(row) for row in drawn] == [set(layer) for layer in checked]


def test_there_are_ten_invariants() -> None:
    assert re.findall(r"^(\d+)\. ", section(PAGE, "### Ten invariants"), flags=re.M) == [str(n) for n in range(1, 11)]


def test_the_diagram_shows_the_legal_transitions() -> None:
    (diagram,) = code_blocks(section(PAGE, "### States"))
    arrows = re.findall(r"^\s+(\S+) --> (\w+|\[\*\])", diagram, flags=re.M)
    between = {(source, target) for source, target in arrows if "[*]" not in (source, target)}
    assert between == {(source, target) for source, targets in LEGAL_TRANSITIONS.items() for target in targets}
    ends = {source for source, target in arrows if target == "[*]"}
    assert ends == {status for status in LEGAL_TRANSITIONS if status.terminal}


@pytest.mark.parametrize("record", [DocumentHead, DocumentVersion, Chunk, Job], ids=lambda record: record.__name__)
def test_the_data_model_names_every_attribute(record: type) -> None:
    assert not {field.name for field in fields(record)} - set(code(section(PAGE, "## Data model")))


_PLACEHOLDERS = {
    "path": r".+",
    "stem": r".+",
    "key": r"(?:incoming|processed|failed|archived)/.+",
    "ext": r"\w+",
    "id": r"[\w.-]{1,12}",
    "version": r"\d+",
    "first": r"\d+",
    "end": r"\d+",
    "part": r"\d{6}",
    "document_id": r"[0-9a-f-]{36}",
    "job_id": r"[0-9a-f-]{36}",
    "fingerprint": r"[\w.-]+",
    "sha256": r"[0-9a-f]{64}",
}


def layout() -> dict[str, dict[str, re.Pattern[str]]]:
    """Bucket -> documented key -> what it matches."""
    documented: dict[str, dict[str, re.Pattern[str]]] = {}
    bucket = ""
    for cells in rows(section(PAGE, "### S3")):
        bucket = code(cells[0])[0] if cells[0] else bucket
        (key,) = code(cells[1])
        parts = re.split(r"<(\w+)>", key)
        pattern = "".join(_PLACEHOLDERS[part] if n % 2 else re.escape(part) for n, part in enumerate(parts))
        documented.setdefault(bucket, {})[key] = re.compile(pattern)
    return documented


def test_the_buckets_are_those_of_the_settings() -> None:
    settings = Settings()
    assert set(layout()) == {settings.s3_raw_bucket, settings.s3_embeddings_bucket, settings.s3_config_bucket}


def test_the_pipeline_writes_the_documented_keys_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A life with everything in it: an update, a race of two uploads, a failure, long documents, a sidecar, a job."""
    install(monkeypatch)
    world = World(hurried=True)
    sidecar = b'{"metadataAttributes": {"team": "platform"}}'
    world.s3.put_object(Bucket="portfolio-raw", Key="incoming/guides/a.md.metadata.json", Body=sidecar)
    world.upload("guides/a.md", "# Guide\n\nThe first text.\n")
    world.run()
    world.upload("guides/a.md", "# Guide\n\nThe second text.\n")
    world.upload("guides/a.md", "# Guide\n\nThe third text.\n")
    pages = [column(*(f"Page {number} tells of line {row}." for row in range(20))) for number in range(1, 4)]
    world.upload("report.pdf", make_pdf(pages))
    world.upload("book.md", long_text("book", 60))
    world.upload("tool.exe", b"MZ\x90\x00" + bytes(range(256)))
    world.rest()
    world.start_job(JobType.BATCH)
    world.rest()
    for key, body in ((INGESTION_RULES_KEY, b"{}"), (MODEL_CONFIG_KEY, b"{}"), (ACCESS_LISTS_KEY, b"[]")):
        world.s3.put_object(Bucket=CONFIG, Key=key, Body=body)

    seen: set[tuple[str, str]] = set()
    for bucket, patterns in layout().items():
        # A key stays in the model when its last version is gone.
        for key in world.s3.objects[bucket]:
            matching = {(bucket, documented) for documented, pattern in patterns.items() if pattern.fullmatch(key)}
            assert matching, f"{bucket}: {key} is not documented"
            seen |= matching
    assert {(bucket, key) for bucket, patterns in layout().items() for key in patterns} == seen
