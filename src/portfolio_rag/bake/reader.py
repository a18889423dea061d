"""The reader: the embedding model once more, with a low-rank adapter that taught it to read a question with a text.

`reader.safetensors` holds what `evaluation/reader_training/` learnt: for each matrix two thin ones whose product is
added to it, the layers' norms, the token types, and a head that gives each word piece a logit. It fits the weights
that it was trained on, and no others. `reader.NOTICE.md` beside it names the questions that it was trained with.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from portfolio_rag.adapters.models.onnx_reader import log_odds, pair
from portfolio_rag.adapters.models.weights import Source
from portfolio_rag.bake import export
from portfolio_rag.bake.parity import ParityError
from portfolio_rag.domain.errors import ConfigurationError
from portfolio_rag.ports.reader import Excerpt, Reader

ADAPTER = Path(__file__).with_name("reader.safetensors")

BASE_KEY, SCALE_KEY = "weights_sha256", "scale"
"""In the adapter's metadata: the SHA-256 of the weights that it fits, and the factor of its products."""

DOWN, UP = ".lora_down", ".lora_up"

QUESTION = "How long may a message stay invisible?"
EXCERPTS = (
    Excerpt(
        "Amazon SQS > Queues",
        "A queue keeps a message for four days unless it is told otherwise. "
        "A message that was received stays invisible for at most 12 hours. "
        "What cannot be handled goes to the dead-letter queue.",
        ((0, 67), (68, 134), (135, 188)),
    ),
    Excerpt("Opening hours", "The museum opens at nine. On Mondays it is closed.", ((0, 25), (26, 50))),
)


def fits(source: Source) -> bool:
    """Whether the adapter was trained on the weights of this source."""
    from safetensors import safe_open

    with safe_open(str(ADAPTER), framework="pt") as file:
        return bool((file.metadata() or {}).get(BASE_KEY) == source.weights_sha256)


def load(source: Source) -> Any:
    """The reader as a torch module: `input_ids` and `token_type_ids` of shape (batch, length) in, logits out.

    Raises ConfigurationError when the adapter does not fit the model.
    """
    import torch
    from safetensors import safe_open
    from transformers import BertModel
    from transformers.utils import logging as transformers_logging

    # Else it reports the pooler, which nothing here uses.
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]

    class TokenScorer(torch.nn.Module):  # type: ignore[misc]
        def __init__(self, transformer: Any, weight: Any, bias: Any) -> None:
            super().__init__()
            self.transformer = transformer
            self.head = torch.nn.Linear(weight.shape[1], 1)
            self.head.load_state_dict({"weight": weight, "bias": bias})

        def forward(self, input_ids: Any, token_type_ids: Any) -> Any:
            tokens = self.transformer(input_ids=input_ids, token_type_ids=token_type_ids).last_hidden_state
            return self.head(tokens).squeeze(-1)

    with safe_open(str(ADAPTER), framework="pt") as file:
        scale = float(file.metadata()[SCALE_KEY])
        tensors = {name: file.get_tensor(name).to(torch.float32) for name in file.keys()}  # noqa: SIM118 - no mapping
    # Eager attention: the fused one does not export. A folder of this machine, whose weights `locate` has compared.
    folder = str(source.path)
    transformer = BertModel.from_pretrained(folder, add_pooling_layer=False, attn_implementation="eager")  # nosec B615
    state = transformer.state_dict()
    for name, tensor in tensors.items():
        if name.startswith("head.") or name.endswith(UP):
            continue
        target = name.removesuffix(DOWN) + ".weight" if name.endswith(DOWN) else name
        if target not in state:
            raise ConfigurationError(f"{ADAPTER.name} changes {target}, which {source.name} does not have.")
        if name.endswith(DOWN):
            state[target] += scale * tensors[name.removesuffix(DOWN) + UP] @ tensor
        else:
            state[target] = tensor
    transformer.load_state_dict(state)
    return TokenScorer(transformer, tensors["head.weight"], tensors["head.bias"]).eval()


def write(reader: Any, target: Path, *, int8: bool) -> None:
    """The reader's graph, quantised as the embedder's is."""
    exported = target.with_suffix(".exported.onnx")
    whole = reader.transformer
    if int8:
        reader.transformer = export.with_quantised_embeddings(whole)
    types = [[0, 0, 1, 1], [0, 1, 1, 1]]
    inputs = {"input_ids": export.EXAMPLE, "token_type_ids": types}
    export.write_graph(reader, inputs, "logits", {0: "batch", 1: "length"}, exported)
    reader.transformer = whole
    export.finish(exported, target, int8=int8)


def check(reference: Any, tokenizer: Any, baked: Reader, *, bound: float) -> None:
    """Raise ParityError when a log-odds of the baked reader is farther than `bound` from the original's."""
    expected = _read(reference, tokenizer, QUESTION, EXCERPTS)
    farthest = max(
        abs(one - other)
        for ones, others in zip(expected, baked.read(QUESTION, EXCERPTS), strict=True)
        for one, other in zip(ones, others, strict=True)
    )
    if not farthest <= bound:  # so that "not a number" fails too
        raise ParityError(f"The reader's log-odds differ by {farthest:.2f} from the original's: {bound} is allowed.")


def _read(reference: Any, tokenizer: Any, question: str, excerpts: Sequence[Excerpt]) -> list[tuple[float, ...]]:
    import torch

    read = []
    for excerpt in excerpts:
        ids, types, first, offsets = pair(tokenizer, question, excerpt.heading, excerpt.text)
        with torch.inference_mode():
            logits = reference(torch.tensor([ids]), torch.tensor([types]))[0, first : first + len(offsets)]
        read.append(tuple(log_odds(logits.numpy(), offsets, span) for span in excerpt.spans))
    return read
