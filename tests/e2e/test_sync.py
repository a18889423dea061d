"""`rag sync` on the real stack: a folder, then a bucket, then a folder that is watched."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from portfolio_rag.domain.documents import DocumentStatus
from tests.e2e.live import LiveStack, eventually

NOTE = "# {0}\n\nThe {0} note says that queue {0} keeps its messages for four days.\n"
BUCKET = "team-documents"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("alpha", "beta", "gamma"):
        # Beyond the beginning that the intake reads of every upload.
        (tmp_path / f"{name}.md").write_text(NOTE.format(name) + (NOTE.format(name) * 200 if name == "gamma" else ""))
    (tmp_path / "alpha.md.metadata.json").write_text('{"metadataAttributes": {"team": "platform"}}')
    return tmp_path


def counts(stack: LiveStack, *arguments: str) -> dict[str, int]:
    """What there is to tell of a pass, zeros left out."""
    report = json.loads(stack.rag("sync", *arguments, "--json"))
    assert report["errors"] == []
    return {action: count for action, count in report["counts"].items() if count}


def all_ended(stack: LiveStack, prefix: str, **versions: int) -> None:
    for name, version in versions.items():
        ended = stack.ended(f"{prefix}/{name}.md", version)
        assert ended.status is DocumentStatus.COMPLETED, ended.error_message


def test_a_folder_is_kept_in_step(stack: LiveStack, folder: Path) -> None:
    here = (str(folder), "--prefix", "sync")
    assert counts(stack, *here, "--dry-run") == {"new": 3}
    assert counts(stack, *here) == {"new": 3}
    all_ended(stack, "sync", alpha=1, beta=1, gamma=1)
    assert counts(stack, *here, "--delete") == {"unchanged": 3}

    (folder / "beta.md").write_text(NOTE.format("bravo"))
    (folder / "gamma.md").unlink()
    assert counts(stack, *here, "--delete") == {"changed": 1, "deleted": 1, "unchanged": 1}
    all_ended(stack, "sync", beta=2)
    eventually(lambda: stack.registry.head(stack.document_id("sync/gamma.md")).deleted_at, "gamma.md deleted")  # type: ignore[union-attr]
    assert "2 unchanged" in stack.rag("sync", *here)


def test_the_same_upload_again_makes_no_version(stack: LiveStack, folder: Path) -> None:
    copy = ("s3", "cp", "--recursive", str(folder), f"s3://{stack.settings.s3_raw_bucket}/incoming/again/")
    stack.aws(*copy)
    all_ended(stack, "again", beta=1, gamma=1)
    document_id = stack.document_id("again/gamma.md")
    stack.aws(*copy)
    seen = eventually(lambda: stack.registry.head(document_id).last_seen_at, "gamma.md seen again")  # type: ignore[union-attr]
    shown = stack.api.get(f"/api/documents/{document_id}").json()
    assert (shown["latest_version"], shown["live_version"], shown["last_seen_at"]) == (1, 1, seen)
    listed = stack.clients("s3").list_object_versions(
        Bucket=stack.settings.s3_raw_bucket, Prefix="incoming/again/gamma.md"
    )
    assert not listed.get("Versions")
    assert not listed.get("DeleteMarkers")


def test_a_bucket_is_kept_in_step(stack: LiveStack, folder: Path) -> None:
    stack.aws("s3", "mb", f"s3://{BUCKET}")
    stack.aws("s3", "cp", "--recursive", str(folder), f"s3://{BUCKET}/notes/")
    there = (f"s3://{BUCKET}/notes", "--prefix", "bucket")
    assert counts(stack, *there) == {"new": 3}
    all_ended(stack, "bucket", alpha=1, beta=1, gamma=1)
    assert stack.ended("bucket/alpha.md").metadata == {"team": "platform"}
    assert counts(stack, *there) == {"unchanged": 3}
    stack.aws("s3", "rm", f"s3://{BUCKET}/notes/gamma.md")
    assert counts(stack, *there, "--delete") == {"deleted": 1, "unchanged": 2}


def test_a_folder_is_watched(stack: LiveStack, folder: Path) -> None:
    command = [str(Path(sys.executable).parent / "rag"), "sync", str(folder), "--prefix", "watched", "--watch"]
    with subprocess.Popen(
        command,
        env=dict(stack.environment),
        stdout=subprocess.PIPE,
        text=True,
        # What a shell runs in the background ignores it, and so would all that it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as watching:
        try:
            all_ended(stack, "watched", alpha=1, beta=1, gamma=1)
            (folder / "beta.md").write_text(NOTE.format("bravo"))
            all_ended(stack, "watched", beta=2)
        finally:
            watching.send_signal(signal.SIGINT)
        assert watching.stdout is not None
        assert "changed watched/beta.md" in watching.stdout.read()
    assert watching.returncode == 130
