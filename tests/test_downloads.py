"""downloads: whole files or none, which go on where they stopped."""

import base64
import contextlib
import errno
import hashlib
import http.server
import io
import json
import os
import pathlib
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

import pytest

from sketch_rnn_tf import locks
from tfds_quickdraw import checksums, download, download_bar, downloads

BODY = random.Random(0).randbytes(300_000)
DATE = "Mon, 01 Jan 2024 00:00:00 GMT"
MODULE = pathlib.Path(downloads.__file__)


class Server:
    """A server on this machine, and what it is to do wrong.

    `plan` has one dictionary a request, used up in order: `status`, `cut`
    (bytes after which the connection ends), `stall` (bytes after which
    nothing comes until `resumed` is set), `trickle` (seconds from byte to
    byte), `few` (bytes of a range that it gives), `headers`, `body`.
    """

    def __init__(self, files, port=0):
        self.files, self.plan, self.log = files, [], []
        self.headers, self.ranges, self.if_range = {}, True, True
        self.etag, self.modified, self.chunked = True, True, False
        self.before = lambda path: None
        self.lock, self.killed = threading.Lock(), False
        self.resumed = threading.Event()
        self.sockets = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                server.sockets.append(self.connection)

            def do_GET(self):
                with contextlib.suppress(OSError):
                    server.answer(self)

            def log_message(self, *_):
                pass

        class HTTPServer(http.server.ThreadingHTTPServer):
            block_on_close = False

            def handle_error(self, *_):
                pass

        self.http = HTTPServer(("127.0.0.1", port), Handler)
        self.port = self.http.server_port
        threading.Thread(
            target=self.http.serve_forever, args=[0.01], daemon=True
        ).start()

    def url(self, name):
        quoted = urllib.parse.quote(name)
        return f"http://127.0.0.1:{self.port}/sketchrnn/{quoted}"

    def kill(self):
        """Ends every connection, and refuses further ones."""
        self.killed = True
        self.resumed.set()
        self.http.shutdown()
        self.http.server_close()
        for connection in self.sockets:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def ranges_asked(self):
        return [headers.get("Range") for _, headers in self.log]

    def answer(self, request):
        path = urllib.parse.unquote(request.path)
        with self.lock:
            self.log.append((path, dict(request.headers)))
            plan = self.plan.pop(0) if self.plan else {}
        self.before(path)
        name = path.removeprefix("/sketchrnn/")
        body = plan.get("body", self.files.get(name))
        status = plan.get("status", 200 if body is not None else 404)
        asked = request.headers.get("Range")
        if status in (412, 416) and not asked:
            status = 200
        if status != 200:
            request.send_response(status)
            for field, value in plan.get("headers", {}).items():
                request.send_header(field, value)
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        etag = f'"{hashlib.md5(body).hexdigest()}"'
        headers = {"Content-Length": str(len(body))}
        if self.etag:
            headers["ETag"] = etag if self.etag is True else self.etag
        if self.modified:
            headers["Last-Modified"] = DATE
        current = request.headers.get("If-Range") in (etag, DATE)
        if asked and self.ranges and (current or not self.if_range):
            start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])
            if start >= len(body):
                request.send_response(416)
                request.send_header("Content-Length", "0")
                request.end_headers()
                return
            status = 206
            headers |= {
                "Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}",
            }
            body = body[start:][: plan.get("few")]
            headers["Content-Length"] = str(len(body))
        if self.chunked:
            del headers["Content-Length"]
            headers["Transfer-Encoding"] = "chunked"
        request.send_response(status)
        headers |= self.headers | plan.get("headers", {})
        for field, value in headers.items():
            for each in value if isinstance(value, list) else [value]:
                request.send_header(field, each)
        request.end_headers()
        end = plan.get("cut", plan.get("stall", len(body)))
        if self.chunked:
            self._send_chunks(request, body[:end], end == len(body))
        elif "trickle" in plan:
            for byte in body:
                request.wfile.write(bytes([byte]))
                if self.resumed.wait(plan["trickle"]):
                    return
        else:
            request.wfile.write(body[:end])
        if "stall" in plan:
            self.resumed.wait(20)
            if not self.killed:
                request.wfile.write(body[end:])
        if end < len(body):
            request.close_connection = True

    def _send_chunks(self, request, body, whole):
        for start in range(0, len(body), 65_536):
            chunk = body[start : start + 65_536]
            request.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        if whole:
            request.wfile.write(b"0\r\n\r\n")


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    """Shortens pauses, and lets no proxy come between."""
    monkeypatch.setattr(download, "RETRY_SECONDS", 0.01)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def serve():
    """Returns a function that starts a server."""
    servers = []

    def start(files=None, port=0):
        servers.append(Server(files or {"cat.npz": BODY}, port))
        return servers[-1]

    yield start
    for server in servers:
        if not server.killed:
            server.kill()


