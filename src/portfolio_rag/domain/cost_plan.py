"""What a deployment on AWS costs a month, planned from its size: quantities of this design times dated prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

PRICED_ON: Final = "2026-03"
"""When these were AWS's on-demand prices in us-east-1, without the free tier: its public pricing pages."""

PRICES: Final[Mapping[str, float]] = {
    "Fargate vCPU-hour": 0.04048,
    "Fargate GB-hour": 0.004445,
    "Load balancer hour": 0.0225,
    "NAT gateway hour": 0.045,
    "NAT GB": 0.045,
    "Public IPv4 address hour": 0.005,
    "t3.medium hour": 0.0416,
    "m7i.xlarge hour": 0.2016,
    "gp3 GB-month": 0.08,
    "Snapshot GB-month": 0.05,
    "Lambda GB-second": 0.0000166667,
    "Lambda request": 0.0000002,
    "S3 GB-month": 0.023,
    "S3 write": 0.000005,
    "S3 read": 0.0000004,
    "DynamoDB write unit": 0.000000625,
    "DynamoDB read unit": 0.000000125,
    "DynamoDB GB-month": 0.25,
    "SQS request": 0.0000004,
    "CloudWatch metric-month": 0.30,
    "CloudWatch alarm-month": 0.10,
    "CloudWatch log GB": 0.50,
    "CloudWatch dashboard-month": 3.00,
    "Secret-month": 0.40,
    "Private zone-month": 0.50,
    "ECR GB-month": 0.10,
}
"""USD a unit."""

HOURS: Final = 730
"""A month, as AWS's calculator counts it."""

WINDOWS_PER_CHROMA_GB: Final = 400_000
"""Windows of 384 numbers in a GB of memory: four bytes each, and as much again for the graph, metadata and pages."""


@dataclass(frozen=True, slots=True)
class Size:
    """A deployment: `documents` held, `new_documents` ingested a month, `questions` asked a day.

    `windows` and `bytes` are of one document; the defaults are the means of AWS's own guides (docs/quality.md).
    """

    documents: int
    questions: int
    new_documents: int
    tasks: int = 1
    windows: float = 15.5
    bytes: float = 60_000

    @property
    def machine(self) -> str:
        """The smallest of two whose memory holds the index."""
        return "t3.medium" if self.documents * self.windows <= 3 * WINDOWS_PER_CHROMA_GB else "m7i.xlarge"


@dataclass(frozen=True, slots=True)
class Cost:
    """`items` in USD a month, by what they are for."""

    size: Size
    items: Mapping[str, float] = field(default_factory=dict)

    @property
    def total(self) -> float:
        return sum(self.items.values())


def plan_cost(size: Size) -> Cost:
    """What a deployment of this size costs a month; a language model's tokens are not in it."""
    chunks = size.windows / 3
    new, held = size.new_documents, size.documents
    asked = 30 * size.questions
    price = PRICES
    items = {
        "API (Fargate, 1 vCPU, 2 GB)": size.tasks * HOURS * (price["Fargate vCPU-hour"] + 2 * price["Fargate GB-hour"]),
        "Load balancer, addresses": HOURS * (price["Load balancer hour"] + 3 * price["Public IPv4 address hour"]),
        "NAT gateway": HOURS * price["NAT gateway hour"]
        # Vectors and text go by the gateway endpoints; queues, metrics and images do not.
        + price["NAT GB"] * (2 + (new * 0.0001) + asked * 0.00001),
        f"Chroma ({size.machine}, disk, snapshots)": HOURS * price[f"{size.machine} hour"]
        + 30 * price["gp3 GB-month"]
        + _index_gb(size) * 2 * price["Snapshot GB-month"],
        "Functions": _functions(size),
        "S3": held * size.bytes * 2 / 1e9 * price["S3 GB-month"]
        # The original, its move, its text's stages, its vectors; a delete is free.
        + new * 8 * price["S3 write"]
        + new * 8 * price["S3 read"],
        "DynamoDB": held * (4_000 + chunks * 4_500 + size.windows * 250) * 2 / 1e9 * price["DynamoDB GB-month"]
        # Rows are indexed: each write counts twice. A version changes some ten times.
        + new * (40 + chunks * 20 + size.windows) * price["DynamoDB write unit"]
        # A question reads the versions and chunks of its candidates, strongly consistent.
        + (asked * 60 + new * 40) * price["DynamoDB read unit"],
        # Lambda polls each of two queues over five connections, each open for 20 s.
        "SQS": (new * 12 + 2 * 5 * HOURS * 180) * price["SQS request"],
        "CloudWatch": 9 * price["CloudWatch metric-month"]
        + 4 * price["CloudWatch alarm-month"]
        + price["CloudWatch dashboard-month"]
        + (0.2 + (new * 4_000 + asked * 600) / 1e9) * price["CloudWatch log GB"],
        "Secrets, DNS, images": price["Secret-month"] + price["Private zone-month"] + 3 * price["ECR GB-month"],
    }
    return Cost(size, items)


def _index_gb(size: Size) -> float:
    return max(1.0, size.documents * size.windows / WINDOWS_PER_CHROMA_GB)


def _functions(size: Size) -> float:
    """Intake, processor and generator for each document; the check every five minutes; the nightly look."""
    gigabyte_seconds = size.new_documents * (0.5 * 0.4 + 1.73 * 1.0 + 1.73 * (0.3 + 0.025 * size.windows))
    checks = 12 * HOURS
    gigabyte_seconds += checks * 0.5 * 0.8 + 30 * 1.73 * 5
    requests = 4 * size.new_documents + checks + 30
    return gigabyte_seconds * PRICES["Lambda GB-second"] + requests * PRICES["Lambda request"]


SIZES: Final[Mapping[str, Size]] = {
    "idle": Size(documents=0, questions=0, new_documents=0),
    "1,000 documents, 10 questions a day": Size(documents=1_000, questions=10, new_documents=100),
    "100,000 documents, 10 questions a day": Size(documents=100_000, questions=10, new_documents=10_000),
    "100,000 documents, 1,000 questions a day": Size(documents=100_000, questions=1_000, new_documents=10_000, tasks=2),
}
"""Those of docs/aws.md: a tenth of the documents is new or changed each month."""
