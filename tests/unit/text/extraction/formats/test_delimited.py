"""CSV and TSV: whatever stands between the fields, each record with the names of its columns."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portfolio_rag.domain.errors import DocumentRejected, FailureReason
from portfolio_rag.text.extraction.document import ExtractedDocument

Read = Callable[..., ExtractedDocument]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Port,Depth\nOslo,11\nRiga,8\n", "Port: Oslo | Depth: 11\nPort: Riga | Depth: 8"),
        ("Port;Depth\nOslo;11,5\nRiga;8,25\n", "Port: Oslo | Depth: 11,5\nPort: Riga | Depth: 8,25"),
        ("Port\tDepth\nOslo\t11\n", "Port: Oslo | Depth: 11"),
        ("Port|Depth\nOslo|11\n", "Port: Oslo | Depth: 11"),
        ("sep=;\nPort;Depth\nOslo;11\n", "Port: Oslo | Depth: 11"),
        ("\ufeffPort,Depth\r\nOslo,11\r\n", "Port: Oslo | Depth: 11"),
        ('Port,Note\nOslo,"deep, and ""wide""\nat all tides"\n', 'Port: Oslo | Note: deep, and "wide" at all tides'),
        (
            "Port,Depth,Ice\nOslo,11\nRiga,8,yes,late\n,,\n",
            "Port: Oslo | Depth: 11\nPort: Riga | Depth: 8 | Ice: yes | late",
        ),
        ("Code,Land\nNA,Namibia\n00417,Nowhere\n", "Code: NA | Land: Namibia\nCode: 00417 | Land: Nowhere"),
        ("Country,2024,2025\nNorway,410,455\n", "Country: Norway | 2024: 410 | 2025: 455"),
        ("Oslo,11,yes\nRiga,8,yes\n", "Oslo | 11 | yes\nRiga | 8 | yes"),
        ("2026-01-01;5;6\n2026-01-02;7;8\n", "2026-01-01 | 5 | 6\n2026-01-02 | 7 | 8"),
        ("Harbour list 2026\nPort,Depth\nOslo,11\n", "Harbour list 2026\n\nPort: Oslo | Depth: 11"),
        ("Port,Depth\n", "Port | Depth"),
    ],
)
def test_records(read: Read, source: str, text: str) -> None:
    assert read(source, "a.csv").text == text


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-8-sig"])
def test_encodings(read: Read, encoding: str) -> None:
    source = "Länder;Größe\nÖsterreich;8\n".encode(encoding)
    assert read(source, "a.csv").text == "Länder: Österreich | Größe: 8"


@pytest.mark.parametrize("source", ["apples\npears\n", "1,5\n2,25\n", "one sentence, with a comma.\n\nAnd another.\n"])
def test_one_column_is_text(read: Read, source: str) -> None:
    extracted = read(source, "a.csv")
    assert extracted.file_type == "csv"
    assert extracted.text == source.strip()
    assert {str(block.kind) for block in extracted.blocks} == {"paragraph"}


def test_tsv_keeps_its_type_and_its_commas(read: Read) -> None:
    extracted = read("Name\tPlace\nEk, Ann\tOslo, Norway\n", "a.tsv")
    assert extracted.file_type == "tsv"
    assert extracted.text == "Name: Ek, Ann | Place: Oslo, Norway"


def test_a_hundred_thousand_records(read: Read) -> None:
    rows = "".join(f"{n},Port {n},{n % 90}.5\n" for n in range(100_000))
    extracted = read("id,name,depth\n" + rows, "a.csv", max_characters=20_000_000)
    assert extracted.text.count("\nid: ") == 99_999
    assert extracted.text.endswith("id: 99999 | name: Port 99999 | depth: 9.5")
    assert len(extracted.blocks) == 50


def test_names_above_every_few_rows_where_each_has_no_room_for_them(read: Read) -> None:
    rows = "".join(f"{n},Port {n}\n" for n in range(100))
    text = read("number of the port,name of the port\n" + rows, "a.csv", max_characters=2500).text
    assert text.count("number of the port | name of the port\n") == 10
    assert "\n57 | Port 57\n" in text


def test_a_quotation_that_never_ends_swallows_nothing(read: Read) -> None:
    rows = "".join(f"{n},pipe\n" for n in range(2000))
    text = read('id,what\n1,"5 inch\n' + rows, "a.csv").text
    assert 'id: 1 | what: "5 inch' in text
    assert "id: 1999 | what: pipe" in text


def test_too_much(read: Read) -> None:
    with pytest.raises(DocumentRejected) as rejected:
        read("a,b\n" + "1,2\n" * 1000, "a.csv", max_characters=500)
    assert rejected.value.reason is FailureReason.LIMIT_EXCEEDED


def test_rows_above_the_names_of_the_columns(read: Read) -> None:
    source = "Report;Harbour;;\nPeriod:;Q1;;\n;;;\nBoat;Berth;Paid;Note\nWren;12;yes;ok\nTern;14;no;late\n"
    text = read(source, "a.csv").text
    assert text.startswith("Report: Harbour\nPeriod: Q1\n\n")
    assert text.endswith(
        "Boat: Wren | Berth: 12 | Paid: yes | Note: ok\nBoat: Tern | Berth: 14 | Paid: no | Note: late"
    )
