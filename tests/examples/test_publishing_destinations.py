"""Reports get into folders, WebDAV, S3 and mailboxes, each a real server by another hand."""

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import boto3
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword
from moto.server import ThreadedMotoServer

from examples.publishing.destinations.folder import Folder
from examples.publishing.destinations.mail import Mail
from examples.publishing.destinations.s3 import S3
from examples.publishing.destinations.webdav import WebDav
from examples.publishing.failure import Later, Misconfigured, Refused
from examples.publishing.publication import filled, safe_name
from tests.examples.dav import serving_dav
from tests.examples.paper import NAME, REPORT, XLSX, paper
from tidings.testing.authority import Authority


def test_a_folder_gets_the_file_in_one_step_and_nothing_beside_it(tmp_path: Path) -> None:
    share = tmp_path / "share"
    share.mkdir()
    to = Folder(path=str(share))

    places = [to.publish(paper(tmp_path, content)) for content in (b"old", b"new")]

    assert places == [str(share / NAME)] * 2
    assert {path.name: path.read_bytes() for path in share.iterdir()} == {NAME: b"new"}


def test_a_share_that_is_not_mounted_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(Later, match="cannot be written"):
        Folder(path=str(tmp_path / "share")).publish(paper(tmp_path))

    assert not (tmp_path / "share").exists()
    with pytest.raises(Misconfigured):
        Folder(path="share")


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Weekly sales", "Weekly sales.xlsx"),
        ("../../etc/passwd", "etc passwd.xlsx"),
        ('a\r\nb: "c" <d>|e', "a b c d e.xlsx"),
        ("~$ .", "report.xlsx"),
        ("CON", "report CON.xlsx"),
        ("ü" * 150, "ü" * 100 + ".xlsx"),
    ],
)
def test_a_title_makes_a_name_that_every_destination_takes(title: str, name: str) -> None:
    assert safe_name(title, "xlsx") == name


def test_long_titles_that_begin_alike_stay_apart() -> None:
    names = {replace(REPORT, id=id_, title="Sales " * 40 + id_).named("{title} {date} {time}") for id_ in ("a1", "b2")}

    assert {name.removeprefix("Sales " * 15) for name in names} == {" a1 2026-01-31 2300", " b2 2026-01-31 2300"}


def test_what_is_in_braces_in_a_title_stays_there() -> None:
    assert filled("{title} {date} {more}", title="{date} {0.__class__}", date="2026") == (
        "{date} {0.__class__} 2026 {more}"
    )


def test_webdav_gets_the_file_and_the_folders_that_are_lacking(tmp_path: Path) -> None:
    with serving_dav(tmp_path, user="reports", password="hush") as (url, share):
        to = WebDav(url=url, folder="Sales/North & South", user="reports", secret="hush")
        places = [to.publish(paper(tmp_path, content)) for content in (b"old", b"new" * 400_000)]

        with pytest.raises(Later, match="answered 401"):
            WebDav(url=url, user="reports", secret="wrong").publish(paper(tmp_path))

    assert (share / "Sales" / "North & South" / NAME).read_bytes() == b"new" * 400_000
    assert places[0].startswith(f"{url}Sales/North%20%26%20South/Weekly%20sales")
    with pytest.raises(Later, match="cannot be reached"):
        to.publish(paper(tmp_path))


def test_a_password_goes_in_the_open_to_this_machine_alone() -> None:
    for url in ("http://dav.example.com/", "ftp://127.0.0.1/", "file:///srv"):
        with pytest.raises(Misconfigured, match="must begin with https://"):
            WebDav(url=url)
    with pytest.raises(Misconfigured, match="for this machine alone"):
        Mail(host="mail.example.com", sender="a@example.com", recipients=("b@example.com",), security="none")


