"""The baked model gives the vectors of sentence-transformers, whatever company a text is in."""

from __future__ import annotations

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from portfolio_rag.adapters.models.manifest import Manifest
from portfolio_rag.adapters.models.onnx_embedder import OnnxEmbedder
from portfolio_rag.adapters.models.torch_embedder import SentenceTransformersEmbedder
from portfolio_rag.bake import parity
from portfolio_rag.domain.errors import ConfigurationError

# None of them is among the texts of the bake.
TEXTS = [
    "Where are the logs of a function kept, and for how long?",
    "lifecycle rule",
    "Glacier Deep Archive\nRetrieval takes up to twelve hours; the bulk tier up to forty-eight.",
    "The mitochondrion is the organelle in which most of the cell's adenosine triphosphate is made.",
    "In 1969 two people walked on the Moon while a third circled above them.",
    "for item in queue:\n    process(item)\n    queue.delete(item)",
    "Der Fluss trat im Frühjahr über die Ufer, und die Brücke wurde gesperrt.",
    "La bibliothèque est ouverte du mardi au samedi, sauf les jours fériés.",
    "- one\n- two\n- three, with a longer explanation of why it comes last",
    "A table joins two others by their keys. " * 9,
    "Rain fell all night, and in the morning the path had gone. " * 40,
]


def cosines(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.asarray(np.sum(left * right, axis=1))


def test_texts_are_not_those_of_the_bake() -> None:
    assert not set(TEXTS) & {*parity.TEXTS, *parity.EDGE_TEXTS}


def test_agrees_with_sentence_transformers(embedder: OnnxEmbedder, reference: SentenceTransformersEmbedder) -> None:
    assert cosines(embedder.embed(TEXTS), reference.embed(TEXTS)).min() >= 0.985


def test_ranks_as_sentence_transformers(embedder: OnnxEmbedder, reference: SentenceTransformersEmbedder) -> None:
    query = ["How long until archived data can be read?"]
    for model in (embedder, reference):
        scores = model.embed(TEXTS) @ model.embed(query)[0]
        assert TEXTS[int(np.argmax(scores))].startswith("Glacier")


def test_unit_vectors_in_single_precision(embedder: OnnxEmbedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimensions) == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_vector_depends_on_its_text_alone(embedder: OnnxEmbedder) -> None:
    together = embedder.embed(TEXTS)
    alone = np.concatenate([embedder.embed([text]) for text in TEXTS])
    backwards = embedder.embed(TEXTS[::-1])[::-1]
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(together, backwards)


@pytest.mark.parametrize("threads", [1, 3])
def test_the_number_of_threads_changes_no_vector(embedder: OnnxEmbedder, model_dir: Path, threads: int) -> None:
    other = OnnxEmbedder(model_dir, threads=threads)
    assert other.threads == threads
    np.testing.assert_array_equal(other.embed(TEXTS), embedder.embed(TEXTS))


def test_no_text_no_vector(embedder: OnnxEmbedder) -> None:
    assert embedder.embed([]).shape == (0, 384)


@pytest.mark.parametrize(
    "text", ["", "  \n", "\x00", "漢字かな交じり文", "👩‍👩‍👧", "e\u0301" * 50, "x" * 5000, "\ud800 lone"]
)
def test_odd_text_has_a_vector(embedder: OnnxEmbedder, text: str) -> None:
    assert np.linalg.norm(embedder.embed([text])[0]) == pytest.approx(1, abs=1e-5)


def test_text_beyond_the_limit_is_cut_as_the_reference_cuts_it(
    embedder: OnnxEmbedder, reference: SentenceTransformersEmbedder
) -> None:
    words = [f"word{number % 7} turns" for number in range(400)]
    long, longer = " ".join(words), " ".join(words * 20) + " and an end that nobody reads"
    vectors = embedder.embed([long, longer, "word0 turns"])
    np.testing.assert_array_equal(vectors[0], vectors[1])
    assert cosines(vectors[:2], reference.embed([long, longer])).min() >= 0.985


def test_concurrent_callers(embedder: OnnxEmbedder, model_dir: Path) -> None:
    """Several threads meet an embedder that has loaded nothing yet."""
    fresh = OnnxEmbedder(model_dir, threads=2)
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda shift: fresh.embed(TEXTS[shift:] + TEXTS[:shift]), range(6)))
    expected = embedder.embed(TEXTS)
    for shift, vectors in enumerate(results):
        np.testing.assert_array_equal(np.roll(vectors, shift, axis=0), expected)


def test_torch_backend_has_its_own_fingerprint(
    embedder: OnnxEmbedder, reference: SentenceTransformersEmbedder, model_dir: Path
) -> None:
    assert embedder.fingerprint == Manifest.load(model_dir).fingerprint
    assert embedder.fingerprint != reference.fingerprint
    assert embedder.dimensions == reference.dimensions


def test_torch_backend_is_sentence_transformers(reference: SentenceTransformersEmbedder) -> None:
    import torch
    from sentence_transformers import SentenceTransformer

    from portfolio_rag.adapters.models.weights import DEFAULT_SOURCE, locate

    plain = SentenceTransformer(str(locate(DEFAULT_SOURCE).path), device="cpu").encode(TEXTS, show_progress_bar=False)
    assert cosines(reference.embed(TEXTS), plain).min() >= 0.99999
    assert torch.get_num_threads() == reference.threads == 2
    assert reference.embed([]).shape == (0, 384)


def test_nothing_heavy_is_imported_before_the_first_text(model_dir: Path) -> None:
    program = (
        "import sys\n"
        "from portfolio_rag.adapters.models.factory import make_embedder, make_tokenizer\n"
        "from portfolio_rag.settings.environment import Settings\n"
        f"settings = Settings(model_dir={str(model_dir)!r})\n"
        "embedder = make_embedder(settings); make_tokenizer(settings); embedder.fingerprint\n"
        "assert not {'onnxruntime', 'tokenizers', 'torch'} & set(sys.modules)\n"
        "embedder.embed(['text'])\n"
        "assert 'torch' not in sys.modules and 'onnxruntime' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.fixture
def spoilable(model_dir: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(model_dir, tmp_path / "model"))


def test_missing_model(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="make bake"):
        OnnxEmbedder(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("manifest", "message"),
    [("{", "cannot be read"), ("[]", "format None"), ('{"format": 0}', "format 0"), ('{"format": 1}', "damaged")],
)
def test_manifest_that_is_not_ours(spoilable: Path, manifest: str, message: str) -> None:
    (spoilable / "manifest.json").write_text(manifest)
    with pytest.raises(ConfigurationError, match=message):
        OnnxEmbedder(spoilable)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_tampered_file(spoilable: Path, name: str) -> None:
    file = spoilable / name
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(ConfigurationError, match=f"{name} in .* is not the file that was baked"):
        OnnxEmbedder(spoilable).embed(["text"])


def test_lost_file(spoilable: Path) -> None:
    (spoilable / "model.onnx").unlink()
    with pytest.raises(ConfigurationError, match=r"lacks model\.onnx"):
        OnnxEmbedder(spoilable).embed(["text"])
