"""The reader that `portfolio_rag.bake` made: a question and a text go through the model together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from portfolio_rag.adapters.models.manifest import READER_FILE
from portfolio_rag.adapters.models.onnx_model import OnnxModel
from portfolio_rag.adapters.models.tokenizer import encodable
from portfolio_rag.ports.reader import Excerpt

if TYPE_CHECKING:
    from tokenizers import Tokenizer as BackendTokenizer

MAX_PIECES = 256
MAX_QUESTION_PIECES = 48
MAX_HEADING_PIECES = 24
"""As the reader was trained (`evaluation/reader_training/`)."""

CLS, SEP = 101, 102
UNSEEN = -20.0


class OnnxReader:
    """`ports.Reader` on the baked reader in `model_dir`. Safe for use from several threads.

    `threads` excerpts are read at a time; 0: as many as `available_cpus()` says. The model is read at the first call.
    Raises ConfigurationError when there is no baked model, or it is damaged or of another version.
    """

    def __init__(self, model_dir: str | Path, *, threads: int = 0) -> None:
        self._model = OnnxModel(model_dir, READER_FILE, threads=threads)

    def read(self, question: str, excerpts: Sequence[Excerpt]) -> list[tuple[float, ...]]:
        session, tokenizer = self._model.load()

        def read_one(excerpt: Excerpt) -> tuple[float, ...]:
            ids, types, start, offsets = pair(tokenizer, question, excerpt.heading, excerpt.text)
            inputs = {"input_ids": np.array([ids]), "token_type_ids": np.array([types])}
            logits = session.run(None, inputs)[0][0][start : start + len(offsets)]
            return tuple(log_odds(logits, offsets, span) for span in excerpt.spans)

        return self._model.map(read_one, excerpts)


def pair(
    tokenizer: BackendTokenizer, question: str, heading: str, text: str
) -> tuple[list[int], list[int], int, list[tuple[int, int]]]:
    """Ids and token types of question, heading and text as the reader was trained on them.

    With the place of the text's first word piece, and [start, end) in the text of those that have room.
    """

    def ids_of(part: str) -> list[int]:
        return list(tokenizer.encode(encodable(part), add_special_tokens=False).ids)

    asked = ids_of(question)[:MAX_QUESTION_PIECES]
    above = ids_of(heading)[:MAX_HEADING_PIECES]
    encoded = tokenizer.encode(encodable(text), add_special_tokens=False)
    room = MAX_PIECES - 3 - len(asked) - len(above)
    ids = [CLS, *asked, SEP, *above, *encoded.ids[:room], SEP]
    first = len(asked) + 2
    return ids, [0] * first + [1] * (len(ids) - first), first + len(above), encoded.offsets[:room]


def log_odds(logits: Any, offsets: Sequence[tuple[int, int]], span: tuple[int, int]) -> float:
    """Of a span: the sum of the odds of its word pieces."""
    inside = [logit for logit, (start, end) in zip(logits, offsets, strict=True) if start >= span[0] and end <= span[1]]
    return float(np.logaddexp.reduce(inside)) if inside else UNSEEN
