"""The real hub client, against a small hub of our own on the loopback address."""

import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from fractal_agent.models.fakes import tiny_checkpoint

pytest.importorskip("huggingface_hub")
pytestmark = pytest.mark.slow

COMMIT = "c" * 40
MODEL = "someone/tiny"


@contextmanager
def _hub_with(folder: Path) -> Iterator[str]:
    """The address of a hub that has one model, the files of `folder`."""
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    oids = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}

    class Answer(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            tree = [{"type": "file", "path": n, "size": len(d), "oid": oids[n]} for n, d in files.items()]
            siblings = [{"rfilename": name, "size": len(data)} for name, data in files.items()]
            if path in {f"/api/models/{MODEL}", f"/api/models/{MODEL}/revision/main"}:
                self._send(json.dumps({"id": MODEL, "sha": COMMIT, "siblings": siblings}).encode())
            elif path.startswith(f"/api/models/{MODEL}/tree/"):
                self._send(json.dumps(tree).encode())
            elif path.startswith(f"/{MODEL}/resolve/{COMMIT}/"):
                name = path.rpartition("/")[2]
                self._send(files[name], {"ETag": f'"{oids[name]}"', "X-Repo-Commit": COMMIT})
            else:
                self._send(b"{}", {"X-Error-Code": "RepoNotFound"}, status=404)

        def _send(self, body: bytes, headers: dict[str, str] | None = None, *, status: int = 200) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _asked(home: Path, address: str, code: str, **environment: str) -> str:
    """What `code` prints, in a process of its own: the library reads its settings once, when imported."""
    inherited = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    settings = {"HF_HOME": str(home), "HF_ENDPOINT": address, "HF_HUB_DISABLE_TELEMETRY": "1", **environment}
    script = f"from fractal_agent.models.hub import *\nhub = HuggingFace()\n{code}"
    command = [sys.executable, "-W", "ignore", "-c", script]
    done = subprocess.run(command, env=inherited | settings, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_offers_and_downloads(tmp_path: Path) -> None:
    """A model that the hub has is offered with its size, arrives whole, and is then cached without asking."""
    folder = tiny_checkpoint(tmp_path / "served")
    size = sum(path.stat().st_size for path in folder.iterdir())
    code = f"print(hub.ask({MODEL!r}).size, hub.cached({MODEL!r})); print(hub.download({MODEL!r}))"
    with _hub_with(folder) as address:
        offered, downloaded = _asked(tmp_path / "home", address, code).splitlines()
    cached = _asked(tmp_path / "home", address, f"print(hub.cached({MODEL!r}))")

    assert offered == f"{size} None"
    assert cached == downloaded
    assert {path.name: path.read_bytes() for path in Path(downloaded).iterdir()} == {
        path.name: path.read_bytes() for path in folder.iterdir()
    }


def test_unknown_model_is_missing(tmp_path: Path) -> None:
    """A hub that answers "not found" is quoted with its status."""
    with _hub_with(tiny_checkpoint(tmp_path / "served")) as address:
        answer = _asked(tmp_path / "home", address, "print(hub.ask('no/body').reason)")

    assert answer == "the hub answered 404 for it"


def test_nobody_listens(tmp_path: Path) -> None:
    """An address where nobody listens is a hub that was not reached, not an error."""
    answer = _asked(tmp_path / "home", "http://127.0.0.1:9", "print(hub.ask('no/body').reason)")

    assert answer.startswith("the hub was not reached")


def test_silence_is_bounded(tmp_path: Path) -> None:
    """A hub that accepts the connection and never answers is given up after the patience we have."""
    code = (
        "import fractal_agent.models.hub as module; module._PATIENCE = 0.5; print(hub.ask('no/body').reason)"
    )
    with socket.create_server(("127.0.0.1", 0)) as silent:
        answer = _asked(tmp_path / "home", f"http://127.0.0.1:{silent.getsockname()[1]}", code)

    assert "not" in answer
    assert "hub" in answer


def test_offline_is_respected(tmp_path: Path) -> None:
    """With HF_HUB_OFFLINE nobody is asked, and the reason says so."""
    code = "print(hub.ask('no/body').reason)"

    assert "HF_HUB_OFFLINE" in _asked(tmp_path / "home", "http://127.0.0.1:9", code, HF_HUB_OFFLINE="1")
