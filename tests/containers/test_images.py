"""What the images hold, and what they must not."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.containers.live import FUNCTIONS, IMAGES, ROOT, docker, inspect

pytestmark = pytest.mark.containers

_SCRIPTS = ROOT / "scripts" / "containers"
# MB, compressed, over the base image.
_LIMITS = {"document-intake": 120, "document-processor": 300, "embedding-generator": 300}
_LOOK = """
import importlib.util, json, os, pathlib, shutil
patterns = ("root/.cache", "var/cache/pip", "tmp/*", "var/cache/apt/archives/*.deb", "var/lib/apt/lists/*_*")
caches = [p for pattern in patterns for p in pathlib.Path("/").glob(pattern)]
secrets = [p for p in ("/etc/pip.conf", "/run/secrets/pip_conf", "/run/secrets/ca_bundle") if os.path.exists(p)]
print(json.dumps({
    "uid": os.getuid(),
    "torch": importlib.util.find_spec("torch") is not None,
    "pip": importlib.util.find_spec("pip") is not None,
    "compilers": [name for name in ("cc", "gcc", "g++", "clang", "rustc", "go", "ld") if shutil.which(name)],
    "caches": [str(p) for p in caches],
    "secrets": secrets,
    "sources": [str(p) for p in pathlib.Path("/app").rglob("*.toml") if "site-packages" not in p.parts],
}))
"""


def _run(image: str, *arguments: str) -> str:
    """Run python in the image as it is meant to run: a read-only root, no capabilities, no network."""
    return docker(
        *("run", "--rm", "--read-only", "--tmpfs", "/tmp", "--network", "none", "--cap-drop", "ALL"),
        *("--entrypoint", "python", f"portfolio/{image}:latest", *arguments),
    )


@pytest.mark.parametrize("image", IMAGES)
def test_runs_as_a_user_with_no_torch_compiler_package_cache_or_secret(image: str) -> None:
    assert inspect(image)["Config"]["User"] == "10001:10001"
    assert json.loads(_run(image, "-c", _LOOK)) == {
        "uid": 10001,
        "torch": False,
        "pip": False,
        "compilers": [],
        "caches": [],
        "secrets": [],
        "sources": [],
    }


@pytest.mark.parametrize("image", IMAGES)
def test_layers_tell_no_index_and_no_certificate(image: str) -> None:
    history = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", f"portfolio/{image}:latest")
    assert "://" not in history.replace("http://127.0.0.1:8000/api/live", "")
    assert "BEGIN CERTIFICATE" not in history
    labels = inspect(image)["Config"]["Labels"]
    assert (
        labels["org.opencontainers.image.title"]
        == f"portfolio-rag {image.replace('-', '_') if image != 'api' else image}"
    )
    assert len(labels["org.opencontainers.image.version"]) == 12


@pytest.mark.parametrize("function", FUNCTIONS)
def test_function_loads_in_a_container_that_cannot_write(function: str) -> None:
    assert _run(function, "-c", "import handler; print(callable(handler.handler))").strip() == "True"


@pytest.mark.parametrize("image", ["document-processor", "embedding-generator", "batch-reindex", "api"])
def test_baked_model_embeds_and_its_parity_was_checked(image: str) -> None:
    code = """
import json
from portfolio_rag.adapters.models.factory import make_embedder
from portfolio_rag.settings.environment import Settings
settings = Settings.from_env()
vectors = make_embedder(settings).embed(["a document in a bucket"])
manifest = json.load(open(settings.model_dir + "/manifest.json"))
print(json.dumps([list(vectors.shape), manifest["parity"]["minimum"] >= manifest["parity"]["bound"]]))
"""
    assert json.loads(_run(image, "-c", code)) == [[1, 384], True]


def test_the_api_holds_the_reader_and_what_embeds_alone_does_not() -> None:
    code = """
from portfolio_rag.adapters.models.factory import make_reader
from portfolio_rag.ports.reader import Excerpt
from portfolio_rag.settings.environment import Settings
text = "The ferry leaves at nine. Bicycles are carried on the lower deck."
(odds,) = make_reader(Settings.from_env()).read("When does the ferry leave?", [Excerpt("", text, ((0, 25), (26, 65)))])
print(odds[0] > odds[1])
"""
    assert _run("api", "-c", code).strip() == "True"
    held = _run("embedding-generator", "-c", "import os; print(sorted(os.listdir('/opt/model')))")
    assert held.strip() == "['manifest.json', 'model.onnx', 'tokenizer.json']"


@pytest.mark.parametrize("function", ["document-intake", "check-health"])
def test_light_function_holds_the_tokenizer_and_not_the_model(function: str) -> None:
    held = _run(function, "-c", "import os; print(sorted(os.listdir('/opt/model')))")
    assert held.strip() == "['manifest.json', 'tokenizer.json']"


def test_sizes_over_the_base_stay_within_their_limits() -> None:
    code = (
        "import json, sys; from image_sizes import measure; "
        "print(json.dumps({i: measure(f'portfolio/{i}:latest').compressed_over_base for i in sys.argv[1:]}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *_LIMITS],
        env={**os.environ, "PYTHONPATH": str(_SCRIPTS)},
        capture_output=True,
        text=True,
        check=True,
    )
    sizes = json.loads(done.stdout)
    assert {image: size for image, size in sizes.items() if size > _LIMITS[image] * 1_000_000} == {}


def test_terraform_was_given_the_tags_of_the_content() -> None:
    def tags(*images: str) -> set[str]:
        names = subprocess.run(
            [sys.executable, str(_SCRIPTS / "images.py"), "names", *images], capture_output=True, text=True, check=True
        ).stdout.split()
        return {name.partition(":")[2] for name in names} - {"latest"}

    variables = json.loads((ROOT / "terraform" / "images.auto.tfvars.json").read_text())
    assert tags(*FUNCTIONS) == {variables["image_tag"]}
    assert tags("api") == {variables["api_image_tag"]}