@pytest.fixture
def server(serve):
    """Returns a server that has cat.npz."""
    return serve()


@pytest.fixture
def fetch(tmp_path):
    """Returns a function that fetches one file's bytes from a server."""

    def call(server, name="cat.npz", **options):
        paths = downloads.fetch({"a": server.url(name)}, tmp_path, **options)
        return paths["a"].read_bytes()

    return call


def _refused(call, *args, **options):
    with pytest.raises(ValueError, match=".") as caught:
        call(*args, **options)
    text = str(caught.value)
    assert "\n" not in text
    return text


def _kept(folder):
    """Returns what kinds of files a folder has, and of which sizes."""
    return {
        "".join(path.suffixes): path.stat().st_size for path in folder.iterdir()
    }


def _once_there(folder, size, action):
    """Starts a thread that does something once a part has so many bytes."""

    def wait():
        deadline = time.monotonic() + 15
        while _kept(folder).get(".npz.part", 0) < size:
            if time.monotonic() > deadline:
                return
            time.sleep(0.01)
        action()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def _sha256(body):
    return hashlib.sha256(body).hexdigest()


class TestFetch:
    def test_names_with_spaces_and_capitals(self, serve, tmp_path):
        files = {
            "The Eiffel Tower.npz": b"tower",
            "t-shirt.npz": b"shirt",
            "Žluťoučký kůň.npz": b"horse",
        }
        server = serve(files)
        folder = tmp_path / "new" / "folder"
        urls = {name: server.url(name) for name in files}
        paths = downloads.fetch(urls, folder)
        assert list(paths) == list(files)
        for name, path in paths.items():
            assert path.parent == folder
            assert path.read_bytes() == files[name]
        assert paths["The Eiffel Tower.npz"].name.startswith(
            "The Eiffel Tower-"
        )
        assert len(list(folder.iterdir())) == 3

    def test_finished_files_are_not_requested_again(self, server, fetch):
        assert fetch(server) == BODY
        server.kill()
        assert fetch(server) == BODY
        assert len(server.log) == 1

    def test_two_mirrors_do_not_collide(self, serve, tmp_path):
        servers = [serve({"cat.npz": body}) for body in (b"one", b"two")]
        urls = {server.port: server.url("cat.npz") for server in servers}
        paths = downloads.fetch(urls, tmp_path)
        assert [p.read_bytes() for p in paths.values()] == [b"one", b"two"]

    def test_one_url_under_two_names_is_one_download(self, server, tmp_path):
        url = server.url("cat.npz")
        paths = downloads.fetch({"a": url, "b": url}, tmp_path)
        assert paths["a"] == paths["b"]
        assert len(server.log) == 1

    def test_nothing_is_asked_for(self, tmp_path):
        assert downloads.fetch({}, tmp_path, sums={"a": "0"}) == {}

    def test_files_come_in_parallel_but_not_too_many(self, serve, tmp_path):
        files = {f"{n}.npz": BODY[n:] for n in range(9)}
        server = serve(files)
        meeting = threading.Barrier(3)
        active, most = [], []

        def meet(path):
            active.append(path)
            most.append(len(active))
            meeting.wait(5)
            active.remove(path)

        server.before = meet
        urls = {name: server.url(name) for name in files}
        paths = downloads.fetch(urls, tmp_path, parallel=3)
        assert {n: p.read_bytes() for n, p in paths.items()} == files
        assert not meeting.broken
        assert max(most) == 3

    def test_the_file_is_asked_for_as_it_is(self, server, fetch):
        fetch(server)
        assert server.log[0][1]["Accept-Encoding"] == "identity"
        server.headers = {"Content-Encoding": "gzip"}
        server.files["dog.npz"] = b"gz"
        said = _refused(fetch, server, "dog.npz")
        assert said.endswith("expected the file as it is, got it as gzip")

    @pytest.mark.parametrize("body", [b"", b"x", BODY])
    @pytest.mark.parametrize("chunked", [False, True])
    def test_every_size_known_or_not(self, serve, fetch, body, chunked):
        server = serve({"cat.npz": body})
        server.chunked = chunked
        assert fetch(server) == body

    def test_a_redirect_is_followed(self, server, fetch, serve):
        other = serve({"cat.npz": b"other"})
        server.plan = [
            {"status": 302, "headers": {"Location": other.url("cat.npz")}}
        ]
        assert fetch(server) == b"other"

    @pytest.mark.parametrize(
        "target", ["file:///etc/hostname", "ftp://127.0.0.1/cat.npz"]
    )
    def test_a_redirect_elsewhere_is_refused(self, server, fetch, target):
        server.plan = [{"status": 302, "headers": {"Location": target}}]
        said = _refused(fetch, server)
        assert said.startswith(f"{server.url('cat.npz')}: expected a file, got")
        assert target in said

    def test_a_web_page_is_no_file(self, server, fetch, tmp_path):
        server.headers = {"Content-Type": "text/html; charset=utf-8"}
        assert "expected a file, got a web page (" in _refused(fetch, server)
        assert _kept(tmp_path) == {".npz.part": 0}

    @pytest.mark.parametrize(
        "url",
        ["file:///a.npz", "ftp://h/a.npz", "a.npz", "http:///a", "http://[a"],
    )
    def test_other_urls_are_refused(self, tmp_path, url):
        said = _refused(downloads.fetch, {"a": url}, tmp_path / "new")
        assert said == f"expected an http or https URL, got {url!r}"
        assert not (tmp_path / "new").exists()

    @pytest.mark.parametrize("wrong", [{"parallel": 0}, {"timeout": 0}])
    def test_arguments_are_positive(self, tmp_path, wrong):
        said = _refused(downloads.fetch, {}, tmp_path, **wrong)
        assert said.startswith("expected a positive parallel and timeout, got")

    def test_a_folder_that_is_a_file(self, server, tmp_path):
        path = tmp_path / "file"
        path.write_text("")
        urls = {"a": server.url("cat.npz")}
        said = _refused(downloads.fetch, urls, path)
        assert said == (
            f"{path}: expected a folder, or to make one: File exists"
        )


