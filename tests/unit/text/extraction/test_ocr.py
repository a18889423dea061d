"""OCR on pages that are drawn here: what it reads, and what it leaves out."""

from __future__ import annotations

from difflib import SequenceMatcher

import numpy as np
import pypdfium2
import pytest
from fpdf import FPDF
from numpy.typing import NDArray

from portfolio_rag.domain.ocr import SCRIPTS
from portfolio_rag.text.extraction.ocr import RENDERED_DPI, TextRecogniser

TEXT = """The harbour office of Vellmark registers every boat that stays for more than 36 hours. A boat of up to 9.5 m
pays 14.20 EUR a night, a longer one 21.75 EUR. Fees are due on arrival; from 1 November to 31 March they are halved.
Keys for the washrooms are handed out between 07:30 and 21:45 against a deposit of 25 EUR. Who loses a key pays 60 EUR.
Water and electricity (230 V, 16 A) are included for the first 48 hours, afterwards a unit costs 0.38 EUR."""


def drawn(text: str, size: float = 11) -> NDArray[np.uint8]:
    """An A4 page as a scanner would give it."""
    pdf = FPDF(format="A4")
    pdf.add_page()
    pdf.set_font("Times", size=size)
    pdf.multi_cell(0, size / 2, text)
    page = pypdfium2.PdfDocument(bytes(pdf.output()))[0]
    picture: NDArray[np.uint8] = page.render(scale=RENDERED_DPI / 72, rev_byteorder=True).to_numpy()[..., :3]
    return picture


@pytest.fixture(scope="module")
def recogniser() -> TextRecogniser:
    return TextRecogniser(["en"])


@pytest.mark.parametrize("size", [9, 11, 14])
def test_a_page_is_read_with_at_most_two_errors_in_a_hundred_characters(
    recogniser: TextRecogniser, size: float
) -> None:
    lines = sorted(recogniser.read(drawn(TEXT, size)), key=lambda line: line.top)
    seen, said = "".join(TEXT.split()), "".join("".join(line.text for line in lines).split())
    matched = sum(block.size for block in SequenceMatcher(None, seen, said, autojunk=False).get_matching_blocks())
    assert max(len(seen), len(said)) - matched <= 0.02 * len(seen)
    assert all(line.score > 0.8 for line in lines)


def test_a_line_says_where_it_stands(recogniser: TextRecogniser) -> None:
    (line,) = recogniser.read(drawn("Vellmark harbour"))
    margin = 10 / 25.4 * RENDERED_DPI  # the page's margin of 10 mm, in pixels
    assert line.left == pytest.approx(margin, abs=12)
    assert line.top == pytest.approx(margin, abs=14)
    assert 12 < line.bottom - line.top < 60


def test_an_empty_page_has_no_lines(recogniser: TextRecogniser) -> None:
    assert recogniser.read(np.full((400, 300, 3), 255, dtype=np.uint8)) == []


def test_the_letters_of_no_expected_script_are_noise() -> None:
    assert TextRecogniser(["zh"])._is_expected("港口") is True
    assert TextRecogniser(["en"])._is_expected("港口") is False


def test_the_languages_are_those_whose_letters_the_models_know() -> None:
    assert {"en", "de", "fr", "el", "ja"} <= SCRIPTS.keys()
    assert not {"ru", "ar", "ko"} & SCRIPTS.keys()
