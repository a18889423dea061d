"""Terraform and tflocal in a working copy of `terraform/`, so that state and plugins stay out of the source tree."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portfolio_rag.local.errors import StackError
from portfolio_rag.local.report import Step

_PROVIDER = Path("registry.terraform.io/hashicorp/aws")
# What Terraform and tflocal write: never copied from the source tree, never removed from the working copy.
_WRITTEN = (".terraform", "terraform.tfstate", "terraform.tfstate.backup")
_OVERRIDE = "localstack_providers_override.tf"
_VARIABLES = "embedded.auto.tfvars.json"


def provider_mirror(environment: Mapping[str, str]) -> Path | None:
    """A folder that holds the AWS provider for this machine, or None: then Terraform asks its registry.

    Looked for where TF_PLUGIN_DIR says, in Terraform's implied mirror directories, and one level under `/opt`.
    """
    system = {"Darwin": "darwin", "Linux": "linux"}.get(platform.system(), platform.system().lower())
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    target = f"{system}_{machine}"
    for folder in _mirror_candidates(environment):
        provider = folder / _PROVIDER
        # Unpacked (version/target/) or packed (terraform-provider-aws_version_target.zip).
        if any(provider.glob(f"*/{target}")) or any(provider.glob(f"*_{target}.zip")):
            return folder
    return None


def _mirror_candidates(environment: Mapping[str, str]) -> Iterator[Path]:
    if chosen := environment.get("TF_PLUGIN_DIR"):
        yield Path(chosen)
    home = Path(environment.get("HOME", "~")).expanduser()
    yield home / ".terraform.d" / "plugins"
    if platform.system() == "Darwin":
        yield home / "Library" / "Application Support" / "io.terraform" / "plugins"
        yield Path("/Library/Application Support/io.terraform/plugins")
    data_homes = [environment.get("XDG_DATA_HOME") or str(home / ".local" / "share")]
    data_homes += (environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")
    for folder in data_homes:
        yield Path(folder) / "terraform" / "plugins"
    yield from sorted(Path("/opt").glob("*"))


def digest_of(*folders: Path, extra: Mapping[str, str] | None = None) -> str:
    """SHA-256 over the files (paths and bytes) that people wrote in these folders, and over `extra`."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in _sources(folder):
            digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    digest.update(json.dumps(dict(extra or {}), sort_keys=True).encode())
    return digest.hexdigest()


def _sources(folder: Path) -> list[Path]:
    ignored = {*_WRITTEN, _OVERRIDE, "__pycache__"}
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not ignored.intersection(path.relative_to(folder).parts)
    )


