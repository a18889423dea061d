"""An index of words in a folder: which chunks hold a term, and how often. Only numbers are stored, no text.

Frequencies are kept without positions: a chunk's rank asks for no more, and pairs of words are weighed in its text.
"""

from __future__ import annotations

import json
import logging
import shutil
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import tantivy

from portfolio_rag.domain.errors import PortfolioRagError

_log = logging.getLogger(__name__)

_CHUNK, _DOCUMENT, _WORDS, _WHOLES = "chunk", "document", "words", "wholes"
_WHOLE_BOOST = 0.3
"""Of a compound that is there as a whole, when its parts count already."""
_KEPT = {_WORDS: "freq", _WHOLES: "basic"}
"""Frequencies of words; of a whole only that it is there."""

_WRITER_BYTES = 32_000_000
"""Of terms in memory before they are written to a segment; a batch is far smaller."""

_FOOTER_LENGTHS = 8
"""Bytes at the end of each file: the length of the footer before them, and a mark; four each, little-endian."""


class WordIndexDamaged(PortfolioRagError):
    """The folder cannot be read or written as it is."""

    title = "The index of words is damaged"
    retryable = True


class ChunkTerms(NamedTuple):
    """Numbers of a chunk and of its document, the terms of its text in order, and the wholes of its compounds.

    None of them has white space in it.
    """

    chunk: int
    document: int
    terms: Sequence[str]
    wholes: Sequence[str]


class WordIndex:
    """Safe from several threads, one of which writes. Raises WordIndexDamaged.

    `is_new`: there was nothing to open, or it was damaged: everything has to be added again.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._schema = _schema()
        self._writing = threading.Lock()
        self._writer: tantivy.IndexWriter | None = None
        self.is_new = not _is_sound(folder)
        if not self.is_new:
            try:
                self._index = self._opened()
            except WordIndexDamaged as error:
                _log.warning("The index of words %s cannot be opened and will be built anew: %s", folder.name, error)
                self.is_new = True
        if self.is_new:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            self._index = self._opened()

    def _opened(self) -> tantivy.Index:
        with _translated():
            index = tantivy.Index(self._schema, str(self._folder))
            # Commits are this process's own: no thread has to look for those of others.
            index.config_reader("manual")
            index.reload()
            return index

    def close(self) -> None:
        """Let another object write to the folder."""
        with self._writing:
            self._forget_writer()

    def count(self) -> int:
        """How many chunks there are."""
        with _translated():
            return int(self._index.searcher().num_docs)

    def frequencies(self, terms: Iterable[str]) -> dict[str, int]:
        """In how many chunks each term is; those that were replaced count until Tantivy merges their segment."""
        with _translated():
            searcher = self._index.searcher()
            return {term: int(searcher.doc_freq(_WORDS, term)) for term in terms}

    def search(
        self, terms: Sequence[str], wholes: Sequence[str], *, limit: int, documents: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """Number and BM25 of at most `limit` chunks with at least one of the terms or wholes, best first.

        What is a word here may be a compound there, and the other way round. `documents`: numbers of the documents that
        they may be of.
        """
        with _translated():
            query = tantivy.Query.boolean_query(
                [
                    *(self._holds(_WORDS, term) for term in {*terms, *wholes}),
                    *(self._holds(_WHOLES, term) for term in terms),
                    *(self._holds(_WHOLES, whole, _WHOLE_BOOST) for whole in wholes if whole not in terms),
                ]
            )
            if documents is not None:
                of_documents = tantivy.Query.term_set_query(self._schema, _DOCUMENT, documents)
                within = tantivy.Query.const_score_query(of_documents, 0.0)
                query = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, within)])
            searcher = self._index.searcher()
            hits = searcher.search(query, limit, count=False).hits
            numbers = searcher.fast_field_values(_CHUNK, [address for _, address in hits])
            return [(int(number or 0), float(score)) for number, (score, _) in zip(numbers, hits, strict=True)]

    def _holds(self, field: str, term: str, boost: float = 1.0) -> tuple[tantivy.Occur, tantivy.Query]:
        query = tantivy.Query.term_query(self._schema, field, term, _KEPT[field])
        return tantivy.Occur.Should, tantivy.Query.boost_query(query, boost) if boost != 1.0 else query

    def update(self, documents: Iterable[int], chunks: Iterable[ChunkTerms]) -> None:
        """Put the chunks in the place of all that is there of those documents; found and on disk when this returns."""
        with self._written() as writer:
            for document in documents:
                writer.delete_documents_by_term(_DOCUMENT, document)
            for chunk in chunks:
                stored = tantivy.Document()
                stored.add_integer(_CHUNK, chunk.chunk)
                stored.add_integer(_DOCUMENT, chunk.document)
                stored.add_text(_WORDS, " ".join(chunk.terms))
                stored.add_text(_WHOLES, " ".join(chunk.wholes))
                writer.add_document(stored)

    def remove_after(self, chunk: int) -> None:
        """Remove the chunks with a higher number."""
        later = tantivy.Query.range_query(
            self._schema, _CHUNK, tantivy.FieldType.Integer, lower_bound=chunk, include_lower=False
        )
        with _translated():
            if not self._index.searcher().search(later, 1).hits:
                return
        with self._written() as writer:
            writer.delete_documents_by_query(later)

    @contextmanager
    def _written(self) -> Iterator[tantivy.IndexWriter]:
        """A writer, whose work is committed and seen by the next search, or undone."""
        with self._writing, _translated():
            if self._writer is None:
                self._writer = self._index.writer(_WRITER_BYTES, 1)
            try:
                yield self._writer
                self._writer.commit()
            except BaseException:
                # A writer that failed takes no more: the next one begins at the last commit.
                self._forget_writer()
                raise
            self._index.reload()

    def _forget_writer(self) -> None:
        """Dropped with what it has not committed; its lock goes with it, and its threads end at their next turn."""
        self._writer = None


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    # Signed: of unsigned numbers nothing is deleted by term (findings/tantivy-unsigned-deletes.sh).
    builder.add_integer_field(_CHUNK, indexed=True, fast=True)
    builder.add_integer_field(_DOCUMENT, indexed=True)
    # Split at white space alone, and nothing left out: the terms come ready made.
    for field, kept in _KEPT.items():
        builder.add_text_field(field, tokenizer_name="whitespace", index_option=kept)
    return builder.build()


@contextmanager
def _translated() -> Iterator[None]:
    """Tantivy raises ValueError and OSError, and for a panic of its own what is not even an Exception."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise WordIndexDamaged(f"Tantivy failed: {error}") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise WordIndexDamaged(f"Tantivy panicked: {error}") from error


