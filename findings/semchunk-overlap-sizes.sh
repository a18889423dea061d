#!/usr/bin/env bash
# semchunk 4.1.1 (PyPI, CPython 3.11): with an overlap, chunks are longer than the given size, in texts with runs of blanks
# several times as long.
#
# Behaviour: a price list as it comes from a PDF in layout mode, with columns of blanks, is cut into chunks of at most 60
# characters, and with overlap=0.1 of up to 263. Whoever cuts off what is over a limit loses the end of such a chunk. Without
# an overlap all chunks keep to the size, and so do they where the counter does not count whitespace (words).
# Reason: with an overlap, the text is cut into small pieces, whose sizes are taken without the whitespace between them. A
# fixed number of pieces is then taken from the text as one span, with that whitespace, and not measured again (upstream
# pull request 25, open when this was written).
# Expected: no chunk over chunk_size, which is documented as a maximum, as semantic-text-splitter 0.33.1 has it.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet semchunk==4.1.1 semantic-text-splitter==0.33.1

cat > "$folder/check.py" <<'PYTHON'
from importlib.metadata import version

import semantic_text_splitter
import semchunk

COLUMNS = "\n".join(f"Item {number}{' ' * 40}{number * 10} EUR" for number in range(20))


def words(text: str) -> int:
    return len(text.split())


def with_semchunk(text: str, size: int, overlap: float | None, counter=len) -> list[str]:
    return semchunk.chunk(text, size, counter, overlap=overlap)


def with_splitter(text: str, size: int, overlap: float) -> list[str]:
    return semantic_text_splitter.TextSplitter(size, overlap=int(size * overlap)).chunks(text)


def longest(chunks: list[str]) -> int:
    return max(map(len, chunks))


print(f"semchunk {version('semchunk')}, semantic-text-splitter {version('semantic-text-splitter')}")
assert max(map(len, COLUMNS.split("\n"))) < 60, "the input is not sound: a line is longer than a chunk"
overlap = 0.1
for size, expected in ((60, 263), (100, 272), (200, 272)):
    seen = longest(with_semchunk(COLUMNS, size, overlap))
    without, witness = longest(with_semchunk(COLUMNS, size, None)), longest(with_splitter(COLUMNS, size, overlap))
    print(f"at most {size} characters: with an overlap {seen}, without {without}, semantic-text-splitter {witness}")
    assert without <= size and witness <= size, "the witness is too long, too"
    assert seen == expected > size, f"changed: up to {seen} instead of {expected}"
by_words = max(map(words, with_semchunk(COLUMNS, 20, 0.1, words)))
print(f"at most 20 words: with overlap=0.1 up to {by_words}")
assert by_words <= 20, "counted in words, the chunks are too long, too"
print("As described: with an overlap, chunks are longer than the given size.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
