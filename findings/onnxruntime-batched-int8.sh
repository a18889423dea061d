#!/usr/bin/env bash
# onnxruntime 1.32.0 (PyPI, CPython 3.11, with onnx 1.23.2): in a model of quantize_dynamic a row's result depends on the
# rows beside it.
#
# Behaviour: a vector goes through the model alone, and in a batch with another one that has a few large values, as the
# activations of language models do. Its own result differs: the cosine of the two is below 0.99, while that of the float
# model is 1. For embeddings this means that a text has another vector with each batch that it is indexed in, that a cache
# or a check by equality fails, and that a query, embedded alone, meets documents that were embedded in company. Padding has
# the same effect.
# Reason: scale and zero point of the activations are computed over the whole batch. Known upstream, and called expected
# there: issue 10111 of 2021, with static quantization as the way out.
# Expected: a row's result by itself, as the float model gives it in any batch. One text a call gives that, too.
#
# Exit status: 0 while this is so, 1 when it has changed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6

cat > "$folder/check.py" <<'PYTHON'
import logging
import os
import sys

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import numpy
import onnx
import onnxruntime
from onnxruntime.quantization import QuantType, quantize_dynamic

logging.disable()
WIDTH = 64
generator = numpy.random.default_rng(7)
weights = generator.normal(size=(WIDTH, WIDTH)).astype(numpy.float32)
text = generator.normal(size=(1, WIDTH)).astype(numpy.float32)
plain, outlying = (generator.normal(size=(1, WIDTH)).astype(numpy.float32) for _ in range(2))
outlying[0, :2] = 200

folder = sys.argv[1]
row = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["rows", WIDTH]) for name in ("x", "y")]
node = onnx.helper.make_node("MatMul", ["x", "weights"], ["y"])
graph = onnx.helper.make_graph([node], "dense", row[:1], row[1:], [onnx.numpy_helper.from_array(weights, "weights")])
onnx.save(
    onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9), f"{folder}/float.onnx"
)
quantize_dynamic(f"{folder}/float.onnx", f"{folder}/int8.onnx", weight_type=QuantType.QInt8)


def cosine(left: numpy.ndarray, right: numpy.ndarray) -> float:
    return float(left @ right / numpy.linalg.norm(left) / numpy.linalg.norm(right))


print(f"onnxruntime {onnxruntime.__version__}, onnx {onnx.__version__}")
seen = {}
for name in ("float", "int8"):
    session = onnxruntime.InferenceSession(f"{folder}/{name}.onnx", providers=["CPUExecutionProvider"])
    alone = session.run(None, {"x": text})[0][0]
    for beside, other in (("itself", text), ("a plain row", plain), ("a row with large values", outlying)):
        batch = session.run(None, {"x": numpy.vstack([text, other])})[0][0]
        seen[name, beside] = cosine(alone, batch)
        print(f"{name}, alone and beside {beside}: cosine {seen[name, beside]:.4f}")
    seen[name] = alone

assert cosine(seen["float"], seen["int8"]) > 0.999, "the input is not sound: the quantised model itself is far off"
for beside in ("itself", "a plain row", "a row with large values"):
    assert seen["float", beside] > 0.99999, "the float model depends on the batch, too"
assert seen["int8", "itself"] > 0.99999, "the input is not sound: it changes without another row"
assert seen["int8", "a row with large values"] < 0.99, f"changed: {seen['int8', 'a row with large values']}"
print("As described: the result of the quantised model depends on the row beside it.")
PYTHON
"$folder/venv/bin/python" "$folder/check.py" "$folder"
