#!/usr/bin/env bash
# chonkie 1.7.0 (PyPI, CPython 3.11): with a tokenizer that truncates, the chunks end where it does, and the rest of the
# document is in none of them.
#
# Behaviour: a tokenizer.json may hold a truncation for the model behind it; that of all-MiniLM-L6-v2, as published, cuts at
# 128 tokens. With such a tokenizer a document of 120 sentences comes as the chunks of its first ones from TokenChunker and
# RecursiveChunker, without an error or a warning. A RAG index then knows the beginning of each document.
# Beside it: semantic-text-splitter 0.33.1, with the same tokenizer and a capacity above its truncation, makes one chunk of
# the whole text, since none ever counts more. Nothing is lost there until the model truncates it.
# Reason: the text is encoded as a whole, with the tokenizer's own truncation, and the chunks are made of the ids.
# Expected: all of the text, as with tokenizer.no_truncation(), and as SentenceChunker of the same package gives it.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet chonkie==1.7.0 tokenizers==0.23.3 semantic-text-splitter==0.33.1

cat > "$folder/check.py" <<'PYTHON'
from importlib.metadata import version

from chonkie import RecursiveChunker, SentenceChunker, TokenChunker
from semantic_text_splitter import TextSplitter
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

SENTENCES = [f"Rule {number} holds." for number in range(1, 121)]
TEXT = " ".join(SENTENCES)
TRUNCATION = 128
TOO_LARGE = 200

tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
tokenizer.train_from_iterator([TEXT], trainers.WordLevelTrainer(special_tokens=["[UNK]"], show_progress=False))


def chunks_of(truncation: int | None) -> dict[str, list[str]]:
    tokenizer.no_truncation() if truncation is None else tokenizer.enable_truncation(truncation)
    chunkers = (TokenChunker, RecursiveChunker, SentenceChunker)
    chunks = {chunker.__name__: chunker(tokenizer, chunk_size=64).chunk(TEXT) for chunker in chunkers}
    splitter = TextSplitter.from_huggingface_tokenizer_str(tokenizer.to_str(), TOO_LARGE)
    texts = {name: [chunk.text for chunk in found] for name, found in chunks.items()}
    return {**texts, "semantic-text-splitter": splitter.chunks(TEXT)}


packages = ("chonkie", "tokenizers", "semantic-text-splitter")
print(", ".join(f"{name} {version(name)}" for name in packages))
seen, held = {}, {}
for truncation in (None, TRUNCATION):
    seen[truncation] = chunks_of(truncation)
    for name, chunks in seen[truncation].items():
        held[truncation, name] = sum(any(f" {word} " in f" {chunk} " for chunk in chunks) for word in map(str, range(1, 121)))
        print(f"truncation {truncation}, {name}: {len(chunks)} chunks, {held[truncation, name]} of 120 rules are in them")

tokenizer.no_truncation()
assert len(tokenizer.encode(TEXT).ids) == 360 > TRUNCATION, "the input is not sound"
assert all(held[None, name] == 120 for name in seen[None]), "text is lost without truncation, too"
assert held[TRUNCATION, "SentenceChunker"] == 120, "the witness loses text, too"
for name in ("TokenChunker", "RecursiveChunker"):
    assert held[TRUNCATION, name] == 43, f"changed: {name} holds {held[TRUNCATION, name]} rules"
assert len(seen[None]["semantic-text-splitter"]) == 2, "the input is not sound: it is no text of two chunks"
assert seen[TRUNCATION]["semantic-text-splitter"] == [TEXT], "changed: the text is split"
print("As described: what lies behind the tokenizer's truncation is in no chunk.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
