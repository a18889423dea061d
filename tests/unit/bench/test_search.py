"""What the benchmark of the search counts, and the pages that it searches."""

from __future__ import annotations

from bench.aws_reference import _of_service
from bench.search import _recall, keep
from bench.search_report import targets_of


def test_recall_is_told_by_cosines_so_that_equal_vectors_count_once_each() -> None:
    exact = [[0.9, 0.8, 0.8, 0.7], [0.5, 0.4, 0.3, 0.2]]
    assert _recall([[0.9, 0.8], [0.5, 0.4]], exact, 2) == 1.0
    assert _recall([[0.9, 0.7], [0.4, 0.3]], exact, 2) == 0.5
    assert _recall([[0.9]], [[0.9]], 5) == 1.0
    assert _recall([[]], [[]], 5) == 1.0


def test_a_page_is_an_operation_or_a_type_with_text_enough() -> None:
    long = "<p>Keeps messages &amp; hands them out.</p>" * 10
    model = {
        "metadata": {
            "serviceId": "SQS",
            "serviceFullName": "Amazon SQS",
            "apiVersion": "2012-11-05",
            "protocol": "json",
        },
        "operations": {"ReceiveMessage": {"documentation": long}},
        "shapes": {
            "Message": {"documentation": "", "members": {"Body": {"documentation": long}, "Empty": {}}},
            "Short": {"documentation": "<p>Short.</p>"},
        },
    }
    one, other = _of_service(model)
    assert one.document.name == "sqs/2012-11-05/operations/ReceiveMessage.md"
    assert one.document.data.decode().startswith("# Amazon SQS: ReceiveMessage\n\nKeeps messages & hands them out.")
    assert one.attributes["year"] == 2012
    assert one.attributes["words"] == ["Message", "Receive"]
    assert "## Body" in other.document.data.decode()
    assert other.attributes["kind"] == "shapes"


def test_the_promises_are_for_a_hundred_thousand_windows_whatever_else_was_measured() -> None:
    def size(windows: int, milliseconds: float) -> dict[str, object]:
        found = {"p50_ms": milliseconds, "p99_ms": milliseconds}
        filters = {"few": {"search": {"p50_ms": 2 * milliseconds}, "recall@5": 0.99}}
        dense = {"shipped (Chroma over HTTP)": {**found, "recall@5": 0.97}}
        return {"windows": windows, "search": found, "filters": filters, "dense": dense}

    sizes = {"1000": size(1005, 5), "100000": size(100_008, 15), "1000000": size(1_000_004, 500)}
    recall, filtered, whole, ratio = targets_of({"sizes": sizes})
    assert (recall.measured, recall.met) == (0.97, False)
    assert (filtered.measured, filtered.met) == (0.99, True)
    assert (whole.measured, whole.met) == (15, True)
    assert (ratio.measured, ratio.met) == (2, True)


def test_what_was_measured_by_hand_is_kept_with_its_date_until_it_is_measured_again() -> None:
    before = {
        "commit": "abc1234",
        "date": "2026-11-20",
        "result": {"sizes": {"1000": {"windows": 1005}, "100000": {"windows": 1}, "1000000": {"windows": 1_000_004}}},
    }
    kept = keep(before, {"questions": 3, "sizes": {"1000": {"windows": 1006}}})
    by_hand = {"measured": "`abc1234` on 2026-11-20", "windows": 1_000_004}
    assert kept == {"questions": 3, "sizes": {"1000": {"windows": 1006}, "1000000": by_hand}}
    later = {"commit": "def5678", "date": "2026-11-22", "result": kept}
    assert keep(later, {"sizes": {}})["sizes"] == {"1000000": by_hand}
    assert keep(later, {"sizes": {"1000000": {"windows": 7}}})["sizes"] == {"1000000": {"windows": 7}}
