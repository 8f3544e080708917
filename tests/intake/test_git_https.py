"""A repository behind a real HTTPS server, whose certificate only those trust who are told to.

The server is git's own, on this machine. That only public addresses are read is tested elsewhere, and off here.
"""

from __future__ import annotations

import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from intake_project import git, write

from modelmill.errors import UserError
from modelmill.extract import git as git_source


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A certificate that this machine signed for itself, and its key, in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "server.pem").write_bytes(made.public_bytes(pem) + secret)
    (tmp_path / "authority.pem").write_bytes(made.public_bytes(pem))
    return tmp_path / "authority.pem"


class Answering(BaseHTTPRequestHandler):
    """Hands what is asked to `git http-backend`. root: the folder of the repositories."""

    root: Path

    def do_GET(self) -> None:
        """Answer, whatever is asked."""
        path, _, query = self.path.partition("?")
        size = self.headers.get("Content-Length", "0")
        told = {
            "GIT_PROJECT_ROOT": str(self.root), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query,
            "REQUEST_METHOD": self.command, "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": size, "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }  # fmt: skip
        asked = self.rfile.read(int(size))
        command, env = ["git", "http-backend"], {"PATH": os.environ["PATH"], **told}
        said = subprocess.run(command, input=asked, env=env, capture_output=True, check=True).stdout
        head, _, body = said.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(fields.pop("Status", "200").split()[0]))
        for name, value in {**fields, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """The same."""
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def address(tmp_path: Path, authority: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where the repository is, of one commit on the branch `main`."""
    root = write(tmp_path / "served" / "shapes.git", {"a.py": "x = 1\n"})
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "-m", "one")
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Serving", (Answering,), {"root": root.parent}))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.with_name("server.pem"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    monkeypatch.setattr(git_source, "_public_address", lambda *_: f"localhost:{port}:127.0.0.1")
    for name in ("GIT_SSL_CAINFO", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    yield f"https://localhost:{port}/shapes.git"
    server.shutdown()
    server.server_close()


def read(uri: str, home: Path) -> dict[str, bytes]:
    """What the repository holds."""
    with git_source.SOURCE.open(uri, home) as snapshot:
        return dict(snapshot.read([one.path for one in snapshot.files()]))


@pytest.mark.parametrize("variable", ["GIT_SSL_CAINFO", "SSL_CERT_FILE"])
@pytest.mark.parametrize("ref", ["", "#main"])
def test_a_repository_is_read_from_a_server_that_one_is_told_to_trust(
    address: str, authority: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, ref: str
) -> None:
    monkeypatch.setenv(variable, str(authority))
    assert read(address + ref, tmp_path / "home") == {"a.py": b"x = 1\n"}


def test_two_branches_of_one_address_that_are_read_at_once_are_not_taken_for_each_other(
    address: str, authority: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_SSL_CAINFO", str(authority))
    root = tmp_path / "served" / "shapes.git"
    for name in ("two", "three", "four"):
        git(root, "checkout", "--quiet", "-b", name)
        write(root, {"a.py": f"x = '{name}'\n"})
        git(root, "commit", "--quiet", "--all", "-m", name)
    refs = ["two", "three", "four"] * 2
    with ThreadPoolExecutor(len(refs)) as pool:
        found = list(pool.map(lambda ref: read(f"{address}#{ref}", tmp_path / "home"), refs))
    assert found == [{"a.py": f"x = '{ref}'\n".encode()} for ref in refs]


def test_a_server_that_nobody_vouches_for_is_refused_and_what_to_do_is_said(address: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read") as told:
        read(address, tmp_path / "home")
    assert "certificate" in told.value.found
    assert "GIT_SSL_CAINFO" in told.value.next


@pytest.mark.parametrize(("wrong", "found"), [("#nothing", "remote ref nothing"), ("/more", "not found")])
def test_what_the_server_does_not_have_is_said(
    address: str, authority: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str, found: str
) -> None:
    monkeypatch.setenv("GIT_SSL_CAINFO", str(authority))
    with pytest.raises(UserError, match="cannot be read") as told:
        read(address + wrong, tmp_path / "home")
    assert found in told.value.found
