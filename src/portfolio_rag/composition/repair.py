"""`rag verify`, `rag redrive`, and the repair after an unclean end."""

from __future__ import annotations

from functools import cached_property

from portfolio_rag.composition.maintenance import MaintenanceParts
from portfolio_rag.pipeline.maintenance.full_scan import FullScan
from portfolio_rag.pipeline.maintenance.lost_writes import LostWrites


class RepairParts(MaintenanceParts):
    @cached_property
    def full_scan(self) -> FullScan:
        return FullScan(self.stores, self.reconciler, self.intake, self.purge, self.settings.s3_raw_bucket)

    @cached_property
    def lost_writes(self) -> LostWrites:
        return LostWrites(self.stores, self.intake, self.full_scan, self.clock, self.settings.s3_raw_bucket)