class TestFileName:
    @pytest.mark.parametrize(
        ("path", "begin", "end"),
        [
            ("/a/cat.npz", "cat-", ".npz"),
            ("/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "______etc_passwd-", ""),
            ("/..", "__-", ""),
            ("/a\\b:c|d.npz", "a_b_c_d-", ".npz"),
            ("/%00%0a.npz", "__-", ".npz"),
            ("/.npz", "file-", ".npz"),
            ("/", "file-", ""),
            ("", "file-", ""),
            ("/a.b.npz?x=/../y#z", "a_b-", ".npz"),
            ("/%F0%9F%90%B1.npz", "_-", ".npz"),
            ("/%ff%20x.npz", "_ x-", ".npz"),
            ("/\ud800.npz", "_-", ".npz"),
        ],
    )
    def test_is_safe(self, path, begin, end):
        name = downloads.file_name(f"http://host{path}")
        assert re.fullmatch(
            re.escape(begin) + "[0-9a-f]{8}" + re.escape(end), name
        )
        assert pathlib.Path(name).name == name

    def test_is_short_enough_for_a_part_of_it(self):
        name = downloads.file_name("http://host/" + "\U00020000" * 999 + ".npz")
        assert len(f"{name}.part.json".encode()) <= 255
        assert name.endswith(".npz")


class TestResume:
    def test_goes_on_after_a_cut_in_the_same_call(
        self, server, fetch, tmp_path
    ):
        server.plan = [{"cut": 100_000}, {"cut": 50_000}]
        assert fetch(server) == BODY
        assert server.ranges_asked() == [None, "bytes=100000-", "bytes=150000-"]
        etag = f'"{hashlib.md5(BODY).hexdigest()}"'
        assert server.log[1][1]["If-Range"] == etag
        assert _kept(tmp_path) == {".npz": len(BODY)}

    def test_a_killed_server_that_is_started_again(
        self, serve, fetch, tmp_path
    ):
        first = serve()
        first.plan = [{"stall": 123_456}]

        thread = _once_there(tmp_path, 123_456, first.kill)
        said = _refused(fetch, first)
        thread.join()
        assert said == (
            f"{first.url('cat.npz')}: expected the file, got Connection "
            "refused (tried 3 times); running again goes on where it stopped"
        )
        assert _kept(tmp_path).keys() == {".npz.part", ".npz.part.json"}
        assert _kept(tmp_path)[".npz.part"] == 123_456
        second = serve(port=first.port)
        assert fetch(second) == BODY
        assert second.ranges_asked() == ["bytes=123456-"]
        assert _kept(tmp_path) == {".npz": len(BODY)}

    def test_each_mebibyte_forgives_a_failure(self, server, fetch, monkeypatch):
        monkeypatch.setattr(download, "RESET_BYTES", 30_000)
        server.plan = [{"cut": 30_000}] * 9
        assert fetch(server) == BODY
        assert len(server.log) == 10

    def test_gives_up_a_line_that_brings_little(self, server, fetch, tmp_path):
        server.plan = [{"cut": 1_000}] * 9
        said = _refused(fetch, server)
        assert ": expected the file, got 3000 of 300000 bytes, then " in said
        assert "(tried 3 times); running again goes on" in said
        assert len(server.log) == 3
        assert _kept(tmp_path)[".npz.part"] == 3_000

    def test_a_range_that_is_shorter_than_asked_for(self, server, fetch):
        server.plan = [{"cut": 1000}, {"few": 2000}]
        assert fetch(server) == BODY
        assert server.ranges_asked()[1:] == ["bytes=1000-", "bytes=3000-"]

    def test_a_chunked_body_that_is_cut(self, server, fetch):
        server.chunked = True
        server.plan = [{"cut": 131_072}]
        assert fetch(server) == BODY
        assert server.ranges_asked() == [None, "bytes=131072-"]

    @pytest.mark.parametrize("seed", range(3))
    def test_any_cuts_make_the_same_file(
        self, server, fetch, monkeypatch, seed
    ):
        monkeypatch.setattr(download, "TRIES", 99)
        monkeypatch.setattr(download, "RETRY_SECONDS", 0)
        rng = random.Random(seed)
        faults = [
            {"cut": rng.randrange(60_000)},
            {"status": 503},
            {"status": 416},
            {"body": BODY[::-1], "cut": rng.randrange(60_000)},
            {"headers": {"Content-Range": "bytes 7-299999/300000"}, "cut": 9},
        ]
        server.plan = [dict(rng.choice(faults)) for _ in range(20)]
        assert fetch(server) == BODY

    def test_a_server_that_ignores_ranges(self, server, fetch):
        server.ranges = False
        server.plan = [{"cut": 1000}]
        assert fetch(server) == BODY
        assert server.ranges_asked() == [None, "bytes=1000-"]

    @pytest.mark.parametrize("changed", ["ETag", "Last-Modified", "size"])
    def test_a_server_that_ignores_if_range(self, server, fetch, changed):
        server.if_range = False
        server.etag = changed == "ETag"
        body = b"new" if changed == "size" else BODY[::-1]
        body = body * 100_001 if changed == "size" else body
        server.plan = [{"cut": 1000}]

        def change(_):
            if len(server.log) > 1:
                server.files["cat.npz"] = body
                if changed == "Last-Modified":
                    server.headers = {changed: DATE.replace("01", "02")}

        server.before = change
        assert fetch(server) == body
        assert server.ranges_asked() == [None, "bytes=1000-", None]

    def test_a_changed_file_is_seen_by_if_range(self, server, fetch):
        server.plan = [{"cut": 1000, "body": BODY[::-1]}]
        assert fetch(server) == BODY
        assert server.ranges_asked() == [None, "bytes=1000-"]

    @pytest.mark.parametrize("status", [412, 416])
    def test_a_refused_range_is_begun_anew(self, server, fetch, status):
        server.plan = [{"cut": 1000}, {"status": status}]
        assert fetch(server) == BODY
        assert server.ranges_asked() == [None, "bytes=1000-", None]

    def test_a_shorter_file_is_begun_anew(self, server, fetch):
        server.if_range = False
        server.plan = [{"cut": 1000}]
        server.before = lambda _: (
            server.files.update({"cat.npz": b"short"}) if server.log[1:] else 0
        )
        assert fetch(server) == b"short"

    def test_the_date_serves_where_the_etag_is_weak(self, server, fetch):
        server.etag = 'W/"1"'
        server.plan = [{"cut": 1000}]
        assert fetch(server) == BODY
        assert server.log[1][1]["If-Range"] == DATE

    def test_without_etag_and_date_it_is_begun_anew(self, server, fetch):
        server.etag = server.modified = False
        server.plan = [{"cut": 1000}]
        assert fetch(server) == BODY
        assert server.ranges_asked() == [None, None]

    def test_a_whole_part_is_not_requested(self, server, fetch, tmp_path):
        fetch(server)
        part, note = _unfinish(server, tmp_path, BODY, len(BODY))
        assert fetch(server) == BODY
        assert len(server.log) == 1
        assert not part.exists() and not note.exists()

    @pytest.mark.parametrize(
        "note", [None, "", "{", "[]", "{}", '{"url": "http://other/cat.npz"}']
    )
    def test_a_part_of_something_unknown_is_begun_anew(
        self, server, fetch, tmp_path, note
    ):
        fetch(server)
        _, path = _unfinish(server, tmp_path, BODY[::-1][:1000], len(BODY))
        path.unlink()
        if note is not None:
            path.write_text(note)
        assert fetch(server) == BODY
        assert server.ranges_asked() == [None, None]


def _unfinish(server, folder, body, size):
    """Makes a finished cat.npz a part of `size` bytes again."""
    url = server.url("cat.npz")
    path = folder / downloads.file_name(url)
    path.unlink()
    part = path.with_name(f"{path.name}.part")
    note = path.with_name(f"{path.name}.part.json")
    part.write_bytes(body)
    etag = f'"{hashlib.md5(server.files["cat.npz"]).hexdigest()}"'
    note.write_text(
        json.dumps({"url": url, "if_range": etag, "size": size, "md5": None})
    )
    return part, note


class TestFailures:
    @pytest.mark.parametrize(
        ("status", "hint"),
        [
            (404, "404 Not Found (is the name spelt as the server does, "),
            (403, "403 Forbidden (the server lets nobody read it, or "),
            (401, "401 Unauthorized (the server wants a login)"),
            (400, "400 Bad Request"),
        ],
    )
    def test_says_at_once_what_is_not_there(self, server, fetch, status, hint):
        server.plan = [{"status": status}]
        said = _refused(fetch, server)
        url = server.url("cat.npz")
        assert said.startswith(f"{url}: expected a file, got {hint}")
        assert len(server.log) == 1

    @pytest.mark.parametrize("status", [500, 503, 429, 408])
    def test_tries_again_what_may_pass(self, server, fetch, status):
        server.plan = [{"status": status}] * 2
        assert fetch(server) == BODY

    def test_gives_up_after_three_tries(self, server, fetch):
        server.plan = [{"status": 503}] * 9
        assert _refused(fetch, server) == (
            f"{server.url('cat.npz')}: expected the file, got 503 Service "
            "Unavailable (tried 3 times); running again goes on where it "
            "stopped"
        )
        assert len(server.log) == 3

    def test_waits_as_long_as_the_server_says(self, server, fetch, monkeypatch):
        waited = []
        monkeypatch.setattr(
            download.Event,
            "check",
            lambda _, seconds=0.0: waited.append(seconds),
        )
        for after in ("7", "100000", "soon"):
            server.plan.append(
                {"status": 503, "headers": {"Retry-After": after}}
            )
        _refused(fetch, server)
        assert [seconds for seconds in waited if seconds] == [7, 60]

    def test_a_stalled_server(self, server, fetch, tmp_path):
        server.plan = [{"stall": 1000}] * 3
        said = _refused(fetch, server, timeout=0.1)
        assert (
            ": expected the file, got 3000 of 300000 bytes, then nothing "
            in (said)
        )
        assert "for 0.1 s (tried 3 times); running again goes on" in said
        assert _kept(tmp_path)[".npz.part"] == 3000
        assert fetch(server) == BODY

    def test_a_server_that_says_nothing(self, server, fetch):
        server.before = lambda _: time.sleep(0.3)
        said = _refused(fetch, server, timeout=0.1)
        assert ": expected the file, got nothing for 0.1 s (tried 3 " in said

    def test_a_trickle(self, server, fetch, monkeypatch):
        monkeypatch.setattr(download, "SLOW_SECONDS", 0.2)
        server.plan = [{"trickle": 0.01}] * 3
        said = _refused(fetch, server)
        assert re.search(r"got \d+ bytes in 0 s \(tried 3 times\)", said)

    def test_a_failure_stops_the_others(self, serve, tmp_path):
        files = {f"{n}.npz": BODY for n in range(20)}
        server = serve(files)
        server.before = lambda path: (
            None if "none" in path else server.resumed.wait(0.2)
        )
        names = ["0.npz", "none.npz", *files]
        urls = {name: server.url(name) for name in names}
        said = _refused(downloads.fetch, urls, tmp_path, parallel=2)
        assert "none.npz: expected a file, got 404" in said
        assert len(server.log) <= 4

    def test_a_full_disk(self, server, fetch, tmp_path):
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
        try:
            said = _refused(fetch, server)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        path = tmp_path / downloads.file_name(server.url("cat.npz"))
        assert said == (
            f"{path}: could not be written: File too large; running again "
            "goes on where it stopped"
        )
        assert _kept(tmp_path)[".npz.part"] == 10_000
        assert fetch(server) == BODY
        assert server.ranges_asked()[-1] == "bytes=10000-"

    def test_ctrl_c_stops_at_once_and_leaves_a_good_part(
        self, server, fetch, tmp_path
    ):
        server.plan = [{"stall": 200_000}]
        pressed = []

        def press():
            pressed.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)

        _once_there(tmp_path, 200_000, press)
        with pytest.raises(KeyboardInterrupt):
            fetch(server)
        assert time.monotonic() - pressed[0] < 4
        assert _kept(tmp_path)[".npz.part"] == 200_000
        server.resumed.set()  # the rest comes, but nobody wants it any more
        assert fetch(server) == BODY
        assert server.ranges_asked() == [None, "bytes=200000-"]


