#!/usr/bin/env bash
# langchain-text-splitters 1.1.3 (PyPI, CPython 3.11): with sizes in tokens and an overlap, start_index is -1 or the place
# of a repetition.
#
# Behaviour: a splitter that counts tokens (from_huggingface_tokenizer, from_tiktoken_encoder, or a length_function of
# one's own), with chunk_overlap and add_start_index, gives -1 for chunks that are in the text word by word. Where a
# passage is repeated, it gives the repetition's place instead. text[-1:] is no error in Python, and a citation by it shows
# the last character, or another clause.
# Reason: the chunk is searched for from the end of the one before it, less the overlap. That end counts characters, and the
# overlap counts tokens, so that the search begins behind the chunk's start.
# Expected: the chunk's place, as with sizes in characters. Known upstream: issue 29884 (2025, of TokenTextSplitter's -1),
# open when this was written.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet langchain-text-splitters==1.1.3

cat > "$folder/check.py" <<'PYTHON'
from importlib.metadata import version

from langchain_text_splitters import RecursiveCharacterTextSplitter

PLAIN = " ".join(f"provision{number}" for number in range(24))
TWICE = f"{PLAIN} {PLAIN}"


def words(text: str) -> int:
    """Words stand for tokens: what matters is that they are not characters."""
    return len(text.split())


def starts(text: str, size: int, overlap: int, count) -> list[tuple[int, str]]:
    splitter = RecursiveCharacterTextSplitter(
        chunk_size=size, chunk_overlap=overlap, length_function=count, add_start_index=True
    )
    return [(chunk.metadata["start_index"], chunk.page_content) for chunk in splitter.create_documents([text])]


print(f"langchain-text-splitters {version('langchain-text-splitters')}")
by_characters = starts(PLAIN, 120, 40, len)
assert all(PLAIN[start:].startswith(chunk) for start, chunk in by_characters), "wrong with sizes in characters, too"

by_tokens = starts(PLAIN, 10, 4, words)
print(*(f"{start:4} {chunk}" for start, chunk in by_tokens), sep="\n")
assert all(chunk in PLAIN for _, chunk in by_tokens), "the input is not sound: a chunk is not in the text"
assert -1 in [start for start, _ in by_tokens], "changed: no chunk has the start -1"

(_, (start, chunk), *_) = starts(TWICE, 10, 4, words)
print(f"with the same text behind it, the second chunk, {chunk!r}, has the start {start}, and begins at {TWICE.index(chunk)}")
assert TWICE.count(chunk) == 2, "the input is not sound: the second chunk is not repeated"
assert start == TWICE.rindex(chunk) > TWICE.index(chunk), f"changed: the second chunk has the start {start}"
print("As described: chunks of the text have the start -1, and the place of a repetition.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
