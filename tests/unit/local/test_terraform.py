"""Terraform's working copy, mirrors and variables, without Terraform."""

from __future__ import annotations

import json
import platform
import re
from pathlib import Path

import pytest

from portfolio_rag.local.errors import StackError
from portfolio_rag.local.terraform import Terraform, digest_of, provider_mirror, user_variables

TARGET = (
    f"{platform.system().lower()}_"
    f"{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(platform.machine(), platform.machine()) }".replace(" ", "")
)


def make_mirror(folder: Path, entry: str) -> Path:
    path = folder / "registry.terraform.io" / "hashicorp" / "aws" / entry
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch() if path.suffix == ".zip" else path.mkdir(parents=True)
    return folder


@pytest.mark.parametrize("entry", [f"5.100.0/{TARGET}", f"terraform-provider-aws_5.100.0_{TARGET}.zip"])
def test_a_named_mirror_is_found_packed_or_unpacked(tmp_path: Path, entry: str) -> None:
    mirror = make_mirror(tmp_path / "mirror", entry)
    assert provider_mirror({"TF_PLUGIN_DIR": str(mirror), "HOME": str(tmp_path)}) == mirror


def test_implied_folders_are_looked_into_and_the_named_one_comes_first(tmp_path: Path) -> None:
    implied = make_mirror(tmp_path / ".terraform.d" / "plugins", f"5.100.0/{TARGET}")
    environment = {"HOME": str(tmp_path)}
    assert provider_mirror(environment) == implied
    named = make_mirror(tmp_path / "named", f"5.100.0/{TARGET}")
    assert provider_mirror(environment | {"TF_PLUGIN_DIR": str(named)}) == named


def test_a_mirror_for_another_machine_is_none(tmp_path: Path) -> None:
    mirror = make_mirror(tmp_path / "mirror", "5.100.0/plan9_mips")
    assert provider_mirror({"TF_PLUGIN_DIR": str(mirror), "HOME": str(tmp_path)}) != mirror


@pytest.fixture
def terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terraform:
    source = tmp_path / "source"
    (source / "modules" / "queue").mkdir(parents=True)
    (source / "main.tf").write_text("one")
    (source / "modules" / "queue" / "main.tf").write_text("two")
    for written in ("terraform.tfstate", "localstack_providers_override.tf"):
        (source / written).write_text("the user's own")
    monkeypatch.setattr(Terraform, "_init", lambda _self, *, backend: None)
    return Terraform(source, tmp_path / "work", {})


def files(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_the_copy_holds_what_people_wrote_and_not_what_terraform_did(terraform: Terraform) -> None:
    terraform.prepare()
    assert files(terraform.work) == {"main.tf": "one", "modules/queue/main.tf": "two"}


def test_the_lock_of_the_provider_goes_along_whatever_an_init_made_of_it(terraform: Terraform) -> None:
    (terraform.source / ".terraform.lock.hcl").write_text("hashes")
    terraform.prepare()
    (terraform.work / ".terraform.lock.hcl").write_text("hashes of something else")
    terraform.prepare()
    assert files(terraform.work)[".terraform.lock.hcl"] == "hashes"


def test_the_lock_holds_the_only_version_for_every_platform_packed_and_unpacked() -> None:
    terraform = Path(__file__).parents[3] / "terraform"
    lock = (terraform / ".terraform.lock.hcl").read_text()
    assert 'version     = "5.100.0"' in lock
    constraint = re.search(r'version = "(~> [0-9.]+)"', (terraform / "versions.tf").read_text())
    assert constraint is not None
    assert f'constraints = "{constraint[1]}"' in lock
    # Terraform's releases: 14 platforms, and a manifest that is packed only.
    assert len(set(re.findall(r'"h1:[A-Za-z0-9+/]{43}="', lock))) == 14
    assert len(set(re.findall(r'"zh:[0-9a-f]{64}"', lock))) == 15


def test_an_update_removes_what_is_stale_and_keeps_the_state(terraform: Terraform) -> None:
    terraform.prepare()
    (terraform.work / "localstack_providers_override.tf").write_text("left by an interrupted run")
    (terraform.work / "terraform.tfstate").write_text("state")
    (terraform.work / ".terraform").mkdir()
    (terraform.work / ".terraform" / "plugin").write_text("big")
    (terraform.source / "modules" / "queue" / "main.tf").unlink()
    (terraform.source / "main.tf").write_text("changed")
    terraform.prepare()
    assert files(terraform.work) == {"main.tf": "changed", "terraform.tfstate": "state", ".terraform/plugin": "big"}
    assert not (terraform.work / "modules").exists()


def test_the_digest_follows_content_names_and_variables(terraform: Terraform) -> None:
    before = digest_of(terraform.source)
    (terraform.source / "terraform.tfstate").write_text("another state")
    assert digest_of(terraform.source) == before
    assert digest_of(terraform.source, extra={"TF_VAR_x": "1"}) != before
    (terraform.source / "main.tf").rename(terraform.source / "other.tf")
    assert digest_of(terraform.source) != before


def test_terraforms_own_words_reach_the_user(tmp_path: Path) -> None:
    stub = tmp_path / "terraform"
    stub.write_text("#!/bin/sh\necho 'Error: no such workspace' >&2\nexit 1\n")
    stub.chmod(0o755)
    terraform = Terraform(tmp_path, tmp_path, {"PATH": f"{tmp_path}:/usr/bin:/bin"})
    with pytest.raises(StackError, match="no such workspace"):
        terraform.run(["output"])


def test_settings_become_terraform_variables() -> None:
    assert user_variables(
        {
            "CHUNK_SIZE": "500",
            "GPT_MODEL": "gpt-x",
            "CHROMA_COLLECTION": "mine",
            "CHROMA_PARTITIONS": "4",
            "LOG_LEVEL": "",
        }
    ) == {
        "ingestion_rules": {"chunk_size_tokens": "500"},
        "model_config": {"gpt_model": "gpt-x"},
        "chroma_collection": "mine",
        "chroma_partitions": "4",
    }


def test_the_inputs_lie_in_the_copy_and_go_when_there_are_none(terraform: Terraform) -> None:
    terraform.prepare({"log_level": "DEBUG"})
    assert json.loads(files(terraform.work)["embedded.auto.tfvars.json"]) == {"log_level": "DEBUG"}
    terraform.prepare()
    assert "embedded.auto.tfvars.json" not in files(terraform.work)