class TestSums:
    def test_a_right_one(self, server, fetch):
        sums = {"sketchrnn/cat.npz": _sha256(BODY).upper()}
        assert fetch(server, sums=sums) == BODY

    def test_a_wrong_file_is_removed_and_tried_once_more(
        self, server, fetch, tmp_path
    ):
        sums = {"cat.npz": _sha256(BODY)}
        server.plan = [{"body": BODY[::-1]}]
        assert fetch(server, sums=sums) == BODY
        server.files["cat.npz"] = b"wrong"
        next(tmp_path.iterdir()).unlink()
        assert _refused(fetch, server, sums=sums) == (
            f"{server.url('cat.npz')}: expected the SHA-256 sum "
            f"{_sha256(BODY)}, got {_sha256(b'wrong')}, twice; it is removed"
        )
        assert len(server.log) == 4
        assert not list(tmp_path.iterdir())

    def test_a_file_that_is_there_is_checked(self, server, fetch):
        server.plan = [{"body": b"old"}]
        assert fetch(server) == b"old"
        sums = {"cat.npz": _sha256(BODY)}
        assert fetch(server, sums=sums) == BODY
        assert fetch(server, sums=sums) == BODY
        assert len(server.log) == 2

    def test_resumed_files_are_checked(self, server, fetch):
        # Bytes that changed under the same ETag.
        server.etag = '"same"'
        server.if_range = False
        server.plan = [{"cut": 1000, "body": BODY[::-1]}]
        assert fetch(server, sums={"cat.npz": _sha256(BODY)}) == BODY
        assert server.ranges_asked() == [None, "bytes=1000-", None]

    @pytest.mark.parametrize("joined", [False, True])
    def test_googles_md5_is_checked(self, server, fetch, tmp_path, joined):
        def said(body):
            md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
            both = ["crc32c=AAAAAA==", f"md5={md5}"]
            return {"x-goog-hash": ",".join(both) if joined else both}

        server.headers = said(BODY)
        server.plan = [{"cut": 1000, "body": BODY}]
        assert fetch(server) == BODY
        next(tmp_path.iterdir()).unlink()
        server.headers = said(b"other")
        assert ": expected the MD5 sum (x-goog-hash) " in _refused(
            fetch, server
        )
        assert not list(tmp_path.iterdir())

    def test_googles_md5_of_compressed_bytes_is_not(self, server, fetch):
        server.headers = {
            "x-goog-hash": "md5=" + "A" * 22 + "==",
            "x-goog-stored-content-encoding": "gzip",
        }
        assert fetch(server) == BODY

    def test_the_longest_end_counts(self, server, fetch):
        sums = {
            "cat.npz": "0" * 64,
            "sketchrnn/cat.npz": _sha256(BODY),
            "at.npz": "1" * 64,
        }
        assert fetch(server, sums=sums) == BODY

    def test_names_may_have_spaces_or_be_quoted(self, serve, fetch):
        server = serve({"The Eiffel Tower.npz": BODY})
        for name in ("The Eiffel Tower.npz", "The%20Eiffel%20Tower.npz"):
            said = _refused(
                fetch, server, "The Eiffel Tower.npz", sums={name: "0" * 64}
            )
            assert "expected the SHA-256 sum 000" in said

    def test_files_without_any_are_not_checked(self, serve, tmp_path):
        server = serve({"cat.npz": b"cat", "dog.npz": b"dog"})
        urls = {name: server.url(name) for name in server.files}
        sums = {"dog.npz": _sha256(b"dog"), "owl.npz": "0" * 64}
        paths = downloads.fetch(urls, tmp_path, sums=sums)
        assert paths["cat.npz"].read_bytes() == b"cat"

    @pytest.mark.parametrize(
        ("sums", "said"),
        [
            ({"/data/cat.npz": "0" * 64}, "sums of others, such as /data/cat"),
            ({"at.npz": "0" * 64}, "got sums of others, such as at.npz"),
            ({"cat.npz": "0" * 63}, "expected a sum of 64 hex digits, got '0"),
        ],
    )
    def test_sums_that_check_nothing_are_refused(
        self, server, fetch, sums, said
    ):
        assert said in _refused(fetch, server, sums=sums)
        assert server.log == []


