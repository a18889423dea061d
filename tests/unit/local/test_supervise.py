from __future__ import annotations

import configparser
import os
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from portfolio_rag.local.config import StackConfig
from portfolio_rag.local.errors import StackError
from portfolio_rag.local.health import healthy, wait_until_ready
from portfolio_rag.local.isolation import free_ports
from portfolio_rag.local.programs import Program, programs
from portfolio_rag.local.supervise import Supervisor, configuration, socket_path

SERVER = """
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(os.environ["GREETING"].encode())
    def log_message(self, *_): pass
print("listening", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


class Silent:
    def update(self, detail: str) -> None: ...
    def skip(self, reason: str) -> None: ...


def program(config: StackConfig, name: str, code: str) -> Program:
    port = free_ports(1)[0]
    script = config.project / f"{name}.py"
    script.write_text(code)
    return Program(
        name=name,
        title=name.title(),
        command=(sys.executable, str(script), str(port)),
        port=port,
        health_url=f"http://127.0.0.1:{port}/",
        priority=10,
        stop_seconds=5,
        environment={"GREETING": "100% 'well', really"},
    )


@pytest.fixture
def config(tmp_path: Path) -> StackConfig:
    return StackConfig.load({"PATH": os.environ["PATH"]}, project=tmp_path)


@pytest.fixture
def supervisor(config: StackConfig) -> Iterator[Supervisor]:
    found = Supervisor(config)
    yield found
    found.shutdown()


def test_a_program_is_started_watched_and_stopped(config: StackConfig, supervisor: Supervisor) -> None:
    server = program(config, "server", SERVER)
    assert not supervisor.running()
    assert supervisor.all() == []
    supervisor.start([server], config.child_environment())
    assert supervisor.running()
    assert supervisor.info("server").state == "STOPPED"

    supervisor.start_program("server")
    wait_until_ready(supervisor, server, config.logs_dir, Silent(), timeout=30)
    info = supervisor.info("server")
    assert info.state in ("STARTING", "RUNNING")
    supervisor.start_program("server")  # once more: no second process
    assert supervisor.info("server").pid == info.pid
    assert (config.logs_dir / "server.log").read_text() == "listening\n"
    with urllib.request.urlopen(server.health_url) as response:
        assert response.read().decode() == server.environment["GREETING"]

    daemon = psutil.Process(info.pid).parent()
    assert daemon is not None
    assert supervisor.shutdown()
    assert not healthy(server.health_url)
    assert not psutil.pid_exists(info.pid)
    assert not supervisor.shutdown()


def test_a_killed_program_is_started_again(config: StackConfig, supervisor: Supervisor) -> None:
    server = program(config, "server", SERVER)
    supervisor.start([server], config.child_environment())
    supervisor.start_program("server")
    wait_until_ready(supervisor, server, config.logs_dir, Silent(), timeout=30)
    while supervisor.info("server").state != "RUNNING":  # before, supervisor counts it as a failed start
        time.sleep(0.1)
    first = supervisor.info("server").pid
    psutil.Process(first).kill()
    deadline = time.monotonic() + 30
    while supervisor.info("server").pid in (first, 0):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    wait_until_ready(supervisor, server, config.logs_dir, Silent(), timeout=30)


def test_a_dead_program_is_reported_with_its_last_words(config: StackConfig, supervisor: Supervisor) -> None:
    broken = program(config, "broken", "import sys; sys.exit('no such database')")
    supervisor.start([broken], config.child_environment())
    supervisor.start_program("broken")
    with pytest.raises(StackError, match=r"(?s)Broken died.*no such database.*rag logs broken"):
        wait_until_ready(supervisor, broken, config.logs_dir, Silent(), timeout=60)


def test_a_program_that_never_answers_is_reported(config: StackConfig, supervisor: Supervisor) -> None:
    silent = program(config, "silent", "import time; print('thinking', flush=True); time.sleep(600)")
    supervisor.start([silent], config.child_environment())
    supervisor.start_program("silent")
    with pytest.raises(StackError, match=r"(?s)did not answer.*thinking"):
        wait_until_ready(supervisor, silent, config.logs_dir, Silent(), timeout=3)


def test_the_configuration_names_every_program_and_no_secret(tmp_path: Path) -> None:
    config = StackConfig.load({"OPENAI_API_KEY": "sk-secret"}, project=tmp_path)
    text = configuration(config, programs(config), socket_path(config.run_dir))
    parsed = configparser.RawConfigParser()
    parsed.read_string(text)
    names = {section.removeprefix("program:") for section in parsed.sections() if section.startswith("program:")}
    assert names == {"emulator", "chroma", "lambda", "api"}
    assert "sk-secret" not in text
    # Last started, first stopped: nothing loses what it stands on.
    priorities = {name: int(parsed[f"program:{name}"]["priority"]) for name in names}
    assert priorities["emulator"] < priorities["chroma"] < priorities["lambda"] < priorities["api"]


def test_what_the_configuration_cannot_hold_is_refused(tmp_path: Path) -> None:
    config = StackConfig.load({"PORTFOLIO_HOME": 'a "quoted" folder'}, project=tmp_path)
    with pytest.raises(StackError, match="must not hold quotes"):
        configuration(config, programs(config), socket_path(config.run_dir))


def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    assert socket_path(Path("/short")) == Path("/short/supervisor.sock")
    long = tmp_path / ("x" * 120)
    assert len(str(socket_path(long))) < 100
    assert socket_path(long) != socket_path(long / "other")
