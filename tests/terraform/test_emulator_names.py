"""Plain `tflocal apply` where LocalStack's names for S3 do not resolve: the plan names the two variables that help."""

from __future__ import annotations

import pytest

from portfolio_rag.local.errors import StackError
from tests.terraform.plan import working_copy


@pytest.mark.parametrize("host", ["127.0.0.1:4566", "s3.localhost.localstack.cloud:4566"])
def test_names_that_may_not_resolve_are_told_with_the_variables_that_avoid_them(host: str) -> None:
    # As tflocal 0.27.0 writes it for as long as it runs, as far as it matters here.
    override = f'provider "aws" {{\n  endpoints {{\n    s3 = "http://{host}"\n  }}\n}}\n'
    arguments = ["test", "-no-color", "-filter=tests/planned.tftest.hcl"]
    with working_copy() as terraform:
        (terraform.work / "localstack_providers_override.tf").write_text(override)
        if host.startswith("127."):
            terraform.run(arguments)
            return
        with pytest.raises(StackError) as failed:
            terraform.run(arguments)
    told = " ".join(str(failed.value).replace("│", " ").split())
    assert "S3_HOSTNAME=127.0.0.1" in told
    assert "AWS_ENDPOINT_URL=http://127.0.0.1:4566" in told
