"""From what a deployment holds and does to quantities that have a price: the one list behind plans and months."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from portfolio_rag.domain.aws_prices import PRICES

HOURS: Final = 730
"""A month, as AWS's calculator counts it."""

WINDOWS_PER_CHROMA_GB: Final = 400_000
"""Windows of 384 numbers in a GB of memory: four bytes each, and as much again for the graph, metadata and pages."""

WINDOWS_PER_CHUNK: Final = 3.0
"""A chunk is embedded in windows of 250 tokens; its last one is often short."""

SMALL_FUNCTION_GB: Final = 0.5
LARGE_FUNCTION_GB: Final = 1.73
"""Memory of the functions, as Terraform sets it: 512 MB, and 1,769 MB for one whole vCPU."""

FUNCTION_GB: Final[Mapping[str, float]] = {
    "document-intake": SMALL_FUNCTION_GB,
    "document-processor": LARGE_FUNCTION_GB,
    "embedding-generator": LARGE_FUNCTION_GB,
    "batch-reindex": LARGE_FUNCTION_GB,
    "check-health": SMALL_FUNCTION_GB,
}


@dataclass(frozen=True, slots=True)
class Activity:
    """What a deployment holds now, and what it did in `hours` of a month of `month_hours`.

    `held_bytes` are those of the originals. `tasks` of the API run; Chroma runs on a machine of its own, or not here
    (`own_chroma` false: Chroma Cloud).
    """

    hours: float
    documents: float
    held_bytes: float
    chunks: float
    windows: float
    new_documents: float
    new_chunks: float
    new_windows: float
    questions: float
    month_hours: float = HOURS
    tasks: int = 1
    own_chroma: bool = True

    @property
    def months(self) -> float:
        return self.hours / self.month_hours

    @property
    def machine(self) -> str:
        """The smallest of two whose memory holds the index."""
        return "t3.medium" if self.windows <= 3 * WINDOWS_PER_CHROMA_GB else "m7i.xlarge"


@dataclass(frozen=True, slots=True)
class Line:
    """`quantity` of what `price` names in PRICES; `item` is the group that plans show it in."""

    item: str
    price: str
    quantity: float

    @property
    def unit_price(self) -> float:
        """USD."""
        return PRICES[self.price]

    @property
    def usd(self) -> float:
        return self.quantity * self.unit_price


def cost_lines(activity: Activity) -> list[Line]:
    """All quantities, in an order that does not change; a language model's tokens are not among them."""
    lines = [*_machines(activity), *_functions(activity), *_stores(activity), *_watching(activity)]
    return [line for line in lines if activity.own_chroma or not line.item.startswith("Chroma")]


def _machines(activity: Activity) -> Iterator[Line]:
    hours, months = activity.hours, activity.months
    api = "API (Fargate, 1 vCPU, 2 GB)"
    yield Line(api, "Fargate vCPU-hour", activity.tasks * hours)
    yield Line(api, "Fargate GB-hour", activity.tasks * hours * 2)
    yield Line("Load balancer, addresses", "Load balancer hour", hours)
    yield Line("Load balancer, addresses", "Public IPv4 address hour", hours * 3)
    yield Line("NAT gateway", "NAT gateway hour", hours)
    # Vectors and text go by the gateway endpoints; queues, metrics and images do not.
    through_nat = 2 * months + activity.new_documents * 0.0001 + activity.questions * 0.00001
    yield Line("NAT gateway", "NAT gateway GB", through_nat)
    chroma = f"Chroma ({activity.machine}, disk, snapshots)"
    yield Line(chroma, f"EC2 {activity.machine} hour", hours)
    yield Line(chroma, "EBS gp3 GB-month", 30 * months)
    index_gb = max(1.0, activity.windows / WINDOWS_PER_CHROMA_GB)
    yield Line(chroma, "EBS snapshot GB-month", index_gb * 2 * months)


def _functions(activity: Activity) -> Iterator[Line]:
    """Intake, processor and generator for each document; the check every five minutes; the nightly look."""
    intake = SMALL_FUNCTION_GB * 0.4
    processor = LARGE_FUNCTION_GB * 1.0
    generator = LARGE_FUNCTION_GB * 0.3
    checks, nights = 12 * activity.hours, 30 * activity.months
    gigabyte_seconds = (
        activity.new_documents * (intake + processor + generator)
        + activity.new_windows * LARGE_FUNCTION_GB * 0.025
        + checks * SMALL_FUNCTION_GB * 0.8
        + nights * LARGE_FUNCTION_GB * 5
    )
    yield Line("Functions", "Lambda GB-second", gigabyte_seconds)
    yield Line("Functions", "Lambda request", 4 * activity.new_documents + checks + nights)


def _stores(activity: Activity) -> Iterator[Line]:
    new, months = activity.new_documents, activity.months
    # As much again for vectors and what was replaced.
    yield Line("S3", "S3 GB-month", activity.held_bytes * 2 / 1e9 * months)
    # The original, its move, its text's stages, its vectors; a delete is free.
    yield Line("S3", "S3 write", new * 8)
    yield Line("S3", "S3 read", new * 8)
    # Indexes and point-in-time recovery hold the rows once more.
    stored = activity.documents * 4_000 + activity.chunks * 4_500 + activity.windows * 250
    yield Line("DynamoDB", "DynamoDB GB-month", stored * 2 / 1e9 * months)
    # Rows are indexed: each write counts twice. A version changes some ten times.
    yield Line("DynamoDB", "DynamoDB write unit", new * 40 + activity.new_chunks * 20 + activity.new_windows)
    # A question reads the versions and chunks of its candidates, strongly consistent.
    yield Line("DynamoDB", "DynamoDB read unit", activity.questions * 60 + new * 40)
    # Lambda polls each of two queues over five connections, each open for 20 s.
    yield Line("SQS", "SQS request", new * 12 + 2 * 5 * activity.hours * 180)


def _watching(activity: Activity) -> Iterator[Line]:
    months = activity.months
    yield Line("CloudWatch", "CloudWatch metric-month", 9 * months)
    yield Line("CloudWatch", "CloudWatch alarm-month", 4 * months)
    yield Line("CloudWatch", "CloudWatch dashboard-month", months)
    logs = 0.2 * months + (activity.new_documents * 4_000 + activity.questions * 600) / 1e9
    yield Line("CloudWatch", "CloudWatch log GB", logs)
    yield Line("Secrets, DNS, images", "Secrets Manager secret-month", months)
    yield Line("Secrets, DNS, images", "Route 53 zone-month", months)
    yield Line("Secrets, DNS, images", "ECR GB-month", 3 * months)