@dataclass(frozen=True, slots=True)
class Terraform:
    """`source` is the project's `terraform/`, `work` the copy to run in."""

    source: Path
    work: Path
    environment: Mapping[str, str]

    def prepare(self, variables: Mapping[str, object] | None = None, *, backend: bool = True) -> None:
        """Bring the copy up to date, with `variables` as its inputs, and initialise it.

        The inputs lie in a file, so that a plan by hand sees them too. An override file that an interrupted tflocal
        left goes with the stale files. Raises StackError with Terraform's words.
        """
        wanted = {path.relative_to(self.source): path for path in _sources(self.source)}
        if self.work.exists():
            for path in sorted(self.work.rglob("*"), reverse=True):
                relative = path.relative_to(self.work)
                if relative in wanted or relative.parts[0].startswith(_WRITTEN):
                    continue
                if path.is_dir() and not path.is_symlink():
                    if not any(path.iterdir()):
                        path.rmdir()
                else:
                    path.unlink()
        for relative, path in wanted.items():
            target = self.work / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        if variables:
            (self.work / _VARIABLES).write_text(json.dumps(variables, indent=2) + "\n")
        self._init(backend=backend)

    def apply(self, step: Step) -> None:
        """`tflocal apply`, telling how far it is; raises StackError with Terraform's diagnostics."""
        command = ["apply", "-auto-approve", "-input=false", "-parallelism=30", "-json"]
        process = subprocess.Popen(  # noqa: S603
            [*_TFLOCAL, *command],
            cwd=self.work,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        progress = _ApplyProgress(step)
        with process:
            assert process.stdout is not None
            for line in process.stdout:
                progress.read(line)
        if process.returncode != 0:
            raise StackError("Terraform could not apply the infrastructure:\n" + progress.failure())

    def output(self, name: str) -> Any:
        """One output of the applied configuration."""
        return json.loads(self.run(["output", "-json", name]))

    def run(self, arguments: Sequence[str]) -> str:
        """Plain terraform in the copy; returns its standard output, raises StackError with its words."""
        done = subprocess.run(  # noqa: S603
            ["terraform", *arguments],  # noqa: S607
            cwd=self.work,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            words = "\n".join(filter(None, [done.stdout.strip(), done.stderr.strip()]))
            raise StackError(f"`terraform {' '.join(arguments)}` failed:\n{words}")
        return done.stdout

    def _init(self, *, backend: bool) -> None:
        stamp = self.work / ".terraform" / "initialised"
        mirror = provider_mirror(self.environment)
        versions = digest_of(self.work, extra={"mirror": str(mirror)})
        if stamp.exists() and stamp.read_text() == versions:
            return
        arguments = ["init", "-input=false", "-no-color"]
        if not backend:
            arguments.append("-backend=false")
        if mirror is not None:
            arguments.append(f"-plugin-dir={mirror}")
        try:
            self.run(arguments)
        except StackError as error:
            raise StackError(
                f"{error}\nThe AWS provider comes from Terraform's registry. Without a way there, put a filesystem "
                "mirror (`terraform providers mirror FOLDER`) where TF_PLUGIN_DIR says."
            ) from None
        stamp.write_text(versions)


# tflocal is a script of the environment's bin folder; run by this interpreter it needs no PATH.
_TFLOCAL = (sys.executable, str(Path(sys.executable).parent / "tflocal"))


def plugin_environment(environment: Mapping[str, str], project: Path) -> dict[str, str]:
    """For any Terraform here: a provider from the registry is kept once for all working copies.

    The lock file has each platform's hash of the unpacked provider, so one from the cache is checked like any other.
    """
    cache = project / ".portfolio" / "cache" / "terraform-plugins"
    cache.mkdir(parents=True, exist_ok=True)
    return {
        "TF_PLUGIN_CACHE_DIR": str(cache),
        **environment,
        "TF_IN_AUTOMATION": "1",
        "CHECKPOINT_DISABLE": "1",
    }


def tflocal_environment(environment: Mapping[str, str], emulator_url: str) -> dict[str, str]:
    """For Terraform against the emulator.

    Without S3_HOSTNAME tflocal asks the DNS for a name of LocalStack's, which fails offline.
    """
    return {
        **environment,
        "AWS_ENDPOINT_URL": emulator_url,
        "S3_HOSTNAME": "127.0.0.1",
        "CUSTOMIZE_ACCESS_KEY": "1",
        "DISABLE_DEPRECATION_NOTICE": "1",
    }


def user_variables(settings: Mapping[str, str]) -> dict[str, object]:
    """Terraform's inputs for the user's variables that it writes into the config bucket and the functions.

    Numbers pass as text: Terraform converts and refuses them with its own message.
    """

    def chosen(names: Mapping[str, str]) -> dict[str, object]:
        return {field: settings[name] for name, field in names.items() if settings.get(name)}

    objects = {
        "history": chosen({"HISTORY_VERSIONS": "versions", "HISTORY_DAYS": "days"}),
        "ingestion_rules": chosen({"CHUNK_SIZE": "chunk_size_tokens", "CHUNK_OVERLAP": "chunk_overlap_tokens"}),
        "model_config": chosen(
            {"EMBEDDING_MODEL": "embedding_model", "EMBEDDING_BACKEND": "embedding_backend", "GPT_MODEL": "gpt_model"}
        ),
    }
    scalars = {
        "CHROMA_COLLECTION": "chroma_collection",
        "CHROMA_PARTITIONS": "chroma_partitions",
        "EMBEDDING_COMPATIBLE_FINGERPRINTS": "embedding_compatible_fingerprints",
        "LOG_LEVEL": "log_level",
        "MAX_RECEIVE_COUNT": "max_receive_count",
    }
    return {name: value for name, value in objects.items() if value} | chosen(scalars)


class _ApplyProgress:
    """Reads `terraform apply -json`."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self._planned = 0
        self._done = 0
        self._errors: list[str] = []
        self._plain: list[str] = []

    def read(self, line: str) -> None:
        try:
            message = json.loads(line)
        except ValueError:
            self._plain.append(line.rstrip())
            return
        match message.get("type"):
            case "change_summary" if message["changes"].get("operation") == "plan":
                changes = message["changes"]
                self._planned = changes["add"] + changes["change"] + changes["remove"]
            case "apply_complete" if message["hook"]["action"] != "read":
                self._done += 1
                self._step.update(f"{self._done} of {self._planned}: {message['hook']['resource']['addr']}")
            case "refresh_start":
                self._step.update(f"reading {message['hook']['resource']['addr']}")
            case "diagnostic" if message["diagnostic"]["severity"] == "error":
                diagnostic = message["diagnostic"]
                where = f" ({diagnostic['address']})" if diagnostic.get("address") else ""
                self._errors.append(f"{diagnostic['summary']}{where}\n{diagnostic.get('detail', '')}".strip())

    def failure(self) -> str:
        return "\n".join(self._errors or self._plain[-30:] or ["it gave no reason"])
