"""What is trained is what is baked, and training teaches something."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluation.reader_training import squad, training
from evaluation.reader_training.__main__ import DOCUMENTS_PASSES, mix
from evaluation.reader_training.examples import Example, Text
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
    examples = squad.build_examples(articles(), embedder, 5)
    assert len(examples) == 5
    assert examples == squad.build_examples(articles(), embedder, 5)
    assert len(squad.build_examples(articles(), embedder, 2)) == 2
    for example in examples:
        ((paragraph, answer),) = [
            (text, answer)
            for rows in PARAGRAPHS.values()
            for text, question, answer in rows
            if question == example.question
        ]
        assert example.right.text == paragraph
        assert paragraph[slice(*example.answer)] == answer
        sentence = paragraph[slice(*example.sentence)]
        assert answer in sentence
        assert sentence.endswith(".")
        assert sentence.count(".") == 1
        of_its_article = {text for text, _, _ in PARAGRAPHS[example.right.heading.replace(" ", "_")]}
        assert {other.text for other in example.others} == of_its_article - {paragraph}


def test_the_answer_and_its_sentence_in_word_pieces(tokenizer: Any) -> None:
    text = "It is painted white. The tower was built by Anna Berg. It stands."
    start, end = text.index("The"), text.index(" It stands")
    answer = text.index("Anna")
    read = training.read_pair(tokenizer, "Who built it?", Text("Norrvik", text), (start, end), (answer, answer + 9))
    assert read.types == sorted(read.types)
    pieces = [tokenizer.id_to_token(read.ids[read.first + place]) for place in range(read.count)]
    assert [pieces[place] for place in read.answer] == ["anna", "berg"]
    assert [pieces[place] for place in read.sentence] == ["the", "tower", "was", "built", "by", "anna", "berg", "."]
    other = training.read_pair(tokenizer, "Who built it?", Text("Bread", "Bread rises."))
    assert (other.sentence, other.answer) == ([], [])


def test_a_group_is_the_right_text_and_some_others(tokenizer: Any) -> None:
    others = tuple(Text("", f"Bread rises {times} times.") for times in ("two", "three", "four"))
    example = Example("Who built it?", Text("Norrvik", "Anna built it."), (0, 14), (0, 4), others)
    group = training.read_group(tokenizer, example, 2, random.Random(1))
    assert [bool(read.answer) for read in group] == [True, False, False]
    assert len({tuple(read.ids) for read in group}) == 3
    assert len(training.read_group(tokenizer, replace(example, others=()), 2, random.Random(1))) == 1


def test_an_answer_beyond_what_the_model_sees_is_no_example(tokenizer: Any) -> None:
    text = "The sea was calm that day. " * 60 + "It was built by Anna."
    span = (len(text) - 21, len(text))
    example = Example("Who built it?", Text("Norrvik", text), span, (len(text) - 5, len(text) - 1), ())
    assert training.read_group(tokenizer, example, 1, random.Random(1)) == []


def test_what_is_learnt_is_kept_and_baked(
    embedder: OnnxEmbedder, source: Source, tokenizer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    torch.manual_seed(0)
    model = training.build_model(source)
    losses = list(training.train(model, tokenizer, squad.build_examples(articles(), embedder, 5) * 40, peak_rate=1e-3))
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


def test_a_mean_of_two_runs_is_trained_further(source: Source) -> None:
    import torch

    model = training.build_model(source)
    first = training.trained_parameters(model)
    with torch.no_grad():
        model.head.bias += 2.0
    second = training.trained_parameters(model)
    mean = training.mean_of([(first, 1.0), (second, 3.0)])
    assert mean.keys() == first.keys()
    assert torch.allclose(mean["head.bias"], first["head.bias"] + 1.5)
    assert torch.allclose(mean["head.weight"], first["head.weight"])
    training.set_trained(model, mean)
    assert torch.equal(model.head.bias, mean["head.bias"])


def test_an_adapter_of_other_weights_does_not_fit(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_our_questions_are_mixed_with_different_ones_of_squad() -> None:
    own = [Example(f"own {number}", Text("", ""), (0, 0), (0, 0), ()) for number in range(8)]
    other = [replace(own[0], question=f"squad {number}") for number in range(20)]
    mixed = [example.question for example in mix(own, other)]
    assert sorted(mixed) == sorted([f"own {n}" for n in range(8)] * DOCUMENTS_PASSES + [f"squad {n}" for n in range(4)])
    assert mixed == [example.question for example in mix(own, other)]
