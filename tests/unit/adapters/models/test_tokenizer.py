"""Word by word gives what the whole text at once gives."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from portfolio_rag.adapters.models.tokenizer import HuggingFaceTokenizer, encodable
from portfolio_rag.domain.errors import ConfigurationError


@pytest.fixture(scope="session")
def tokenizer(model_dir: Path) -> HuggingFaceTokenizer:
    return HuggingFaceTokenizer(model_dir)


@pytest.fixture(scope="session")
def whole(model_dir: Path) -> Tokenizer:
    return Tokenizer.from_file(str(model_dir / "tokenizer.json"))


def test_offsets_of_word_pieces(tokenizer: HuggingFaceTokenizer) -> None:
    text = "Embeddings: naïve, isn't it?"
    pieces = [text[start:end] for start, end in tokenizer.offsets(text)]
    assert pieces == ["Em", "bed", "ding", "s", ":", "naïve", ",", "isn", "'", "t", "it", "?"]


def test_no_special_tokens_nothing_truncated_nothing_padded(tokenizer: HuggingFaceTokenizer, whole: Tokenizer) -> None:
    assert tokenizer.offsets("") == []
    assert tokenizer.offsets(" \n\t") == []
    assert len(tokenizer.offsets("word " * 3000)) == 3000
    assert (whole.truncation, whole.padding) == (None, None)


def test_unbroken_run_is_one_piece(tokenizer: HuggingFaceTokenizer) -> None:
    assert tokenizer.offsets("a " + "x" * 5000) == [(0, 1), (2, 5002)]


def test_lone_surrogates_keep_the_spans_right(tokenizer: HuggingFaceTokenizer) -> None:
    assert encodable("a\ud800b") == "a\ufffdb"
    assert tokenizer.offsets("left \ud800 right")[-1] == (7, 12)


TEXTS = st.text(
    alphabet=st.one_of(
        st.sampled_from("aAzZ09 .,-'\"()[]\n\t\r_#"),
        st.sampled_from("éÉßİıœﬁ\u0301\u0338\u200b\u200d\xa0\u3000\x00\x1c\x85漢字。،श्"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=60,
)


@given(text=TEXTS)
@example(text=".\u0301a")
@example(text="a=\u0338b")
@example(text="[CLS] and[SEP]so [UNK] [mask] [[MASK]]")
@example(text="Die Größe—naïve… “quoted” 漢字 ½")
def test_same_as_the_whole_text_at_once(tokenizer: HuggingFaceTokenizer, whole: Tokenizer, text: str) -> None:
    assert tokenizer.offsets(text) == whole.encode(text, add_special_tokens=False).offsets


def test_missing_model(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="make bake"):
        HuggingFaceTokenizer(tmp_path)
