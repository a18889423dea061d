"""Every page: links lead somewhere, commands and paths that are named exist, nothing is said of one machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.pages import PAGES, ROOT, anchors, code, code_blocks, prose, text_of

IDS = [str(page.relative_to(ROOT)) for page in PAGES]

README_LINES = 160
"""A screenful and a half: what the project is, how it is started, and where to read on."""


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page.read_text(encoding="utf-8"))):
        if target.startswith(("http://", "https://")):
            continue
        path, _, fragment = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name}: {target}"
        if fragment:
            assert fragment in anchors(file.read_text(encoding="utf-8")), f"{page.name}: {target}"


def test_every_page_is_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        for target in re.findall(r"\]\(([^)\s#]+)", prose(page.read_text(encoding="utf-8"))):
            if target.endswith(".md") and "://" not in target:
                waiting.append((page.parent / target).resolve())
    assert not set(PAGES) - reached


def test_the_readme_is_short() -> None:
    assert len(text_of("README.md").splitlines()) <= README_LINES


def _targets(text: str) -> set[str]:
    """The make targets that a page's code calls."""
    snippets = [*code_blocks(text), *code(re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S))]
    commands = "\n".join(re.sub(r"\s#.*$", "", snippet, flags=re.M) for snippet in snippets)
    calls = re.findall(r"\bmake ((?:[a-z][a-z-]*|[A-Z_]+=\S+)(?: (?:[a-z][a-z-]*|[A-Z_]+=\S+))*)", commands)
    return {word for call in calls for word in call.split() if "=" not in word}


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_make_targets_that_are_named_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*)\s*:", text_of("Makefile"), flags=re.M))
    assert _targets(page.read_text(encoding="utf-8")) <= targets


def test_paths_that_a_contributor_is_sent_to_exist() -> None:
    folders = tuple(f"{folder.name}/" for folder in ROOT.iterdir() if folder.is_dir())
    named = [path for path in code(prose(text_of("CONTRIBUTING.md"))) if path.startswith(folders) and " " not in path]
    assert named
    assert not [path for path in named if not (ROOT / path).exists()]


def test_nothing_is_said_of_absolute_paths_of_a_machine() -> None:
    for page in PAGES:
        assert not re.search(r"(?<![\w.:/])/(?:work|root|home)/", page.read_text(encoding="utf-8")), page
