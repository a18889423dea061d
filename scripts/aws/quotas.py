"""What an account must allow before it is deployed to; new accounts have less than the documented defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError


@dataclass(frozen=True, slots=True)
class Quota:
    """`needed` is what a deployment adds; `used` counts what there is already, where that can be asked."""

    service: str
    code: str
    what: str
    needed: int
    used: Callable[[Any], int] | None = None


def shortages(session: Any, *, maximum_tasks: int) -> Iterator[str]:
    """A sentence for each quota that is too small, with where to ask for more; none where a quota cannot be read."""
    quotas = session.client("service-quotas")
    for quota in _quotas(maximum_tasks):
        try:
            allowed = quotas.get_service_quota(ServiceCode=quota.service, QuotaCode=quota.code)["Quota"]["Value"]
        except ClientError as error:
            yield f"{quota.what}: the quota could not be read ({error.response['Error']['Code']})."
            continue
        used = quota.used(session) if quota.used else 0
        if used + quota.needed > allowed:
            yield (
                f"{quota.what}: {used} in use, {quota.needed} more needed, {allowed:.0f} allowed. Ask for more: "
                f"aws service-quotas request-service-quota-increase --service-code {quota.service} "
                f"--quota-code {quota.code} --desired-value {used + quota.needed}"
            )


def _quotas(maximum_tasks: int) -> list[Quota]:
    return [
        # Two queues feed ten invocations each; an account that is new has ten in all.
        Quota("lambda", "L-B99A9384", "Concurrent executions of Lambda", 30),
        Quota("vpc", "L-F678F1CE", "VPCs", 1, lambda session: len(session.client("ec2").describe_vpcs()["Vpcs"])),
        Quota(
            "ec2",
            "L-0263D0A3",
            "Elastic IP addresses",
            1,
            lambda session: len(session.client("ec2").describe_addresses()["Addresses"]),
        ),
        # While a version is rolled out there are twice as many.
        Quota("fargate", "L-3032A538", "vCPUs of Fargate", 2 * maximum_tasks),
        Quota("ec2", "L-1216C47A", "vCPUs of standard EC2 instances", 2),
    ]
