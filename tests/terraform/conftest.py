from __future__ import annotations

import pytest

from tests.terraform.plan import Plan, plan, working_copy


@pytest.fixture(scope="session")
def planned() -> Plan:
    """What the project's Terraform would make."""
    with working_copy() as terraform:
        return plan(terraform)
