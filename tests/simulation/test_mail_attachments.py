"""Files attached to mails: documents of their own that come, change and go with the mail, whatever fails on the way."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import timedelta

import pytest

from portfolio_rag.domain.documents import DocumentStatus
from portfolio_rag.domain.identifiers import document_id_for
from portfolio_rag.domain.jobs import JobType
from portfolio_rag.text.extraction.document import Attachment
from tests.support.office import ONE_OF_EACH, mail, workbook

from .fast import install
from .test_crash_points import KINDS, come_to_rest
from .world import RAW, World

MAIL = "mails/offer.eml"
PRICES, TERMS = f"{MAIL}/prices.xlsx", f"{MAIL}/terms.md"
OLD, NEW = workbook(["Plan", "Users"], ["Gold", 900]), workbook(["Plan", "Users"], ["Gold", 950])
FIRST = mail("Our offer is attached.", {"prices.xlsx": OLD, "terms.md": b"# Terms\n\nPay within 30 days.\n"})
SECOND = mail("A better offer is attached.", {"prices.xlsx": NEW})
Step = Callable[[World], None]


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)


def live_text(world: World, key: str) -> str | None:
    """What a document answers with, None where it does not."""
    document_id = document_id_for(RAW, key)
    return world.texts(document_id) if world.live(document_id) else None


def versions(world: World, key: str) -> int:
    head = world.container.registry.head(document_id_for(RAW, key))
    return head.latest_version if head else 0


def upload(data: bytes) -> Step:
    def act(world: World) -> None:
        world.upload(MAIL, data)
        world.run()

    return act


def delete(world: World) -> None:
    world.delete(f"processed/{MAIL}")
    world.run()


def test_one_of_each_type_goes_through(world: World) -> None:
    documents = {name: world.upload(f"types/{name}", data) for name, data in ONE_OF_EACH.items()}
    world.run()
    world.check()
    for name, document_id in documents.items():
        version = world.version(document_id, 1)
        assert version.status is DocumentStatus.COMPLETED, (name, version.error_message)
        assert version.file_type == name.rpartition(".")[2]


def test_attachments_are_documents_with_the_attributes_of_the_mail(world: World) -> None:
    world.upload(f"{MAIL}.metadata.json", json.dumps({"metadataAttributes": {"team": "sales"}}))
    world.upload(MAIL, FIRST)
    world.run()
    world.check()
    assert "Attachments: prices.xlsx, terms.md" in (live_text(world, MAIL) or "")
    assert "Plan: Gold | Users: 900" in (live_text(world, PRICES) or "")
    version = world.version(document_id_for(RAW, PRICES), 1)
    said_by_mail = {name: version.metadata[name] for name in ("from", "to", "date", "subject")}
    assert said_by_mail["from"] == ["ana@example.org"]
    assert version.metadata == {"team": "sales", "attachment_of": MAIL, **said_by_mail}
    assert said_by_mail.items() <= world.version(document_id_for(RAW, MAIL), 1).metadata.items()
    assert version.file_type == "xlsx"


def test_the_mail_again_makes_no_versions_of_what_is_the_same(world: World) -> None:
    upload(FIRST)(world)
    upload(FIRST)(world)
    world.start_job(JobType.BATCH, prefix="mails/offer.eml")
    world.rest()
    world.check()
    assert versions(world, MAIL) >= 2
    assert versions(world, TERMS) <= 2  # its own re-ingestion by the job


def test_a_new_mail_changes_and_withdraws_attachments(world: World) -> None:
    upload(FIRST)(world)
    upload(SECOND)(world)
    world.check()
    assert "Users: 950" in (live_text(world, PRICES) or "")
    assert live_text(world, TERMS) is None
    assert f"processed/{TERMS}" not in world.s3.current_keys(RAW)


def test_attachments_go_with_the_mail_and_come_back_with_it(world: World) -> None:
    upload(FIRST)(world)
    delete(world)
    world.check()
    assert live_text(world, PRICES) is None
    assert not world.s3.current_keys(RAW, "processed/mails/")
    upload(FIRST)(world)
    world.check()
    assert "Users: 900" in (live_text(world, PRICES) or "")


def test_an_attachment_that_was_deleted_stays_away_when_its_mail_is_driven_again(world: World) -> None:
    world.upload(MAIL, FIRST)
    world.run()
    first = world.version(document_id_for(RAW, MAIL), 1)
    world.delete(f"processed/{TERMS}")
    world.run()
    world.container.processor._attachments.ingest(first, [Attachment("terms.md", b"# Terms\n\nPay within 30 days.\n")])
    world.run()
    assert live_text(world, TERMS) is None
    upload(FIRST)(world)
    assert "Pay within 30 days" in (live_text(world, TERMS) or "")


def test_an_upload_of_its_own_is_not_replaced_by_an_attachment_of_its_name(world: World) -> None:
    world.upload(TERMS, "# My own terms\n\nNever pay.\n")
    world.run()
    upload(FIRST)(world)
    delete(world)
    world.check()
    assert "Never pay" in (live_text(world, TERMS) or "")


SCENARIOS: dict[str, tuple[list[Step], Step, str | None, bool]] = {
    # What is before, what each fault hits, what the workbook says in the end, whether the terms are there in the end.
    "create": ([], upload(FIRST), "Users: 900", True),
    "change": ([upload(FIRST)], upload(SECOND), "Users: 950", False),
    "delete": ([upload(FIRST)], delete, None, False),
}


def run(name: str, fault: tuple[int, str] | None = None) -> tuple[World, int]:
    before, act, _, _ = SCENARIOS[name]
    world = World()
    for step in before:
        step(world)
    start = world.faults.calls
    if fault is not None:
        world.faults.plan = {start + fault[0]: fault[1]}
    act(world)
    world.clock.advance(timedelta(minutes=6))
    world.attempt("check_health", {})
    return world, world.faults.calls - start


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.failure(7, 26)
def test_every_call_of_a_mail_may_fail(name: str) -> None:
    _, total = run(name)
    everything = os.environ.get("CRASH_POINTS") == "all"
    for number in range(0, total, 1 if everything else 2):
        for kind in KINDS if everything else (KINDS[number // 2 % 2],):
            world, _ = run(name, (number, kind))
            come_to_rest(world)
            world.check()
            _, _, prices, terms = SCENARIOS[name]
            where = f"{name}, call {number} {kind}"
            assert (prices or "") in (live_text(world, PRICES) or ""), where
            assert (live_text(world, PRICES) is None) is (prices is None), where
            assert (live_text(world, TERMS) is not None) is terms, where
            assert versions(world, PRICES) <= 3, where