class TestReadSums:
    def test_reads_what_sha256sum_writes(self, tmp_path):
        path = tmp_path / "sums"
        path.write_bytes(
            b"\xef\xbb\xbf# made by hand\r\n\n"
            + b"%b  sketchrnn/cat.npz\n" % (b"0a" * 32)
            + b"%b *./The Eiffel Tower.npz\r\n" % (b"0B" * 32)
            + b"%b  sketchrnn/cat.npz" % (b"0A" * 32)
        )
        assert checksums.read_sums(path) == {
            "sketchrnn/cat.npz": "0a" * 32,
            "The Eiffel Tower.npz": "0b" * 32,
        }

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            (
                "cat.npz",
                "2: expected 64 hex digits, two spaces and a name, got",
            ),
            ("0" * 63 + "  cat.npz", "2: expected 64 hex digits"),
            ("0" * 64 + " cat.npz", "2: expected 64 hex digits"),
            ("SHA256 (a) = " + "0" * 64, "2: expected 64 hex digits"),
            ("1" * 64 + "  a.npz", "2: expected one sum for a.npz, got a "),
        ],
    )
    def test_says_where_it_is_bad(self, tmp_path, line, said):
        path = tmp_path / "sums"
        path.write_text(f"{'0' * 64}  a.npz\n{line}\n")
        assert f"{path}:{said}" in _refused(checksums.read_sums, path)

    def test_a_file_that_cannot_be_read(self, tmp_path):
        said = _refused(checksums.read_sums, tmp_path / "none")
        assert said.endswith("got: No such file or directory")
        (tmp_path / "binary").write_bytes(b"\xff\xfe")
        said = _refused(checksums.read_sums, tmp_path / "binary")
        assert said.endswith("got: it is not UTF-8")


