"""The full-text side of retrieval: BM25 over chunks by Tantivy, with texts and attributes in the SQLite file beside it.

SQLite is written first and knows what the words do not have yet, so that whatever ends a process between the two is
made good from the texts that are here. A query reads the postings of its words, and looks into the texts of the chunks
that it finds (`bench/search.py`).
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

from portfolio_rag.adapters.sqlite.file import SqliteFile
from portfolio_rag.adapters.sqlite.indexed_chunks import IndexedChunks, IndexedText, SearchedText
from portfolio_rag.adapters.sqlite.vector_replica import SqliteVectorReplica
from portfolio_rag.adapters.tantivy.analysis import fold, query_terms, query_wholes, text_terms, text_wholes
from portfolio_rag.adapters.tantivy.window_scores import window_scores
from portfolio_rag.adapters.tantivy.word_index import ChunkTerms, WordIndex, WordIndexDamaged
from portfolio_rag.domain.chunks import Chunk
from portfolio_rag.domain.document_query import DocumentQuery
from portfolio_rag.domain.documents import DocumentVersion
from portfolio_rag.domain.filters import Filter
from portfolio_rag.ports.document_index import DocumentPlace
from portfolio_rag.ports.full_text_index import FullTextHit

_log = logging.getLogger(__name__)

_SPARE = 4
"""Times as many chunks are asked for first, where there is a filter."""

_COMMIT = 200
"""Documents whose words are written in one commit, which costs some 30 ms, whatever it holds."""


class TantivyFullTextIndex:
    """`ports.FullTextIndex` in the file at `path` and a folder beside it; what is damaged is begun anew.

    `replica` keeps a replica of the windows' vectors in the same file. Raises FileInUse where another process has it.
    """

    def __init__(self, path: str | Path) -> None:
        self._file = SqliteFile(path)
        self._chunks = IndexedChunks(self._file)
        self.replica = SqliteVectorReplica(self._file)
        self._writing = threading.Lock()
        self._is_doubtful = False
        self._words = self._opened()

    def close(self) -> None:
        """Let another object have the files."""
        self._words.close()
        self._file.close()

    def search(self, query: str, *, limit: int, where: Filter | None = None) -> list[FullTextHit]:
        terms = query_terms(query)
        words = self._words
        if not terms or words.is_new:
            return []
        try:
            chunks = words.count()
            frequencies = words.frequencies(terms)
            hits = self._hits(words, terms, query_wholes(query), limit, where)
        except WordIndexDamaged as error:
            _log.warning("Nothing is found by words until their index is built anew: %s", error)
            self._is_doubtful = True
            return []
        indexed = self._chunks.chunks([number for number, _ in hits])
        weighted = [(word, _weight(frequencies[word], chunks)) for word in terms]
        found = []
        for number, score in hits:
            # One that is missing was removed in between, and its words are about to be.
            if chunk := indexed.get(number):
                windows = tuple(window_scores(weighted, chunk.searched))
                found.append(FullTextHit(chunk.chunk_id, chunk.document_id, chunk.version, score, windows))
        return found

    def _hits(
        self, words: WordIndex, terms: list[str], wholes: list[str], limit: int, where: Filter | None
    ) -> list[tuple[int, float]]:
        """Numbers and scores of the best chunks that pass.

        Where many pass, they are among the best of all, and which documents pass need not be known.
        """
        if where is None:
            return words.search(terms, wholes, limit=limit)
        hits = words.search(terms, wholes, limit=_SPARE * limit)
        passing = self._chunks.chunks_passing([number for number, _ in hits], where)
        kept = [hit for hit in hits if hit[0] in passing]
        if len(kept) >= limit or len(hits) < _SPARE * limit:
            return kept[:limit]
        return words.search(terms, wholes, limit=limit, documents=self._chunks.passing(where))

    def index(self, documents: Sequence[tuple[DocumentVersion, Sequence[Chunk]]]) -> None:
        with self._writing:
            self._chunks.replace(
                (version, [(chunk.chunk_id, _searched(chunk)) for chunk in chunks]) for version, chunks in documents
            )
            self._index_all()

    def remove(self, document_ids: Iterable[str]) -> None:
        with self._writing:
            self._chunks.remove(document_ids)
            self._index_all()

    def repair(self) -> bool:
        with self._writing:
            if self._is_doubtful:
                self._words.close()
                self._words = self._opened()
                self._is_doubtful = False
            return self._index_some()

    def documents(self, query: DocumentQuery, *, limit: int, after: DocumentPlace | None = None) -> list[DocumentPlace]:
        return self._chunks.documents(query, limit=limit, after=after)

    def versions(self) -> dict[str, int]:
        return self._chunks.versions()

    def _opened(self) -> WordIndex:
        words = WordIndex(self._file.words_folder)
        if words.is_new:
            self._chunks.mark_all_unindexed()
        # What a power cut took from the file and not from the words.
        words.remove_after(self._chunks.last_chunk())
        words.is_new = words.is_new and bool(self._chunks.unindexed(1))
        return words

    def _index_all(self) -> None:
        while self._index_some():
            pass

    def _index_some(self) -> bool:
        """One commit of what the words do not have yet; whether there was any."""
        documents = self._chunks.unindexed(_COMMIT)
        if not documents:
            self._words.is_new = False
            return False
        try:
            self._words.update(documents, map(_terms_of, self._chunks.texts(documents)))
        except WordIndexDamaged:
            self._is_doubtful = True
            raise
        self._chunks.mark_indexed(documents)
        return True


def _searched(chunk: Chunk) -> SearchedText:
    """The headings and what is the chunk's own, folded, with its windows in that text.

    The overlap that a chunk begins with is the text of the chunk before, and found there.
    """
    heading = fold("\n".join((*chunk.heading_path, "")))
    pieces, windows, length, last = [heading], [], len(heading), chunk.windows[0][0] if chunk.windows else 0
    for start, end in chunk.windows:
        # Folded piece by piece, as folding moves what is behind.
        between, own = fold(chunk.content[last:start]), fold(chunk.content[start:end])
        pieces += [between, own]
        windows.append((length + len(between), length + len(between) + len(own)))
        length, last = windows[-1][1], end
    return SearchedText("".join([*pieces, fold(chunk.content[last:])]), len(heading), windows)


def _terms_of(text: IndexedText) -> ChunkTerms:
    return ChunkTerms(text.chunk, text.document, text_terms(text.text), text_wholes(text.text))


def _weight(frequency: int, chunks: int) -> float:
    """The inverse document frequency of BM25, above 0 for the commonest word too."""
    return math.log(1 + max(0.0, chunks - frequency + 0.5) / (frequency + 0.5))
