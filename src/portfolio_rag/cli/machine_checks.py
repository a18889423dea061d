"""`rag doctor` on this machine: versions, room, clock, the baked model."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version

import httpx
from packaging.requirements import Requirement

from portfolio_rag.adapters.models.manifest import MANIFEST_FILE, Manifest
from portfolio_rag.cli.findings import Finding, Patient, State
from portfolio_rag.domain.errors import ConfigurationError
from portfolio_rag.local import preflight
from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.errors import StackError

_PYTHON = (3, 11)
_LOCK = "requirements/dev.txt"
_PINNED = re.compile(r"^([A-Za-z0-9._-]+==\S+(?: ;[^\\]+)?)", re.MULTILINE)
_SKEW_SECONDS = 60.0
"""Signatures of requests to AWS are good for minutes, and the emulator's clock may be that of a virtual machine."""


def check_python(_: Patient) -> Iterator[Finding]:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] == _PYTHON:
        yield Finding("python", State.OK, found)
    else:
        wanted = ".".join(map(str, _PYTHON))
        yield Finding("python", State.BROKEN, f"{found} is not {wanted}.", f"Install Python {wanted}, `make install`.")


def check_packages(patient: Patient) -> Iterator[Finding]:
    """What is installed against what is pinned."""
    pinned = [Requirement(line) for line in _PINNED.findall((patient.config.project / _LOCK).read_text())]
    wanted = [pin for pin in pinned if pin.marker is None or pin.marker.evaluate()]
    wrong = [told for pin in wanted if (told := _difference(pin))]
    if wrong:
        yield Finding("packages", State.BROKEN, f"{'; '.join(wrong[:5])} ({len(wrong)} in all).", "`make install`")
    else:
        yield Finding("packages", State.OK, f"{len(wanted)} packages as pinned in {_LOCK}")


def _difference(pin: Requirement) -> str:
    try:
        found = version(pin.name)
    except PackageNotFoundError:
        return f"{pin.name} is missing"
    return "" if pin.specifier.contains(found, prereleases=True) else f"{pin.name} is {found}, pinned {pin.specifier}"


def check_terraform(patient: Patient) -> Iterator[Finding]:
    try:
        yield Finding("terraform", State.OK, preflight.check_terraform(patient.config.process_environment()))
    except StackError as error:
        yield Finding(
            "terraform", State.BROKEN, str(error).removesuffix(preflight.GET_TERRAFORM).strip(), preflight.GET_TERRAFORM
        )


def check_disk(patient: Patient) -> Iterator[Finding]:
    try:
        preflight.check_disk(patient.config.home)
    except StackError as error:
        detail, _, mend = str(error).partition(". ")
        yield Finding("disk", State.BROKEN, f"{detail}.", mend)
    else:
        yield Finding("disk", State.OK, f"There is room in {patient.config.home}.")


def check_model(patient: Patient) -> Iterator[Finding]:
    folder = patient.config.model_dir
    if not (folder / MANIFEST_FILE).exists():
        yield Finding("model", State.SKIPPED, "It is not baked yet.", "`make up` bakes it, or `make bake`.")
        return
    try:
        manifest = Manifest.load(folder)
        for name in manifest.sha256:
            manifest.verified(folder, name)
    except ConfigurationError as error:
        yield Finding("model", State.BROKEN, str(error), "`make bake`")
    else:
        yield Finding("model", State.OK, f"{manifest.model}, {manifest.dimensions} dimensions, whole")


def check_clock(patient: Patient) -> Iterator[Finding]:
    """Against the emulator's, and against the times of files that were written here."""
    now = time.time()
    newest = max(
        path.stat().st_mtime for path in (patient.config.project / _LOCK, patient.config.home) if path.exists()
    )
    mend = "Set it, or let it be set: `timedatectl set-ntp true`; restart Docker's virtual machine where it runs there."
    if newest > now + _SKEW_SECONDS:
        yield Finding(
            "clock", State.BROKEN, f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M} has been before.", mend
        )
        return
    skew = _skew(patient.config) if patient.answers("emulator") else 0.0
    if abs(skew) > _SKEW_SECONDS:
        yield Finding("clock", State.BROKEN, f"The emulator's differs by {skew:+.0f} s.", mend)
    else:
        yield Finding("clock", State.OK, f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M:%S} UTC")


def _skew(config: StackConfig) -> float:
    """Seconds by which the emulator's clock is ahead; 0 where it does not tell."""
    told = httpx.get(f"{config.emulator_url}/_ministack/ready", timeout=3, trust_env=False).headers.get("date")
    return parsedate_to_datetime(told).timestamp() - time.time() if told else 0.0
