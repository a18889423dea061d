"""Build, push and measure the container images: `make build-images`, `make push-images`, `make image-sizes`.

Standard library only, so that a machine with Docker and Python needs nothing else. Each image carries a tag
derived from the content of its inputs: the same files give the same tag, changed code gives another one. `build`
writes the tags to `terraform/images.auto.tfvars.json`, which Terraform reads by itself, so that changed code means a
changed image.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from docker_cli import DockerNotFoundError, docker_command
from image_sizes import ImageSize, measure
from package_index import build_time_index

ROOT = Path(__file__).resolve().parents[2]
TFVARS = ROOT / "terraform" / "images.auto.tfvars.json"
DOCKERFILE = "images/Dockerfile"
STAND_INS = "tests/containers/standins"
PREFIX = "portfolio"
API = "api"

# Function -> target in the Dockerfile. `lambda` holds what moves documents, `lambda-embedding` the model too, and
# `lambda-processor` besides what reads text in pictures.
FUNCTIONS = {
    "document-intake": "lambda",
    "document-processor": "lambda-processor",
    "check-health": "lambda",
    "embedding-generator": "lambda-embedding",
    "batch-reindex": "lambda-embedding",
}
# What the emulator's ECR calls its registry: an image with that name is found in the local engine, without a push.
EMULATED_REGISTRY = f"000000000000.dkr.ecr.{os.environ.get('AWS_DEFAULT_REGION', 'us-east-1')}.amazonaws.com"
# Parts of the package that no image holds (.dockerignore).
_LEFT_OUT = {"cli", "local"}
LOCKS = {
    "lambda": "lambda.txt",
    "lambda-embedding": "lambda-embedding.txt",
    "lambda-processor": "lambda-processor.txt",
    "api": "api.txt",
}


def _inputs(image: str) -> Iterator[Path]:
    yield from (ROOT / name for name in (DOCKERFILE, ".dockerignore", "pyproject.toml"))
    yield from (ROOT / "requirements" / lock for lock in ("uv.txt", "bake.txt", LOCKS[FUNCTIONS.get(image, API)]))
    yield from (path for path in (ROOT / "src" / "portfolio_rag").rglob("*") if not _LEFT_OUT & set(path.parts))
    if image == API:
        yield from (ROOT / "api").rglob("*")
    else:
        yield ROOT / "images" / "entrypoint.sh"
        yield from (ROOT / "images" / image.replace("-", "_")).rglob("*")


def content_tag(images: Iterable[str], build_args: Sequence[str] = ()) -> str:
    """Twelve hexadecimal digits over the paths, the bytes and the executable bits of all that goes into `images`."""
    digest = hashlib.sha256("\0".join(build_args).encode())
    paths = {path for image in images for path in _inputs(image)}
    for path in sorted(p for p in paths if p.is_file() and "__pycache__" not in p.parts):
        executable = bool(path.stat().st_mode & 0o111)
        body = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(ROOT).as_posix()}\0{executable}\0{body}\0".encode())
    return digest.hexdigest()[:12]


def tag_of(image: str) -> str:
    """The functions share one tag (Terraform's `image_tag`), over the content of all of them; the API has its own."""
    return content_tag([API] if image == API else FUNCTIONS, _given_build_args())


def names_of(image: str, tag: str) -> list[str]:
    """What a built image is called here: by its tag, `latest`, and the name in the emulator's ECR."""
    return [f"{PREFIX}/{image}:{tag}", f"{PREFIX}/{image}:latest", f"{EMULATED_REGISTRY}/{PREFIX}/{image}:{tag}"]


def _given_build_args() -> list[str]:
    return [f"BASE_IMAGE={base}"] if (base := os.environ.get("BASE_IMAGE")) else []


@contextmanager
def _builder() -> Iterator[Callable[..., None]]:
    """A function that runs one `docker build`, with this machine's way to its package index."""
    docker = docker_command(building=True)
    with tempfile.TemporaryDirectory() as scratch, build_time_index(Path(scratch)) as index_options:

        def run(file: str, names: Sequence[str], *options: str, build_args: Sequence[str] = ()) -> None:
            command = [*docker, "build", "--file", file, *index_options, *options]
            command += [part for name in names for part in ("--tag", name)]
            command += [part for arg in [*_given_build_args(), *build_args] for part in ("--build-arg", arg)]
            print(f"==> {names[0]}", flush=True)
            subprocess.run([*command, "."], cwd=ROOT, check=True, env={**os.environ, "DOCKER_BUILDKIT": "1"})

        yield run


def build(images: Sequence[str]) -> None:
    """Build `images` under all their names, and hand the tags to Terraform once every image carries its own."""
    tags = {image: tag_of(image) for image in images}
    with _builder() as run:
        if len(images) > 1:
            run(DOCKERFILE, [f"{PREFIX}/stages:latest"], "--target", "stages")
        for image, tag in tags.items():
            run(
                DOCKERFILE,
                names_of(image, tag),
                *("--target", FUNCTIONS.get(image, API)),
                *("--label", f"org.opencontainers.image.version={tag}"),
                build_args=[f"FUNCTION={image.replace('-', '_')}"] if image in FUNCTIONS else [],
            )
    if {*FUNCTIONS, API} <= set(images):
        chosen = {"image_tag": tags[next(iter(FUNCTIONS))], "api_image_tag": tags[API]}
        TFVARS.write_text(json.dumps(chosen, indent=2) + "\n")


def build_stand_ins() -> None:
    """Build what takes the place of the emulator's and Chroma's images where no registry can be reached."""
    with _builder() as run:
        for dockerfile in sorted((ROOT / STAND_INS).glob("*.Dockerfile")):
            run(str(dockerfile.relative_to(ROOT)), [f"{PREFIX}/stand-in-{dockerfile.stem}:latest"])


def _repository_urls() -> dict[str, str]:
    output = subprocess.run(
        ["terraform", "-chdir=terraform", "output", "-json", "repository_urls"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    urls: dict[str, str] = json.loads(output.stdout)
    return urls


def _pushable(url: str) -> str:
    """`url`, or its place behind the emulator's own address: an emulator may name its registry after AWS's hosts."""
    endpoint = urlsplit(os.environ.get("AWS_ENDPOINT_URL", ""))
    registry, _, name = url.partition("/")
    return f"{endpoint.netloc}/{name}" if endpoint.netloc and registry.endswith(".amazonaws.com") else url


def _is_pushed(name: str, tag: str) -> bool:
    """Tags never move there, so a second push of one would be refused."""
    command = ["aws", "ecr", "describe-images", "--repository-name", name, "--image-ids", f"imageTag={tag}"]
    found = subprocess.run([*command, "--output", "json"], capture_output=True, text=True, check=False)
    return found.returncode == 0 and any(
        tag in image["imageTags"] for image in json.loads(found.stdout)["imageDetails"]
    )


def push(images: Sequence[str]) -> None:
    """Push what was built to the ECR repositories that Terraform made, on AWS or behind AWS_ENDPOINT_URL."""
    docker = docker_command()
    urls = {image: _pushable(url) for image, url in _repository_urls().items() if image in images}
    password = subprocess.run(["aws", "ecr", "get-login-password"], check=True, capture_output=True).stdout
    for registry in sorted({url.partition("/")[0] for url in urls.values()}):
        login = [*docker, "login", "--username", "AWS", "--password-stdin", registry]
        subprocess.run(login, input=password, check=True)
    for image, url in urls.items():
        tag = tag_of(image)
        if _is_pushed(url.partition("/")[2], tag):
            print(f"==> {url}:{tag} is there already")
            continue
        subprocess.run([*docker, "tag", f"{PREFIX}/{image}:{tag}", f"{url}:{tag}"], check=True)
        subprocess.run([*docker, "push", f"{url}:{tag}"], check=True)


def _table(sizes: dict[str, ImageSize]) -> str:
    lines = [
        "| image | over its base, compressed | over its base, on disk | with its base, on disk |",
        "|---|---:|---:|---:|",
    ]
    lines += [
        f"| {image} | {s.compressed_over_base / 1e6:.0f} MB | {s.over_base / 1e6:.0f} MB | {s.total / 1e6:.0f} MB |"
        for image, s in sizes.items()
    ]
    return "\n".join(lines)


def main() -> int:
    every = [*FUNCTIONS, API]
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("command", choices=["build", "push", "sizes", "names", "stand-ins"])
    parser.add_argument("images", nargs="*", metavar="image", help=f"default: all of {', '.join(every)}")
    arguments = parser.parse_args()
    images: list[str] = arguments.images or every
    if unknown := set(images) - set(every):
        parser.error(f"no such image: {', '.join(sorted(unknown))}")
    try:
        if arguments.command == "build":
            build(images)
        elif arguments.command == "push":
            push(images)
        elif arguments.command == "stand-ins":
            build_stand_ins()
        elif arguments.command == "sizes":
            print(_table({image: measure(f"{PREFIX}/{image}:latest") for image in images}))
        else:
            for image in images:
                print(*names_of(image, tag_of(image)), sep="\n")
    except DockerNotFoundError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"error: `{' '.join(error.cmd[:3])} …` ended with {error.returncode}", file=sys.stderr)
        if error.stderr:
            print(error.stderr, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
