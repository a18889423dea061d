from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from portfolio_rag.local import preflight
from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.errors import StackError
from portfolio_rag.local.preflight import check_disk, check_ports, check_terraform
from portfolio_rag.local.programs import programs


def stub_terraform(folder: Path, output: str) -> dict[str, str]:
    stub = folder / "terraform"
    stub.write_text(f"#!/bin/sh\ncat <<'EOF'\n{output}\nEOF\n")
    stub.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


@pytest.mark.parametrize("version", ["1.11.0", "1.11.4", "1.15.0-rc1", "2.0.0"])
def test_a_recent_terraform_will_do(tmp_path: Path, version: str) -> None:
    assert check_terraform(stub_terraform(tmp_path, f'{{"terraform_version": "{version}"}}')) == version


def test_an_old_terraform_is_refused_with_where_to_get_a_new_one(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"1\.11 or newer is needed, found 1\.5\.7.*Install it from"):
        check_terraform(stub_terraform(tmp_path, '{"terraform_version": "1.5.7"}'))


def test_a_missing_terraform_is_refused_with_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"was not found\. Install it from"):
        check_terraform({"PATH": str(tmp_path)})


def test_what_is_no_terraform_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="I am a teapot"):
        check_terraform(stub_terraform(tmp_path, "I am a teapot"))


def test_a_busy_port_is_named_with_its_holder_and_a_way_out(tmp_path: Path) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        config = StackConfig.load({"API_PORT": str(port), "CHROMA_PORT": "1"}, project=tmp_path)
        api = [program for program in programs(config) if program.name == "api"]
        with pytest.raises(StackError, match=rf"Port {port}, needed by API.*pid {os.getpid()}.*make up API_PORT="):
            check_ports(api)
        check_ports(api, ours={port})
    check_ports(api)


def test_a_full_disk_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_disk(tmp_path / "not" / "there" / "yet")
    monkeypatch.setattr(preflight, "_DISK_BYTES", 10**18)
    with pytest.raises(StackError, match="PORTFOLIO_HOME"):
        check_disk(tmp_path)