class TestProcesses:
    SCRIPT = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import downloads\n"
        "path = downloads.fetch({'a': sys.argv[2]}, sys.argv[3])['a']\n"
        "print(path.stat().st_size)\n"
    )

    def _start(self, server, folder):
        # The module alone, as its package would take seconds to import.
        return subprocess.Popen(
            [sys.executable, "-c", self.SCRIPT, MODULE.parent]
            + [server.url("cat.npz"), folder],
            stdout=subprocess.PIPE,
            text=True,
        )

    def test_two_at_once_download_once(self, server, tmp_path):
        server.before = lambda _: time.sleep(1)
        both = [self._start(server, tmp_path) for _ in range(2)]
        assert [p.communicate(timeout=20)[0] for p in both] == ["300000\n"] * 2
        assert len(server.log) == 1
        (path,) = tmp_path.iterdir()
        assert path.read_bytes() == BODY

    def test_a_killed_one_leaves_a_good_part(self, server, fetch, tmp_path):
        server.plan = [{"stall": 200_000}]
        process = self._start(server, tmp_path)
        _once_there(tmp_path, 200_000, process.kill).join()
        process.communicate()
        assert fetch(server) == BODY
        assert server.ranges_asked() == [None, "bytes=200000-"]

    def test_threads_of_one_process_wait_for_each_other(self, server, tmp_path):
        server.before = lambda _: time.sleep(0.3)
        got = []

        def run():
            urls = {"a": server.url("cat.npz")}
            got.append(downloads.fetch(urls, tmp_path)["a"].read_bytes())

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert got == [BODY] * 4
        assert len(server.log) == 1
        assert _kept(tmp_path) == {".npz": len(BODY)}

    def test_a_part_that_is_a_link_is_not_written_through(
        self, server, tmp_path
    ):
        urls = {"a": server.url("cat.npz")}
        path = downloads.fetch(urls, tmp_path)["a"]
        path.unlink()
        other = tmp_path / "other"
        other.write_text("theirs")
        path.with_name(f"{path.name}.part").symlink_to(other)
        with pytest.raises(ValueError, match="could not be written"):
            downloads.fetch(urls, tmp_path)
        assert other.read_text() == "theirs"

    def test_a_system_without_locks(self, server, fetch, monkeypatch):
        monkeypatch.setattr(locks, "fcntl", None)
        server.plan = [{"cut": 1000}]
        assert fetch(server) == BODY

    def test_a_file_system_without_locks(self, server, fetch, monkeypatch):
        def fail(*_):
            raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

        monkeypatch.setattr(locks.fcntl, "flock", fail)
        assert fetch(server) == BODY


