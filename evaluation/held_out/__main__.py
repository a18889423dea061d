"""`python -m evaluation.held_out`: how they are answered, figure by figure."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from evaluation import held_out, repositories
from evaluation.workbench import STATE, open_embedder, open_reader, open_tokenizer


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m evaluation.held_out", description=held_out.__doc__)
    parser.add_argument("--documents", default=repositories.GITHUB, help="where the repositories of the documents are")
    options = parser.parse_args(arguments)
    listed = repositories.load_documents(held_out.DOCUMENTS)
    texts = repositories.fetch(listed, STATE / "held_out", options.documents)
    embedder, tokenizer, reader = open_embedder(), open_tokenizer(), open_reader()
    for name in held_out.SETS:
        own = {document: text for document, text in texts.items() if document.startswith(f"{name}/")}
        figures = held_out.measure(own, held_out.load_questions(name), embedder, tokenizer, reader)
        print(f"{name}: {len(own)} documents")
        for what, figure in figures.items():
            print(f"  {what}: {figure:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
