"""`rag doctor`: what is wrong with this machine or the local stack, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict

import typer

from portfolio_rag.cli import machine_checks, stack_checks
from portfolio_rag.cli.findings import Check, Finding, Patient, State
from portfolio_rag.cli.output import print_json, screen
from portfolio_rag.cli.terminal import escape
from portfolio_rag.local.config import StackConfig

_CHECKS: Mapping[str, Check] = {
    "python": machine_checks.check_python,
    "packages": machine_checks.check_packages,
    "terraform": machine_checks.check_terraform,
    "disk": machine_checks.check_disk,
    "clock": machine_checks.check_clock,
    "model": machine_checks.check_model,
    "ports": stack_checks.check_ports,
    "processes": stack_checks.check_processes,
    "emulator": stack_checks.check_emulator,
    "chroma": stack_checks.check_chroma,
    "api": stack_checks.check_api,
    "functions": stack_checks.check_functions,
    "queues": stack_checks.check_queues,
}
"""In the order in which they are shown."""

_MARKS = {
    State.OK: "[green]✓[/green]",
    State.WARNING: "[yellow]![/yellow]",
    State.BROKEN: "[red]✗[/red]",
    State.SKIPPED: "[dim]-[/dim]",
}


def doctor(*, as_json: bool = False) -> None:
    """Print every finding as it comes. Exit code 1 when something is broken."""
    findings = []
    console = screen()
    for finding in examine(Patient(StackConfig.load())):
        findings.append(finding)
        if not as_json:
            console.print(*_lines(finding), sep="\n", highlight=False, soft_wrap=True)
    broken = [finding.check for finding in findings if finding.state is State.BROKEN]
    if as_json:
        print_json({"well": not broken, "findings": [asdict(finding) for finding in findings]})
    else:
        console.print(f"[red]Broken: {escape(', '.join(broken))}.[/red]" if broken else "Nothing is broken.")
    if broken:
        raise typer.Exit(1)


def examine(patient: Patient) -> Iterator[Finding]:
    """All findings. A check that raises is broken itself, and hides no other."""
    for name, check in _CHECKS.items():
        try:
            yield from check(patient)
        except Exception as error:
            yield Finding(name, State.BROKEN, f"{type(error).__name__}: {error}", "`rag logs` may say more.")


def _lines(finding: Finding) -> Iterator[str]:
    yield f"{_MARKS[finding.state]} {finding.check:<34} {escape(finding.detail)}"
    if finding.mend:
        yield f"  [bold]→[/bold] {escape(finding.mend)}"
