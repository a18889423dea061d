"""A bake is refused when its source or its result is wrong, and leaves what was there."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from portfolio_rag.adapters.models.factory import make_reader
from portfolio_rag.adapters.models.manifest import Manifest
from portfolio_rag.adapters.models.onnx_embedder import OnnxEmbedder
from portfolio_rag.adapters.models.onnx_reader import OnnxReader
from portfolio_rag.adapters.models.weights import DEFAULT_SOURCE, PINS, locate
from portfolio_rag.bake import baking
from portfolio_rag.bake.__main__ import main
from portfolio_rag.bake.baking import RECIPES, bake
from portfolio_rag.bake.parity import EDGE_TEXTS, TEXTS, ParityError, check
from portfolio_rag.bake.reader import ADAPTER
from portfolio_rag.domain.errors import ConfigurationError
from portfolio_rag.settings.environment import Settings


def test_manifest_of_the_bake(model_dir: Path) -> None:
    manifest = Manifest.load(model_dir)
    assert manifest.model == DEFAULT_SOURCE
    assert manifest.weights_sha256 == PINS[DEFAULT_SOURCE].weights_sha256
    assert (manifest.dimensions, manifest.max_tokens) == (384, 256)
    assert manifest.recipe["precision"] == "int8"
    assert manifest.parity is not None
    assert manifest.parity.texts == len(TEXTS) + len(EDGE_TEXTS)
    assert manifest.parity.minimum >= manifest.parity.bound == 0.985
    files = {"model.onnx", "reader.onnx", "tokenizer.json"}
    assert set(manifest.sha256) == files
    assert {file.name for file in model_dir.iterdir()} == files | {"manifest.json"}


def test_a_real_bake_in_fp32_agrees_closely(
    tmp_path: Path, embedder: OnnxEmbedder, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "new" / "model"
    assert main(["--output", str(output), "--precision", "fp32"]) == 0
    lines = capsys.readouterr().out
    assert "1/4 Loading" in lines
    assert "cosine to the original" in lines
    manifest = Manifest.load(output)
    assert manifest.parity is not None
    assert min(manifest.parity.minimum, manifest.parity.edge_minimum) >= 0.9999
    assert manifest.fingerprint != embedder.fingerprint
    assert np.sum(OnnxEmbedder(output).embed(TEXTS[:3]) * embedder.embed(TEXTS[:3]), axis=1).min() > 0.98
    assert [file.name for file in output.parent.iterdir()] == ["model"]

    # The second run finds it done; another process sees it without loading torch.
    assert main(["--output", str(output), "--precision", "fp32"]) == 0
    assert "up to date" in capsys.readouterr().out
    program = (
        "import sys\nfrom portfolio_rag.bake.__main__ import main\n"
        f"assert main(['--output', {str(output)!r}, '--precision', 'fp32']) == 0\nassert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_up_to_date_only_when_whole_and_of_the_same_inputs(model_dir: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(model_dir, tmp_path / "model"))
    assert baking.up_to_date(copy, source=DEFAULT_SOURCE)
    assert not baking.up_to_date(copy, source=DEFAULT_SOURCE, precision="fp32")
    assert not baking.up_to_date(tmp_path, source=DEFAULT_SOURCE)
    for name in ("model.onnx", "reader.onnx"):
        whole = (copy / name).read_bytes()
        (copy / name).write_bytes(b"half of it")
        assert not baking.up_to_date(copy, source=DEFAULT_SOURCE)
        (copy / name).write_bytes(whole)
    assert baking.up_to_date(copy, source=DEFAULT_SOURCE)


def test_the_reader_is_there_to_be_used(model_dir: Path, tmp_path: Path) -> None:
    assert isinstance(make_reader(Settings(model_dir=str(model_dir))), OnnxReader)
    assert make_reader(Settings(model_dir=str(tmp_path))) is None, "sentence-transformers itself needs no baked model"


def test_another_adapter_makes_another_reader(model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = tmp_path / "adapter.safetensors"
    adapter.write_bytes(ADAPTER.read_bytes())
    monkeypatch.setattr(baking, "ADAPTER", adapter)
    assert baking.up_to_date(model_dir, source=DEFAULT_SOURCE)
    adapter.write_bytes(b"another")
    assert not baking.up_to_date(model_dir, source=DEFAULT_SOURCE)


def test_a_model_that_the_adapter_does_not_fit_is_baked_without_a_reader(tmp_path: Path) -> None:
    source = Path(shutil.copytree(locate(DEFAULT_SOURCE).path, tmp_path / "source"))
    weights = load_file(source / "model.safetensors")
    weights["embeddings.word_embeddings.weight"][100] += 0.001
    save_file(weights, source / "model.safetensors", {"format": "pt"})
    baked = bake(tmp_path / "model", source=str(source), report=print)
    assert set(baked.sha256) == {"model.onnx", "tokenizer.json"}
    assert make_reader(Settings(model_dir=str(tmp_path / "model"))) is None
    assert baking.up_to_date(tmp_path / "model", source=str(source))


def test_result_that_is_off_is_refused_and_the_old_model_stays(
    model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    output = Path(shutil.copytree(model_dir, tmp_path / "model"))
    before = (output / "manifest.json").read_bytes()
    monkeypatch.setitem(baking.RECIPES, "int8", replace(RECIPES["int8"], bound=0.99999))
    assert main(["--output", str(output), "--force"]) == 1
    assert "0.99999 is demanded" in capsys.readouterr().err
    assert (output / "manifest.json").read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["model"]


class Reference:
    def encode(self, texts: list[str], **options: object) -> np.ndarray:
        return np.tile(np.array([1.0, 0.0], dtype=np.float32), (len(texts), 1))


class Baked:
    fingerprint = "baked"
    dimensions = 2

    def __init__(self, wrong: int, vector: list[float]) -> None:
        self.wrong, self.vector = wrong, vector

    def embed(self, texts: list[str]) -> np.ndarray:
        vectors = Reference().encode(texts)
        vectors[self.wrong] = self.vector
        return vectors


@pytest.mark.parametrize("vector", [[0.9, 0.436], [-1.0, 0.0], [float("nan"), 0.0]])
@pytest.mark.parametrize("wrong", [0, len(TEXTS) - 1, -1])
def test_one_wrong_vector_is_enough(wrong: int, vector: list[float]) -> None:
    with pytest.raises(ParityError):
        check(Reference(), Baked(wrong, vector), bound=0.985, edge_bound=0.97)  # type: ignore[arg-type]


def test_wrong_weights_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A directory that bears the pinned model's name, with weights that are not its own."""
    place = tmp_path / DEFAULT_SOURCE
    shutil.copytree(locate(DEFAULT_SOURCE).path, place)
    with (place / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"!")
    monkeypatch.chdir(tmp_path)
    assert main(["--output", str(tmp_path / "model")]) == 1
    assert "not the pinned ones" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()


def test_source_that_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"holds no model\.safetensors"):
        locate(str(tmp_path))


def test_source_whose_architecture_the_recipe_does_not_fit(tmp_path: Path) -> None:
    source = Path(shutil.copytree(locate(DEFAULT_SOURCE).path, tmp_path / "source"))
    (source / "1_Pooling" / "config.json").write_text(
        json.dumps({"word_embedding_dimension": 384, "pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False})
    )
    with pytest.raises(ConfigurationError, match="mean pooling"):
        bake(tmp_path / "model", source=str(source), report=print)


def test_directory_that_holds_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.md").write_text("years of work")
    with pytest.raises(ConfigurationError, match="choose another directory"):
        bake(tmp_path / "precious", source=DEFAULT_SOURCE, report=print)
    assert (tmp_path / "precious" / "thesis.md").read_text() == "years of work"
