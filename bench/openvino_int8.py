"""Quantise `plain.onnx` for OpenVINO as NNCF does by its documentation: python -m bench.openvino_int8 FOLDER.

Runs in the peers' environment. The calibration texts come on standard input, NUL between them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nncf
import numpy as np
import openvino
from tokenizers import Tokenizer


def main() -> None:
    folder = Path(sys.argv[1])
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    texts = sys.stdin.read().split("\0")
    data = nncf.Dataset(texts, lambda text: np.array([tokenizer.encode(text).ids], dtype=np.int64))
    graph = openvino.Core().read_model(folder / "plain.onnx")
    quantised = nncf.quantize(graph, data, model_type=nncf.ModelType.TRANSFORMER, subset_size=len(texts))
    openvino.save_model(quantised, folder / "int8.xml", compress_to_fp16=False)


if __name__ == "__main__":
    main()
