"""`rag verify` and `rag redrive`."""

from __future__ import annotations

from functools import cached_property

from portfolio_rag.composition.maintenance import MaintenanceParts
from portfolio_rag.pipeline.maintenance.full_scan import FullScan


class RepairParts(MaintenanceParts):
    @cached_property
    def full_scan(self) -> FullScan:
        return FullScan(self.stores, self.reconciler, self.intake, self.purge, self.settings.s3_raw_bucket)
