"""The evaluation sets as documents and questions. Nothing of them is copied into the project."""

from __future__ import annotations

import gzip
import json
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portfolio_rag.domain.errors import ConfigurationError

FILES = {
    "aws_qa": ("*.tar.gz", "questions.jsonl"),
    "chunking": ("*.md", "questions.jsonl"),
    "rgb_fact": ("en_fact.jsonl",),
    "scifact": ("claims_dev.jsonl", "claims_train.jsonl", "corpus.jsonl.gz"),
    "squad2": ("passages.jsonl", "questions.jsonl"),
    "wice": ("claims.jsonl.gz",),
}
"""What the folder of each set holds, as patterns of file names."""


@dataclass(frozen=True, slots=True)
class EvalDocument:
    """A document as it would be uploaded. `group` is what is left out to make a question unanswerable."""

    name: str
    data: bytes
    group: str


@dataclass(frozen=True, slots=True)
class EvalQuestion:
    """A question with the documents that hold its answer (`relevant`, by name) and the answers that are right.

    `adversarial` ones were written to look answerable from their document, and are not. `gist` is the answer as whoever
    wrote it put it, which the document may say in other words.
    """

    id: str
    text: str
    relevant: frozenset[str]
    group: str
    answers: tuple[str, ...] = ()
    adversarial: bool = False
    gist: str = ""


@dataclass(frozen=True, slots=True)
class EvalSet:
    name: str
    documents: list[EvalDocument]
    questions: list[EvalQuestion]


def data_directory(env: Mapping[str, str] | None = None) -> Path:
    """Where the sets lie: `EVAL_DATA`, or `eval` in a folder `shared` beside the project.

    Raises ConfigurationError when there is no such directory.
    """
    named = (os.environ if env is None else env).get("EVAL_DATA", "")
    directory = Path(named) if named else Path(__file__).resolve().parents[1].parent / "shared" / "eval"
    if not directory.is_dir():
        raise ConfigurationError(f"There are no evaluation sets in {directory}. Set EVAL_DATA to their directory.")
    return directory


def present_sets(directory: Path) -> frozenset[str]:
    """The sets that lie in the directory with all their files."""
    return frozenset(
        name for name, patterns in FILES.items() if all(any((directory / name).glob(pattern)) for pattern in patterns)
    )


def load(name: str, directory: Path | None = None) -> EvalSet:
    """One of `aws_qa`, `aws_qa_fifth`, `squad2`, `scifact`, `scifact_train`."""
    directory = directory or data_directory()
    return _LOADERS[name](directory)


def _aws_qa(directory: Path) -> EvalSet:
    documents = []
    for archive in sorted((directory / "aws_qa").glob("*.tar.gz")):
        with tarfile.open(archive) as tar:
            for member in tar:
                name = member.name.removeprefix("./")
                file = tar.extractfile(member) if name.endswith(".md") and "/doc_source/" in name else None
                if file is not None:
                    documents.append(EvalDocument(name, file.read(), name.partition("/")[0]))
    questions = [
        EvalQuestion(
            row["id"],
            row["question"],
            frozenset([row["document"]]),
            row["document"].partition("/")[0],
            (row["answer"],) if row["answer_verbatim_in_document"] else (),
            gist=row["answer"],
        )
        for row in rows(directory / "aws_qa" / "questions.jsonl")
    ]
    return EvalSet("aws_qa", documents, questions)


def _aws_qa_fifth(directory: Path) -> EvalSet:
    """Every fifth document, and those that hold answers: small enough for a baseline with vectors of its own."""
    whole = _aws_qa(directory)
    gold = {name for question in whole.questions for name in question.relevant}
    kept = [one for place, one in enumerate(whole.documents) if place % 5 == 0 or one.name in gold]
    return EvalSet("aws_qa_fifth", kept, whole.questions)


def _squad2(directory: Path) -> EvalSet:
    documents = [
        EvalDocument(f"{row['id']}.txt", row["text"].encode(), row["title"])
        for row in rows(directory / "squad2" / "passages.jsonl")
    ]
    questions = [
        EvalQuestion(
            row["id"],
            row["question"],
            frozenset([f"{row['passage_id']}.txt"]),
            row["passage_id"].partition("#")[0],
            tuple(row["answers"]),
            adversarial=not row["answerable"],
        )
        for row in rows(directory / "squad2" / "questions.jsonl")
    ]
    return EvalSet("squad2", documents, questions)


def _scifact(claims: str) -> Callable[[Path], EvalSet]:
    def loader(directory: Path) -> EvalSet:
        documents = [
            EvalDocument(
                f"{row['id']}.md", f"# {row['title']}\n\n{' '.join(row['sentences'])}".encode(), str(row["id"])
            )
            for row in rows(directory / "scifact" / "corpus.jsonl.gz")
        ]
        questions = [
            EvalQuestion(str(row["id"]), row["claim"], frozenset(f"{one}.md" for one in row["cited_doc_ids"]), "")
            for row in rows(directory / "scifact" / claims)
        ]
        return EvalSet("scifact", documents, questions)

    return loader


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a JSONL file, also a compressed one."""
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    for line in text.decode().split("\n"):
        if line:
            yield json.loads(line)


_LOADERS: dict[str, Callable[[Path], EvalSet]] = {
    "aws_qa": _aws_qa,
    "aws_qa_fifth": _aws_qa_fifth,
    "squad2": _squad2,
    "scifact": _scifact("claims_dev.jsonl"),
    "scifact_train": _scifact("claims_train.jsonl"),
}
