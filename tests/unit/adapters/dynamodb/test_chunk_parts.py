"""The parts of a chunk as they are stored: they come back as they were, every text once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portfolio_rag.adapters.dynamodb.chunk_parts import decode_parts, encode_parts
from portfolio_rag.domain.blocks import Recognition
from portfolio_rag.domain.chunks import BlockKind, ChunkPart

headings = st.lists(st.sampled_from(["A", "B", "C"]), max_size=4).map(tuple)
lead_ins = st.sampled_from(["", "A", "As follows:"])
parts = st.lists(st.builds(ChunkPart, st.integers(0, 10**5), headings, lead_ins, st.sampled_from(BlockKind)))


@given(parts)
def test_parts_come_back_as_they_were(written: list[ChunkPart]) -> None:
    assert decode_parts(encode_parts(written)) == tuple(written)


def test_a_row_from_before_there_were_parts_has_none() -> None:
    assert decode_parts(None) == ()


def test_a_heading_is_stored_once_however_many_stand_under_it() -> None:
    written = [ChunkPart(start, ("Plans", f"Plan {start}")) for start in range(50)]
    assert encode_parts(written).count('"Plans"') == 1


def test_pages_and_places_on_scans_come_back() -> None:
    written = (
        ChunkPart(0, ("Fees",), page=2, recognition=Recognition(0.9731, (0.1, 0.25, 0.9, 0.2875))),
        ChunkPart(40, ("Fees",), page=3),
    )
    assert decode_parts(encode_parts(written)) == written
