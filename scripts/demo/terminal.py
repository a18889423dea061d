"""Records commands in a terminal of their own: what is typed, what they print, and when (asciicast v2)."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scripts.demo.story import FILENAME, QUESTION, Scene

COLUMNS, ROWS = 100, 22
PROMPT = "\x1b[1;32m$\x1b[0m "

_KEY_SECONDS = 0.04
_READ_SECONDS = 1.6
"""Before the next command: somebody is reading."""
_LONGEST_SILENCE = 2.5


@dataclass
class Recording:
    """What came at which second of the recording. Longer silences of a command are cut to `_LONGEST_SILENCE`."""

    events: list[tuple[float, str]] = field(default_factory=list)
    now: float = 0.0

    def show(self, text: str) -> None:
        self.events.append((self.now, text))

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def type(self, text: str) -> None:
        """As if by hand, with the end of the line."""
        for character in text:
            self.show(character)
            self.wait(_KEY_SECONDS)
        self.wait(0.3)
        self.show("\r\n")

    def comment(self, text: str) -> None:
        self.show("\x1b[2m")
        self.type(f"# {text}")
        self.show("\x1b[0m")

    def run(self, command: str, *, environment: Mapping[str, str], folder: Path) -> None:
        """Type it at the prompt, and record what it prints. Raises CalledProcessError where it fails."""
        self.show(PROMPT)
        self.wait(0.4)
        self.type(command)
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        process = subprocess.Popen(
            ["bash", "-c", command], stdin=theirs, stdout=theirs, stderr=theirs, env=dict(environment), cwd=folder
        )
        os.close(theirs)
        last = time.monotonic()
        pending = b""
        while output := _read(ours):
            self.wait(min(time.monotonic() - last, _LONGEST_SILENCE))
            last = time.monotonic()
            text, pending = _whole_characters(pending + output)
            self.show(text)
        os.close(ours)
        if process.wait() != 0:
            raise subprocess.CalledProcessError(process.returncode, command, output="".join(t for _, t in self.events))
        self.wait(_READ_SECONDS)

    def save(self, path: Path, *, title: str) -> None:
        """As asciicast v2, which `asciinema play` shows."""
        header = {"version": 2, "width": COLUMNS, "height": ROWS, "title": title, "env": {"TERM": "xterm-256color"}}
        lines = [header, *([round(at, 3), "o", text] for at, text in self.events)]
        path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def record(scene: Scene) -> Recording:
    """The story at the prompt."""
    environment = terminal_environment(scene.environment)
    recording = Recording()
    recording.wait(0.5)
    recording.comment("Nobody knows this yet:")
    recording.run(f'rag ask "{QUESTION}" | head -1', environment=environment, folder=scene.folder)
    recording.comment("A document that does, dropped into a bucket:")
    recording.run(f"cat {FILENAME}", environment=environment, folder=scene.folder)
    recording.run(scene.upload, environment=environment, folder=scene.folder)
    seconds = scene.wait_until_answered_from()
    recording.wait(min(seconds, _LONGEST_SILENCE))
    recording.comment("S3 event, queue, Lambda, queue, Lambda: cut, embedded, indexed. Ask again:")
    recording.run(f'rag ask "{QUESTION}"', environment=environment, folder=scene.folder)
    recording.run(
        "aws s3 ls s3://portfolio-raw/ --recursive | grep kittiwake", environment=environment, folder=scene.folder
    )
    recording.show(PROMPT)
    recording.wait(2.5)
    recording.show("")
    return recording


def terminal_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """With the project's own commands first on the path, and a terminal that shows colours."""
    path = f"{Path(sys.executable).parent}:{environment.get('PATH', os.defpath)}"
    return {**environment, "PATH": path, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LINES": str(ROWS)}


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux's way to say that the other end is closed.
        return b""


def _whole_characters(output: bytes) -> tuple[str, bytes]:
    """The text so far, and the bytes of a character of which the rest has not come yet."""
    for rest in range(min(4, len(output) + 1)):
        try:
            return output[: len(output) - rest].decode(), output[len(output) - rest :]
        except UnicodeDecodeError:
            continue
    return output.decode(errors="replace"), b""