def _is_sound(folder: Path) -> bool:
    """Whether there is an index with all files of its segments, as they were written.

    Tantivy notices at opening what is missing or cut short, and nothing of what is wrong inside a file, although each
    ends with its checksum: a process that read on would find too little, or be killed for an address out of its map.
    """
    try:
        meta = json.loads((folder / "meta.json").read_bytes())
        for segment in meta["segments"]:
            for path in _files_of(folder, segment):
                _check(path)
    except FileNotFoundError:
        return False
    except (OSError, ValueError, KeyError, TypeError) as error:
        _log.warning("The index of words %s is damaged and will be built anew: %s", folder.name, error)
        return False
    return True


def _files_of(folder: Path, segment: Mapping[str, object]) -> Iterator[Path]:
    name = str(segment["segment_id"]).replace("-", "")
    for extension in ("idx", "pos", "term", "store", "fast", "fieldnorm"):
        yield folder / f"{name}.{extension}"
    deletes = segment["deletes"]
    if isinstance(deletes, Mapping):
        yield folder / f"{name}.{deletes['opstamp']}.del"


def _check(path: Path) -> None:
    """Raises ValueError where the checksum in the footer is not that of what is before it."""
    content = path.read_bytes()
    length = int.from_bytes(content[-_FOOTER_LENGTHS : -_FOOTER_LENGTHS + 4], "little")
    body_end = len(content) - _FOOTER_LENGTHS - length
    footer = json.loads(content[max(0, body_end) : -_FOOTER_LENGTHS])
    if zlib.crc32(content[:body_end]) != footer["crc"]:
        raise ValueError(f"{path.name} has another checksum than it was written with.")