@pytest.fixture
def bucket() -> Iterator[str]:
    """The address of a server that has a bucket called reports."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    client(url).create_bucket(Bucket="reports")
    yield url
    server.stop()


def client(url: str) -> Any:  # noqa: ANN401 - boto3 makes its classes while it runs
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    return boto3.client("s3", endpoint_url=url, **keys)  # type: ignore[call-overload]


def test_s3_gets_the_file_in_one_request_or_in_parts(bucket: str, tmp_path: Path) -> None:
    fields = {"endpoint": bucket, "key": "test", "secret": "test"}
    to, large = S3(bucket="reports", prefix="sales/weekly", **fields), b"0123456789abcdef" * (9 << 16)

    place = to.publish(paper(tmp_path))

    assert place == f"s3://reports/sales/weekly/{NAME}"
    assert kept(bucket) == (b"rows", XLSX)
    to.publish(paper(tmp_path, large))  # boto3 makes parts from 8 MiB on
    assert kept(bucket)[0] == large
    with pytest.raises(Later, match="NoSuchBucket"):
        S3(bucket="elsewhere", **fields).publish(paper(tmp_path))


def kept(url: str) -> tuple[bytes, str]:
    told = client(url).get_object(Bucket="reports", Key=f"sales/weekly/{NAME}")
    return told["Body"].read(), told["ContentType"]


class Mailbox:
    """Keeps what comes, as aiosmtpd hands it over; nobody@ is not here, and busy@ not now."""

    def __init__(self) -> None:
        self.kept: list[EmailMessage] = []

    async def handle_RCPT(self, *about: Any) -> str:  # noqa: ANN401, N802 - aiosmtpd's own
        envelope, address = about[2], str(about[3])
        if address.startswith("nobody@"):
            return "550 No such user"
        if address.startswith("busy@"):
            return "450 Later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, *about: Any) -> str:  # noqa: ANN401, N802 - aiosmtpd's own
        envelope: Envelope = about[2]
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.kept.append(message)
        return "250 OK"


@contextlib.contextmanager
def serving_mail(folder: Path, *, port: int) -> Iterator[Mailbox]:
    """A server that wants TLS and a login first."""
    box = Mailbox()

    def is_right(*about: Any) -> AuthResult:  # noqa: ANN401 - aiosmtpd's own
        said = about[4]
        right = isinstance(said, LoginPassword) and (said.login, said.password) == (b"reports", b"hush")
        return AuthResult(success=right, handled=False)

    authority = Authority(folder)
    server = Controller(
        box,
        hostname="127.0.0.1",
        port=port,
        tls_context=authority.issue("127.0.0.1").server_context(),
        require_starttls=True,
        auth_required=True,
        authenticator=is_right,
    )
    server.start()
    try:
        yield box
    finally:
        server.stop()


def test_mail_carries_the_report_as_an_attachment(
    tmp_path: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, title = free_port, "Weekly\r\nBcc: all@example.com"
    with serving_mail(tmp_path, port=port) as box:
        with pytest.raises(Later, match="cannot be reached: SSLCertVerificationError"):
            mail(port).publish(paper(tmp_path))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))

        place = mail(port, recipients=("a@example.com", "nobody@example.com")).publish(paper(tmp_path, title=title))
        for recipient, expected in (("nobody@example.com", Refused), ("busy@example.com", Later)):
            with pytest.raises(expected):
                mail(port, recipients=(recipient,)).publish(paper(tmp_path))
        with pytest.raises(Later, match="refuses the login"):
            mail(port, secret="wrong").publish(paper(tmp_path))
        with pytest.raises(Refused, match="too large"):
            mail(port).publish(paper(tmp_path, bytes(18_000_001)))

    assert place == "mail to 1 of 2 recipients"
    [message] = box.kept
    assert (message["Subject"], message["Bcc"]) == ("Weekly Bcc: all@example.com", None)
    [attached] = message.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == (NAME, XLSX)
    assert attached.get_content() == b"rows"


def mail(port: int, **changed: Any) -> Mail:  # noqa: ANN401 - any field of it
    fields: dict[str, Any] = {"host": "127.0.0.1", "sender": "reports@example.com", "recipients": ("a@example.com",)}
    return Mail(**fields | {"port": port, "user": "reports", "secret": "hush"} | changed)
