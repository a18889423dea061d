"""What is trained is what is baked, and training teaches something."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluation import reader_training as training
from portfolio_rag.adapters.models.onnx_embedder import OnnxEmbedder
from portfolio_rag.adapters.models.tokenizer import load_backend
from portfolio_rag.adapters.models.weights import DEFAULT_SOURCE, Source, locate
from portfolio_rag.bake import reader as baked
from portfolio_rag.domain.errors import ConfigurationError

PARAGRAPHS = {
    "Lighthouse_of_Norrvik": (
        ("The tower was built by Anna Berg. It is painted white.", "Who built the tower?", "Anna Berg"),
        ("The lamp turns every nine seconds. It runs on oil.", "What does the lamp run on?", "oil"),
        ("Ships are warned by a horn in fog. The horn is loud.", "What warns ships in fog?", "a horn"),
    ),
    "Bread": (
        ("Rye bread keeps for a week. Wheat bread does not.", "How long does rye bread keep?", "a week"),
        ("Dough rests in a bowl. It rises twice.", "How often does dough rise?", "twice"),
    ),
}


def articles() -> list[dict[str, Any]]:
    return [
        {
            "title": title,
            "paragraphs": [
                {
                    "context": text,
                    "qas": [{"question": question, "answers": [{"text": answer, "answer_start": text.index(answer)}]}],
                }
                for text, question, answer in paragraphs
            ],
        }
        for title, paragraphs in PARAGRAPHS.items()
    ]


@pytest.fixture(scope="module")
def source() -> Source:
    return locate(DEFAULT_SOURCE)


@pytest.fixture(scope="module")
def tokenizer(source: Source) -> Any:
    return load_backend(source.path / "tokenizer.json")


def test_a_question_comes_with_other_paragraphs_of_its_article(embedder: OnnxEmbedder) -> None:
    examples = training.build_examples(articles(), embedder, 5)
    assert len(examples) == 5
    assert examples == training.build_examples(articles(), embedder, 5)
    assert len(training.build_examples(articles(), embedder, 2)) == 2
    for example in examples:
        start, end = example.answer
        (answer,) = [
            answer for rows in PARAGRAPHS.values() for _, question, answer in rows if question == example.question
        ]
        assert example.paragraph[start:end] == answer
        of_its_article = {text for text, _, _ in PARAGRAPHS[example.title.replace(" ", "_")]}
        assert set(example.others) == of_its_article - {example.paragraph}


def test_the_answer_and_its_sentence_in_word_pieces(tokenizer: Any) -> None:
    text = "It is painted white. The tower was built by Anna Berg. It stands."
    start = text.index("Anna")
    example = training.Example("Norrvik", "Who built it?", text, (start, start + 9), ())
    read = training.read_pair(tokenizer, example, text, is_right=True)
    assert read is not None
    assert read.types == sorted(read.types)
    pieces = [tokenizer.id_to_token(read.ids[read.first + place]) for place in range(read.count)]
    assert [pieces[place] for place in read.answer] == ["anna", "berg"]
    assert [pieces[place] for place in read.sentence] == ["the", "tower", "was", "built", "by", "anna", "berg", "."]
    other = training.read_pair(tokenizer, example, "Bread rises.", is_right=False)
    assert other is not None
    assert (other.sentence, other.answer) == ([], [])


def test_an_answer_beyond_what_the_model_sees_is_no_example(tokenizer: Any) -> None:
    text = "The sea was calm that day. " * 60 + "It was built by Anna."
    example = training.Example("Norrvik", "Who built it?", text, (len(text) - 5, len(text) - 1), ())
    assert training.read_pair(tokenizer, example, text, is_right=True) is None


def test_what_is_learnt_is_kept_and_baked(
    embedder: OnnxEmbedder, source: Source, tokenizer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    torch.manual_seed(0)
    model = training.build_model(source)
    losses = list(training.train(model, tokenizer, training.build_examples(articles(), embedder, 5) * 40))
    assert len(losses) == 25
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])

    adapter = tmp_path / "adapter.safetensors"
    training.save(training.trained_parameters(model), source, adapter)
    monkeypatch.setattr(baked, "ADAPTER", adapter)
    assert baked.fits(source)
    ids, types = torch.tensor([[101, 2040, 102, 9954, 102]]), torch.tensor([[0, 0, 0, 1, 1]])
    with torch.inference_mode():
        expected = model(ids, types, torch.ones_like(ids))
        np.testing.assert_allclose(baked.load(source)(ids, types), expected, atol=0.05)


def test_kept_is_the_mean_of_two_runs(source: Source) -> None:
    import torch

    model = training.build_model(source)
    first = training.trained_parameters(model)
    with torch.no_grad():
        model.head.bias += 2.0
    second = training.trained_parameters(model)
    mean = training.mean_of([first, second])
    assert mean.keys() == first.keys()
    assert torch.allclose(mean["head.bias"], first["head.bias"] + 1.0)
    assert torch.equal(mean["head.weight"], first["head.weight"])


def test_an_adapter_of_other_weights_does_not_fit(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from safetensors.torch import save_file
    from torch import zeros

    assert baked.fits(source)
    assert not baked.fits(replace(source, weights_sha256="0" * 64))
    wrong = tmp_path / "wrong.safetensors"
    tensors = {
        "encoder.layer.99.output.dense.lora_down": zeros(1, 1),
        "encoder.layer.99.output.dense.lora_up": zeros(1, 1),
    }
    save_file(tensors, str(wrong), {baked.BASE_KEY: source.weights_sha256, baked.SCALE_KEY: "2.0"})
    monkeypatch.setattr(baked, "ADAPTER", wrong)
    with pytest.raises(ConfigurationError, match=r"encoder\.layer\.99"):
        baked.load(source)
