"""The audit's tools, asked for real, about a service that stands in."""

import gzip
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import threading

import pytest

from supply_chain import audit, dependencies, npm_lock, pins

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ROOT / os.environ.get("TOOLS", ".venv-tools")

pytestmark = [
    pytest.mark.skipif(
        not (TOOLS / "bin" / "pip-audit").exists(),
        reason="needs pip-audit, which make test-hard installs",
    ),
    pytest.mark.skipif(not shutil.which("npm"), reason="needs npm"),
]


class Service(http.server.ThreadingHTTPServer):
    """Answers as OSV and as a registry of npm's do, and remembers.

    `flaws` maps a package's name to the version that mends it; `down` are the
    paths that get no answer.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.flaws, self.down = {}, ()
        self.python, self.javascript = set(), set()
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        asked = json.loads(body)
        if self.path.startswith(self.server.down):
            self.send_error(405)
        elif self.path == "/osv":
            self.answer(self.osv(asked))
        else:
            assert self.path == "/-/npm/v1/security/advisories/bulk"
            self.answer(self.advisories(asked))

    def do_GET(self):
        # npm asks which versions there are of a package that has a flaw.
        name = self.path[1:].replace("%2f", "/")
        locked = npm_lock.read(dependencies.WEB / "package-lock.json")
        self.answer(
            {
                "name": name,
                "versions": {
                    one.version: {"name": name, "version": one.version}
                    for one in locked
                    if one.name == name
                },
            }
        )

    def osv(self, asked):
        name = asked["package"]["name"]
        self.server.python.add((name, asked["version"]))
        if name not in self.server.flaws:
            return {}
        events = [{"introduced": "0"}, {"fixed": self.server.flaws[name]}]
        affected = {
            "package": asked["package"],
            "ranges": [{"type": "ECOSYSTEM", "events": events}],
        }
        return {"vulns": [{"id": "PYSEC-0-1", "affected": [affected]}]}

    def advisories(self, asked):
        for name, versions in asked.items():
            self.server.javascript |= {(name, one) for one in versions}
        return {
            name: [
                {
                    "id": 1,
                    "url": "",
                    "title": "a flaw",
                    "severity": "high",
                    "vulnerable_versions": f"<{fixed}",
                }
            ]
            for name, fixed in self.server.flaws.items()
            if name in asked
        }

    def answer(self, content):
        content = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


@pytest.fixture
def service():
    with Service() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(service, tmp_path):
    """Runs the audit as `make audit` does; returns its status and lines."""
    done = subprocess.run(
        [TOOLS / "bin" / "python", "-m", "supply_chain.audit"]
        + [f"--osv-url={service.url}/osv", f"--registry={service.url}/"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "npm_config_cache": str(tmp_path / "npm"),
            "npm_config_fetch_retries": "0",
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def test_asks_about_every_pinned_version(service, tmp_path):
    status, lines = ask(service, tmp_path)
    assert (status, lines) == (
        audit.NONE_KNOWN,
        [
            "Python: no known vulnerability",
            "JavaScript: no known vulnerability",
        ],
    )
    assert service.python == {
        (pin.name, pin.version)
        for path in dependencies.PINNED.values()
        for pin in pins.read(path)
    }
    locked = npm_lock.read(dependencies.WEB / "package-lock.json")
    assert service.javascript >= {
        (one.name, one.version) for one in locked if not one.optional
    }


def test_tells_what_is_known(service, tmp_path):
    service.flaws = {"pillow": "99.0", "long": "99.0.0"}
    status, lines = ask(service, tmp_path)
    assert status == audit.SOME_KNOWN
    (pin,) = (
        pin
        for pin in pins.read(ROOT / "requirements.txt")
        if pin.name == "pillow"
    )
    assert lines[0] == f"Python: pillow {pin.version}: PYSEC-0-1, fixed in 99.0"
    # The range is npm's sum of all that is below, here every version.
    assert lines[1:] == ["JavaScript: long *: high"]


@pytest.mark.parametrize(
    ("down", "language"), [("/osv", "Python"), ("/-/", "JavaScript")]
)
def test_says_what_could_not_be_reached(service, tmp_path, down, language):
    service.down = (down,)
    status, lines = ask(service, tmp_path)
    assert status == audit.UNREACHED
    (line,) = (line for line in lines if line.startswith(language))
    assert line.startswith(f"{language}: the data could not be reached: ")
    assert len(lines) == 2
