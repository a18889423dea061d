"""A job that goes on by itself: real invocations of the function by the function, through the emulator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.live import LiveStack, eventually

FUNCTION = "batch-reindex"


@pytest.fixture
def hurried(stack: LiveStack) -> Iterator[None]:
    """Invocations that have less than a second before they hand over."""
    client = stack.clients("lambda")
    before = client.get_function_configuration(FunctionName=FUNCTION)["Timeout"]
    client.update_function_configuration(FunctionName=FUNCTION, Timeout=21)
    yield
    client.update_function_configuration(FunctionName=FUNCTION, Timeout=before)


def job(stack: LiveStack, job_id: str) -> dict[str, Any]:
    response = stack.api.get(f"/api/jobs/{job_id}")
    response.raise_for_status()
    return dict(response.json())


def test_the_function_may_invoke_itself_as_often_as_a_job_takes(stack: LiveStack) -> None:
    assert stack.clients("lambda").get_function_recursion_config(FunctionName=FUNCTION)["RecursiveLoop"] == "Allow"


@pytest.mark.failure(34)
@pytest.mark.usefixtures("hurried")
def test_a_batch_over_more_than_one_invocation_can_do_ends_well(stack: LiveStack) -> None:
    for number in range(25):
        stack.clients("s3").put_object(
            Bucket=stack.settings.s3_raw_bucket,
            Key=f"incoming/steps/{number:02d}.md",
            Body=f"# Step {number}\n\nThe stair has a step number {number} made of oak.\n".encode(),
        )
    for number in range(25):
        stack.ended(f"steps/{number:02d}.md")
    body = {"job_type": "BATCH", "source_s3_prefix": "steps/"}
    job_id = stack.api.post("/api/reindex", json=body).json()["job_id"]

    def ended() -> dict[str, Any] | None:
        found = job(stack, job_id)
        if found["statistics"].get("under_way") and found["status"] == "RUNNING":
            # Every five minutes by itself: it has jobs look again whose documents are on their way.
            stack.clients("lambda").invoke(FunctionName="check-health")
        return found if found["status"] not in ("PENDING", "RUNNING") else None

    found = eventually(ended, "the end of the job", timeout=180)
    assert found["status"] == "COMPLETED", found
    assert found["invocations"] > 2
    assert (found["statistics"]["scanned"], found["statistics"]["reingested"]) == (25, 25)
    documents = stack.api.get(f"/api/jobs/{job_id}/documents").json()["items"]
    assert sorted(entry["key"] for entry in documents) == [f"processed/steps/{n:02d}.md" for n in range(25)]
    assert {(entry["outcome"], entry["version"]) for entry in documents} == {("REINGESTED", 2)}


def test_a_job_that_has_ended_cannot_be_cancelled(stack: LiveStack) -> None:
    job_id = stack.rag("jobs", "start", "--type", "INCREMENTAL", "--prefix", "nothing/").strip()
    eventually(lambda: job(stack, job_id)["status"] == "COMPLETED", "the end of the job")
    response = stack.api.post(f"/api/jobs/{job_id}/cancel")
    assert response.status_code == 409
    assert response.json()["detail"] == "The job has ended already: it is COMPLETED."
    assert "Nothing was ingested" in stack.rag("jobs", "show", job_id)