class TestBar:
    @pytest.mark.parametrize("terminal", [True, False])
    def test_is_for_terminals(self, serve, tmp_path, monkeypatch, terminal):
        server = serve({"cat.npz": BODY, "dog.npz": BODY, "owl.npz": BODY})
        urls = {name: server.url(name) for name in server.files}
        stderr = io.StringIO()
        stderr.isatty = lambda: terminal
        monkeypatch.setattr(sys, "stderr", stderr)
        downloads.fetch({"owl": urls.pop("owl.npz")}, tmp_path, progress=False)
        assert stderr.getvalue() == ""
        downloads.fetch(urls, tmp_path)
        last = stderr.getvalue().rpartition("\r")[2]
        if terminal:
            assert last.startswith("2/2 files: 100%|")
            assert "| 600k/600k [" in last
        else:
            assert last == ""

    def test_counts_what_is_there_and_estimates_what_is_not(self):
        bar = download_bar.Bar(4, False)
        bar.end("kept")
        bar.show("a", 0, 100)
        assert bar._bar.total == 300
        bar.show("a", 100, 100)
        bar.end("a")
        bar.show("b", 50, None)
        assert bar._bar.total == 225
        bar.show("b", 0, 200)
        assert bar._bar.total == 450
        assert bar._num_ended == 2
