"""A process that has the parsers loaded and forks for each document; child_process.py starts it.

    python -m portfolio_rag.text.extraction.fork_server SOCKET

It looks at no document itself, and is told no more than which parser it should have loaded. A fork costs some 5 ms of
processor time where a start of Python that imports a parser costs 60 to 120.
"""

from __future__ import annotations

import gc
import importlib
import os
import socket
import sys
import traceback
from collections.abc import Sequence

from portfolio_rag.text.extraction.worker import MODULES, run

MAX_REQUEST_BYTES = 64
"""A request is the name of a type, or a dash where it could not be told."""
UNTOLD = b"-"


def serve(control: socket.socket) -> None:
    """Fork for each request, which brings what the child has as input, output and error output; then tell how it ended.

    Ends when the other side of `control` is closed.
    """
    gc.disable()  # What is loaded stays.
    while True:
        request, files, _, _ = socket.recv_fds(control, MAX_REQUEST_BYTES, 3)
        if not request:
            return
        if request != UNTOLD:
            importlib.import_module(MODULES[request.decode()])
        # What is there already is the same for all children: a collection in one of them need not look at it.
        gc.freeze()
        child = os.fork()
        if child == 0:
            gc.enable()
            control.close()
            _become_worker(files)
        for file in files:
            os.close(file)
        _, status = os.waitpid(child, 0)
        control.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become_worker(files: Sequence[int]) -> None:
    """Ends the process, as the interpreter would: 1 and a traceback for whatever is raised."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    status = 1
    try:
        run()
        status = 0
    except MemoryError:
        os.write(2, b"MemoryError")  # a traceback would need memory
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as pipeline:
        serve(pipeline)
