"""`make test-terraform`: formatting, validation and Terraform's own tests, in a copy that leaves the tree clean."""

from __future__ import annotations

import os
import sys

from portfolio_rag.domain.errors import PortfolioRagError
from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.preflight import check_terraform
from portfolio_rag.local.terraform import Terraform, plugin_environment


def main() -> int:
    """Returns the exit status: 0, or 1 with Terraform's words on standard error."""
    try:
        check()
    except PortfolioRagError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def check() -> None:
    """Raises StackError with Terraform's words at the first thing that is wrong."""
    config = StackConfig.load()
    environment = plugin_environment(dict(os.environ), config.project)
    print(f"Terraform {check_terraform(environment)}", flush=True)
    terraform = Terraform(
        source=config.project / "terraform",
        work=config.project / ".portfolio" / "cache" / "terraform-check",
        environment=environment,
    )
    terraform.prepare(backend=False)
    for arguments in (["fmt", "-check", "-diff", "-recursive"], ["validate", "-no-color"], ["test", "-no-color"]):
        print(f"terraform {' '.join(arguments)}", flush=True)
        print(terraform.run(arguments), flush=True)


if __name__ == "__main__":
    sys.exit(main())
