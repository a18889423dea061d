"""Jupyter notebooks: cells in order, what they have printed, and nothing that is no text."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from portfolio_rag.domain.document_warnings import WarningCode
from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction.document import ExtractedDocument
from portfolio_rag.text.extraction.formats.ipynb import MAX_OUTPUT_CHARACTERS

Read = Callable[..., ExtractedDocument]
BlocksOf = Callable[[ExtractedDocument], list[tuple[str, str]]]


def words(source: str | list[str], kind: str = "markdown") -> dict[str, Any]:
    return {"cell_type": kind, "metadata": {"tags": ["internal"]}, "source": source}


def code(source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "execution_count": 7, "metadata": {}, "source": source, "outputs": list(outputs)}


def shown(**forms: Any) -> dict[str, Any]:
    data = {name.replace("__", "/"): form for name, form in forms.items()}
    return {"output_type": "display_data", "metadata": {}, "data": data}


def printed(text: str | list[str], name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def notebook(*cells: dict[str, Any], **metadata: Any) -> str:
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}, **metadata}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": cells})


def test_cells_in_order(read: Read, blocks_of: BlocksOf) -> None:
    document = read(
        notebook(
            words(
                ["# Tides\n", "\n", "They are *measured* at Arn.\n", "\n", "| Port | Range |\n|--|--|\n| Arn | 4 m |"]
            ),
            code("low = 2\nif low:\n    print(low)", printed(["2\n", "done"]), printed("slow", "stderr")),
            words("## Errors"),
            code("1/0", {"output_type": "error", "ename": "ZeroDivisionError", "evalue": "division by zero"}),
            words("as it stands", "raw"),
        ),
        "tides.ipynb",
    )
    assert document.file_type == "ipynb"
    assert document.title == "Tides"
    assert blocks_of(document) == [
        ("heading", "Tides"),
        ("paragraph", "They are measured at Arn."),
        ("table", "Port: Arn | Range: 4 m"),
        ("code", "low = 2\nif low:\n    print(low)"),
        ("code", "2\ndoneslow"),
        ("heading", "Errors"),
        ("code", "1/0"),
        ("code", "ZeroDivisionError: division by zero"),
        ("paragraph", "as it stands"),
    ]
    assert document.blocks[-1].heading_path == ("Tides", "Errors")


@pytest.mark.parametrize(
    ("output", "blocks"),
    [
        (shown(text__plain=["4", "2"], image__png="iVBORw0KGgo="), [("code", "42")]),
        (shown(text__plain="<Figure size 640x480 with 1 Axes>", image__png="iVBORw0KGgo="), []),
        (shown(text__plain="<ship Wren>"), [("code", "<ship Wren>")]),
        (shown(text__markdown="It **rains**.", text__plain="<Markdown object>"), [("paragraph", "It rains.")]),
        (
            shown(
                text__html="<table><tr><th>Port</th><th>Range</th></tr><tr><td>Arn</td><td>4</td></tr></table>",
                text__plain="  Port Range\n0 Arn 4",
            ),
            [("table", "Port: Arn | Range: 4")],
        ),
        (shown(text__html="<b>bold</b>", text__plain="bold"), [("code", "bold")]),
        (printed("10%\r50%\r100%\r\nready\n"), [("code", "100%\nready")]),
        (printed("\x1b[31mred\x1b[0m words"), [("code", "red words")]),
        (shown(application__json={"a": 1}), []),
    ],
)
def test_outputs(read: Read, blocks_of: BlocksOf, output: dict[str, Any], blocks: list[tuple[str, str]]) -> None:
    assert blocks_of(read(notebook(code("x", output)), "a.ipynb")) == [("code", "x"), *blocks]


def test_a_long_output_is_cut_and_that_is_said(read: Read) -> None:
    document = read(notebook(code("loop()", printed("a line\n" * MAX_OUTPUT_CHARACTERS))), "a.ipynb")
    assert len(document.text) < MAX_OUTPUT_CHARACTERS + 100
    assert [warning.code for warning in document.warnings] == [WarningCode.PARTS_LEFT_OUT]


def test_an_older_notebook(read: Read, blocks_of: BlocksOf) -> None:
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Old tides"]},
        {
            "cell_type": "code",
            "input": ["print 7"],
            "outputs": [
                {"output_type": "stream", "stream": "stdout", "text": ["7\n"]},
                {"output_type": "pyout", "text": ["'low'"], "png": "iVBORw0KGgo="},
                {"output_type": "pyerr", "ename": "KeyError", "evalue": "3", "traceback": ["..."]},
            ],
        },
    ]
    document = read(json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}), "a.ipynb")
    assert blocks_of(document) == [
        ("heading", "Old tides"),
        ("code", "print 7"),
        ("code", "7"),
        ("code", "'low'"),
        ("code", "KeyError: 3"),
    ]


def test_front_matter_and_title(read: Read) -> None:
    matter = read(notebook(words("---\ntitle: Tide tables\nowner: Ann\n---", "raw"), words("Words.")), "a.ipynb")
    assert (matter.title, matter.text, matter.attributes["owner"]) == ("Tide tables", "Owner: Ann\n\nWords.", "Ann")
    assert read(notebook(words("Words."), title="Given"), "a.ipynb").title == "Given"


def test_a_fold_of_one_cell_ends_with_it(read: Read) -> None:
    document = read(notebook(words("<details><summary>More</summary>\n\nInside."), words("Outside.")), "a.ipynb")
    assert document.blocks[-1].heading_path == ()


@pytest.mark.parametrize(
    "source",
    [
        '{"cells": 7}',
        '{"a": "words"}',
        '{"cells": [7, {"cell_type": "code", "source": ["x", 3], "outputs": [7]}], "metadata": []}',
        '{"worksheets": [7, {"cells": [{"cell_type": "heading", "level": "x", "source": "words"}]}]}',
    ],
)
def test_odd_notebooks_are_read_as_far_as_they_go(read: Read, source: str) -> None:
    assert read(source, "a.ipynb").file_type == "ipynb"


def test_what_is_no_json_is_rejected(read: Read) -> None:
    with pytest.raises(DocumentRejected) as rejected:
        read("words", "a.ipynb")
    assert rejected.value.reason is FailureReason.MALFORMED
