#!/usr/bin/env bash
# kreuzberg 4.10.4 (PyPI, CPython 3.11, Linux x86-64) gives the slides of a presentation in the order of their file names.
#
# Behaviour: three slides are made, and the first one is moved to the end, as one does by dragging it. The text comes in
# the order in which they were made. A slide that is cited by its place is then another one, and chunks join what does not
# stand together. xberg 1.3.9, its successor, does the same.
# Reason: "slide1.xml" stays the name of the slide that was moved. Its place is in the list of the presentation.
# Expected: the order of that list, as python-pptx 1.0.2 and markitdown 0.1.9 have it. ECMA-376 part 1, 19.2.1.34
# (sldIdLst) gives the slides of a presentation by it.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet kreuzberg==4.10.4 python-pptx==1.0.2 'markitdown[pptx]==0.1.9'

cat > "$folder/check.py" <<'PYTHON'
import sys
from importlib.metadata import version
from pathlib import Path

import kreuzberg
from markitdown import MarkItDown
from pptx import Presentation

MADE = ["Appendix", "Overview", "Results"]
MOVED = ["Overview", "Results", "Appendix"]


def order(text: str) -> list[str]:
    return sorted(MADE, key=text.index)


def texts(file: Path, move: bool) -> tuple[list[str], list[str], list[str]]:
    presentation = Presentation()
    for title in MADE:
        presentation.slides.add_slide(presentation.slide_layouts[5]).shapes.title.text = title
    if move:
        slides = presentation.slides._sldIdLst
        slides.append(slides[0])
    presentation.save(file)
    shown = [slide.shapes.title.text for slide in Presentation(file).slides]
    witness, seen = MarkItDown().convert(str(file)).text_content, kreuzberg.extract_file_sync(str(file)).content
    return shown, order(witness), order(seen)


folder = Path(sys.argv[1])
print(", ".join(f"{name} {version(name)}" for name in ("python-pptx", "markitdown", "kreuzberg")))
as_made, moved = texts(folder / "made.pptx", False), texts(folder / "moved.pptx", True)
print(f"as made: {as_made}\nmoved: {moved}")
assert as_made == (MADE, MADE, MADE), "the file itself is not what it should be"
assert moved[:2] == (MOVED, MOVED), "the witnesses do not give the new order"
assert moved[2] == MADE, f"changed: {moved[2]}"
print("As described: the slide that was moved to the end comes first.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py" "$folder"
