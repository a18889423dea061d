from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from portfolio_rag.domain.jobs import JobStatus, JobType, Trigger
from portfolio_rag.pipeline.jobs.report import Outcome
from tests.support.api import JOB_ID, UNKNOWN_ID, FakeServices


def test_start_answers_at_once_with_where_to_look(client: TestClient, services: FakeServices) -> None:
    response = client.post("/api/reindex", json={"job_type": "BATCH", "source_s3_prefix": "guides/"})
    assert response.status_code == 202
    assert response.headers["Location"] == f"/api/jobs/{JOB_ID}"
    body = response.json()
    assert (body["job_type"], body["status"], body["source_s3_prefix"]) == ("BATCH", "PENDING", "guides/")
    assert services.jobs.calls == [(JobType.BATCH, "guides/", Trigger.USER)]


def test_start_without_a_body_rebuilds_everything(client: TestClient, services: FakeServices) -> None:
    assert client.post("/api/reindex").status_code == 202
    assert services.jobs.calls == [(JobType.REINDEX, "", Trigger.USER)]


@pytest.mark.parametrize("body", [{"job_type": "EVERYTHING"}, {"source_s3_prefix": "x" * 1025}, {"prefix": "x"}, 7])
def test_start_bounds(client: TestClient, services: FakeServices, body: Any) -> None:
    assert client.post("/api/reindex", json=body).status_code == 422
    assert services.jobs.calls == []


def test_list(client: TestClient, services: FakeServices) -> None:
    body = client.get("/api/jobs", params={"status": "RUNNING", "limit": 100}).json()
    assert [item["job_id"] for item in body["items"]] == [JOB_ID]
    client.get("/api/jobs")
    assert services.jobs.calls == [(JobStatus.RUNNING, 100), (None, 20)]


@pytest.mark.parametrize("query", ["status=GONE", "limit=0", "limit=101"])
def test_list_bounds(client: TestClient, query: str) -> None:
    assert client.get(f"/api/jobs?{query}").status_code == 422


def test_get(client: TestClient) -> None:
    body = client.get(f"/api/jobs/{JOB_ID}").json()
    assert body["documents_total"] == 12
    assert body["statistics"] == {"vectors_reused": 40}
    assert body["completed_at"] is None


def test_unknown_and_malformed_ids(client: TestClient, services: FakeServices) -> None:
    assert client.get(f"/api/jobs/{UNKNOWN_ID}").status_code == 404
    # The index alias lives in the same table under `index#…`: it is no job.
    assert client.get("/api/jobs/index%23portfolio_knowledge").status_code == 422
    assert services.jobs.calls == [(UNKNOWN_ID,)]


def test_a_job_says_in_a_sentence_what_came_of_it(client: TestClient) -> None:
    body = client.get(f"/api/jobs/{JOB_ID}").json()
    assert (body["summary"], body["invocations"]) == ("Waiting to be picked up.", 1)


def test_documents_of_a_job_come_in_pages_with_their_reasons(client: TestClient, services: FakeServices) -> None:
    query: dict[str, str | int] = {"outcome": "FAILED", "limit": 2, "cursor": "0-0"}
    body = client.get(f"/api/jobs/{JOB_ID}/documents", params=query).json()
    assert body["next_cursor"] == "0-1"
    assert body["items"] == [
        {
            "key": "incoming/a.png",
            "outcome": "FAILED",
            "reason": "UNSUPPORTED_TYPE: a picture.",
            "document_id": None,
            "version": None,
        }
    ]
    assert services.jobs.calls == [(JOB_ID, Outcome.FAILED, 2, "0-0")]


@pytest.mark.parametrize("query", ["outcome=GONE", "limit=0", "limit=1001", "cursor="])
def test_documents_bounds(client: TestClient, query: str) -> None:
    assert client.get(f"/api/jobs/{JOB_ID}/documents?{query}").status_code == 422


def test_cancel(client: TestClient) -> None:
    response = client.post(f"/api/jobs/{JOB_ID}/cancel")
    assert response.status_code == 202
    assert response.json()["cancel_requested_at"] is not None


def test_a_job_that_has_ended_cannot_be_cancelled(client: TestClient) -> None:
    response = client.post(f"/api/jobs/{UNKNOWN_ID}/cancel")
    assert response.status_code == 409
    assert response.json()["detail"] == "The job has ended already: it is COMPLETED."


def test_a_budget_goes_with_the_job(client: TestClient, services: FakeServices) -> None:
    started = client.post("/api/reindex", json={"job_type": "REINDEX", "budget_usd": 0.5})
    assert (started.status_code, started.json()["budget_usd"]) == (202, 0.5)
    assert services.jobs.calls == [("REINDEX", "", "USER", 0.5)]
    for budget in (0, -1, 1e9, "much"):
        assert client.post("/api/reindex", json={"budget_usd": budget}).status_code == 422


def test_resume(client: TestClient, services: FakeServices) -> None:
    resumed = client.post(f"/api/jobs/{JOB_ID}/resume", json={"budget_usd": 1.5})
    assert resumed.status_code == 202
    assert (resumed.json()["status"], resumed.json()["budget_usd"], resumed.json()["spent_usd"]) == (
        "RUNNING",
        1.5,
        0.5,
    )
    assert client.post(f"/api/jobs/{JOB_ID}/resume").status_code == 202
    assert services.jobs.calls == [(JOB_ID, 1.5), (JOB_ID, None)]


def test_estimate(client: TestClient, services: FakeServices) -> None:
    told = client.get("/api/reindex/estimate?job_type=BATCH&source_s3_prefix=guides/")
    assert told.json() == {
        "job_type": "BATCH",
        "documents": 12,
        "windows_copied": 600,
        "windows_embedded": 30,
        "seconds": 75.2,
        "usd": 0.0021,
        "measured_jobs": 2,
    }
    client.get("/api/reindex/estimate")
    assert services.job_estimator.calls == [("BATCH", "guides/"), ("REINDEX", "")]
