#!/usr/bin/env bash
# chonkie 1.7.0 (PyPI, CPython 3.11): the chunks of a TokenChunker are not the document's text if the tokenizer lowers case.
#
# Behaviour: with a tokenizer of the kind of BERT's "uncased", which most small embedding models come with, the chunk for
# "The ACME-X200 draws 1,250.5 kW" reads "the acme - x200 draws 1, 250. 5 kw". The letters' case, the accents and the
# spacing of names and numbers are gone from what is stored, cited and shown. Its start_index and end_index are counted in
# that text and so point elsewhere in the document.
# Reason: a chunk's text is what the tokenizer makes of the token ids again, and its normalizer is not reversible. The
# positions that `tokenizers` gives with each token are not used.
# Expected: text[start_index:end_index], as the documentation of its API has both as positions in the original text, and
# as SentenceChunker of the same package gives it with the same tokenizer.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet chonkie==1.7.0 tokenizers==0.23.3

cat > "$folder/check.py" <<'PYTHON'
from importlib.metadata import version

from chonkie import SentenceChunker, TokenChunker
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

TEXT = "The ACME-X200 draws 1,250.5 kW. Read Müller's note on naïve estimates."
CHANGED = ["the acme - x200 draws 1, 250. 5 kw.", "read muller ' s note on naive estimates."]

tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
tokenizer.decoder = decoders.WordPiece()
tokenizer.train_from_iterator(
    [TEXT] * 9, trainers.WordPieceTrainer(vocab_size=400, special_tokens=["[UNK]"], show_progress=False)
)
encoded = tokenizer.encode(TEXT)
print(f"chonkie {version('chonkie')}, tokenizers {version('tokenizers')}\ntext: {TEXT}")
assert "[UNK]" not in encoded.tokens, "the input is not sound: a word is not in the vocabulary"
assert "".join(TEXT[start:end] for start, end in encoded.offsets) == TEXT.replace(" ", ""), "the offsets are not sound"

size = encoded.char_to_token(TEXT.index("Read"))
seen = {}
for chunker in (TokenChunker(tokenizer, chunk_size=size), SentenceChunker(tokenizer, chunk_size=size)):
    chunks = seen[type(chunker).__name__] = chunker.chunk(TEXT)
    print(f"\n{type(chunker).__name__}, {size} tokens a chunk:")
    for chunk in chunks:
        print(f"  text: {chunk.text!r}\n  text[{chunk.start_index}:{chunk.end_index}]:"
              f" {TEXT[chunk.start_index : chunk.end_index]!r}")

for chunk in seen["SentenceChunker"]:
    assert TEXT[chunk.start_index : chunk.end_index] == chunk.text, "the witness changes the text too"
assert "".join(chunk.text for chunk in seen["SentenceChunker"]) == TEXT, "the witness loses text"
assert [chunk.text for chunk in seen["TokenChunker"]] == CHANGED, "changed: the text of the chunks"
for chunk in seen["TokenChunker"]:
    assert TEXT[chunk.start_index : chunk.end_index] != chunk.text, "changed: a chunk is a part of the text"
print("\nAs described: the TokenChunker's chunks are another text, and its positions do not fit the document.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py"
