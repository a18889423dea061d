"""A sentence-transformers model as one ONNX graph: word piece ids in, unit vectors out.

The graph takes `input_ids` of shape (batch, length), without padding and so without an attention mask, and gives
`embedding` of shape (batch, dimensions): the transformer, mean pooling and normalisation.
"""

from __future__ import annotations

import contextlib
import copy
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portfolio_rag.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

OPSET = 17
EXAMPLE = [[101, 7592, 2088, 102], [101, 2088, 7592, 102]]


def load_reference(path: Path) -> SentenceTransformer:
    """The model under sentence-transformers, on the CPU, as exporting and comparing need it.

    Raises ConfigurationError when the recipe does not fit it: another pooling, or a tokenizer that is not BERT's.
    """
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    # Eager attention: the fused one does not export.
    reference = SentenceTransformer(str(path), device="cpu", model_kwargs={"attn_implementation": "eager"})
    reference.eval()
    pooling = [module for module in reference if type(module).__name__ == "Pooling"]
    others = {type(module).__name__ for module in reference} - {"Transformer", "Pooling", "Normalize"}
    if len(pooling) != 1 or pooling[0].pooling_mode not in ("mean", ("mean",), ["mean"]) or others:
        raise ConfigurationError(f"{path} is not a model with mean pooling alone; this recipe cannot bake it.")
    if reference[0].auto_model.config.model_type != "bert":
        raise ConfigurationError(
            f"{path} is a {reference[0].auto_model.config.model_type} model; this recipe bakes BERT."
        )
    return reference


def export(reference: SentenceTransformer, target: Path, *, quantise_embeddings: bool) -> None:
    """Write the fp32 graph; with `quantise_embeddings` the word embeddings in it are int8 with one scale a row.

    They are more than half of the weights. With one scale a row, and nothing else quantised, the cosine to the
    original stays at 0.99998 or more.
    """
    import torch

    class SentenceEncoder(torch.nn.Module):  # type: ignore[misc]
        def __init__(self, transformer: Any) -> None:
            super().__init__()
            self.transformer = transformer

        def forward(self, input_ids: Any) -> Any:
            tokens = self.transformer(input_ids=input_ids).last_hidden_state
            return torch.nn.functional.normalize(tokens.mean(dim=1), p=2, dim=1)

    transformer = reference[0].auto_model
    if quantise_embeddings:
        transformer = with_quantised_embeddings(transformer)
    write_graph(SentenceEncoder(transformer), {"input_ids": EXAMPLE}, "embedding", {0: "batch"}, target)


def with_quantised_embeddings(transformer: Any) -> Any:
    """A copy whose word embeddings are int8, with one scale a row."""
    import torch

    class RowQuantisedEmbedding(torch.nn.Module):  # type: ignore[misc]
        def __init__(self, weight: Any) -> None:
            super().__init__()
            scale = weight.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / 127
            self.register_buffer("table", torch.round(weight / scale).to(torch.int8))
            self.register_buffer("scale", scale)

        def forward(self, ids: Any) -> Any:
            return self.table[ids].to(torch.float32) * self.scale[ids]

    copied = copy.deepcopy(transformer)
    copied.set_input_embeddings(RowQuantisedEmbedding(copied.get_input_embeddings().weight.detach()))
    return copied


def write_graph(
    module: Any, inputs: Mapping[str, Sequence[Sequence[int]]], output: str, axes: Mapping[int, str], target: Path
) -> None:
    """Trace `module` with example inputs of shape (batch, length) each; `axes` are those of its output that vary."""
    import torch

    with _exporter_warnings_ignored(), torch.inference_mode():
        # dynamo=False, the exporter that traces: its graph is the one that was measured.
        torch.onnx.export(
            module.eval(),
            tuple(torch.tensor(example) for example in inputs.values()),
            str(target),
            dynamo=False,
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=[output],
            dynamic_axes={**{name: {0: "batch", 1: "length"} for name in inputs}, output: dict(axes)},
        )


def quantise(source: Path, target: Path, *, reduce_range: bool = True) -> None:
    """Weights of matrix products to int8, one scale per output channel; activations are quantised as they come.

    Seven bits of the eight (`reduce_range`): CPUs without VNNI add products in 16 bits, where eight would overflow
    without a word, and one index may be written and read on different CPUs. SciFact's nDCG@10 is 0.712 with
    seven bits, 0.711 with eight and 0.709 in fp32: no loss beyond noise; SQuAD 2 loses a little (docs/performance.md).
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    prepared = target.with_suffix(".prepared.onnx")
    quant_pre_process(str(source), str(prepared), skip_optimization=True, skip_symbolic_shape=True)
    quantize_dynamic(
        str(prepared),
        str(target),
        op_types_to_quantize=["MatMul", "Gemm"],
        weight_type=QuantType.QInt8,
        per_channel=True,
        reduce_range=reduce_range,
    )
    prepared.unlink()


def optimise(source: Path, target: Path) -> None:
    """Fuse and fold once, here, instead of at every start."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Not ORT_ENABLE_ALL: its last step fits the graph to this machine's CPU, and others will load it.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(target)
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])


def finish(exported: Path, target: Path, *, int8: bool) -> None:
    """From the exported graph, which is removed, the one that is used."""
    quantised = target.with_suffix(".quantised.onnx")
    if int8:
        quantise(exported, quantised)
    optimise(quantised if int8 else exported, target)
    exported.unlink()
    quantised.unlink(missing_ok=True)


@contextlib.contextmanager
def _exporter_warnings_ignored() -> Iterator[None]:
    """What the tracing exporter says of itself; whether the graph is right, parity shows."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="You are using the legacy TorchScript", category=DeprecationWarning)
        warnings.filterwarnings("ignore", message="The feature will be removed", category=DeprecationWarning)
        warnings.filterwarnings("ignore", message="Exporting aten::index operator", category=UserWarning)
        warnings.filterwarnings("ignore", message="Converting a tensor to a Python", category=Warning)
        yield
