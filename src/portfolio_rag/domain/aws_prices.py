"""Prices of AWS, with their date and region: what plans, months and jobs are priced by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

REGION: Final = "us-east-1"

PRICED_ON: Final = "2026-03"
"""When these were AWS's on-demand prices in us-east-1, without the free tier: its public pricing pages."""

PRICES: Final[Mapping[str, float]] = {
    "Fargate vCPU-hour": 0.04048,
    "Fargate GB-hour": 0.004445,
    "Load balancer hour": 0.0225,
    "NAT gateway hour": 0.045,
    "NAT gateway GB": 0.045,
    "Public IPv4 address hour": 0.005,
    "EC2 t3.medium hour": 0.0416,
    "EC2 m7i.xlarge hour": 0.2016,
    "EBS gp3 GB-month": 0.08,
    "EBS snapshot GB-month": 0.05,
    "Lambda GB-second": 0.0000166667,
    "Lambda request": 0.0000002,
    "S3 GB-month": 0.023,
    "S3 write": 0.000005,
    "S3 read": 0.0000004,
    "DynamoDB write unit": 0.000000625,
    "DynamoDB read unit": 0.000000125,
    "DynamoDB GB-month": 0.25,
    "SQS request": 0.0000004,
    "EventBridge custom event": 0.000001,
    "CloudWatch metric-month": 0.30,
    "CloudWatch alarm-month": 0.10,
    "CloudWatch log GB": 0.50,
    "CloudWatch dashboard-month": 3.00,
    "Secrets Manager secret-month": 0.40,
    "Route 53 zone-month": 0.50,
    "ECR GB-month": 0.10,
}
"""USD a unit."""
