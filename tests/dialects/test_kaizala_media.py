"""Media over HTTP, as Kaizala's programs upload it."""

import base64
import json
from typing import Any

import httpx
import pytest

from tests.dialects.installation import ASHA, Installation
from tests.workspace.files import TAKEN, jpeg, noise, office, png
from tidings.testing.authority import Authority
from tidings.testing.endpoint import Answer, Endpoint


def files_in(answer: httpx.Response) -> list[dict[str, Any]]:
    """What the mediaResource of an answer stands for."""
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["mediaResource"]
    files: list[dict[str, Any]] = json.loads(base64.b64decode(answer.json()["mediaResource"]))["Files"]
    return files


async def upload(installation: Installation, token: str, *files: tuple[str, bytes, str | None]) -> httpx.Response:
    # As a request body, because clients' libraries guess a content type where a program left it out.
    body = b""
    for name, content, content_type in files:
        kind = f"Content-Type: {content_type}\r\n" if content_type else ""
        head = f'--b\r\nContent-Disposition: form-data; name="FileName"; filename="{name}"\r\n{kind}\r\n'
        body += head.encode() + content + b"\r\n"
    headers = {"accessToken": token, "content-type": "multipart/form-data; boundary=b"}
    return await installation.http.post("/v1/media", content=body + b"--b--\r\n", headers=headers)


@pytest.fixture
async def token(installation: Installation) -> str:
    return await installation.sign_in(ASHA)


async def test_a_file_is_uploaded_and_anybody_who_has_its_address_gets_it(
    installation: Installation, token: str
) -> None:
    content = noise(500, 400)

    [file] = files_in(await upload(installation, token, ("Plan.png", content, "image/png")))

    assert (file["Name"], file["Size"], file["Width"], file["Height"]) == ("Plan.png", len(content), 500, 400)
    assert file["Url"].startswith("https://tidings.example.com/media/")
    got = await installation.http.get(file["Url"])
    assert (got.status_code, got.content) == (200, content)


async def test_every_kind_of_file_passes_the_door(installation: Installation, token: str) -> None:
    for (name, content_type), content in TAKEN.items():
        [file] = files_in(await upload(installation, token, (name, content, content_type)))

        got = await installation.http.get(file["Url"])
        assert got.content == content
        assert got.headers["content-type"].split("/")[0] == content_type.split("/")[0]


async def test_several_pictures_make_one_album(installation: Installation, token: str) -> None:
    album = await upload(installation, token, ("a.jpg", jpeg(), "image/jpeg"), ("b.png", png(), "image/png"))

    assert [file["Name"] for file in files_in(album)] == ["a.jpg", "b.png"]


@pytest.mark.parametrize(
    "file",
    [
        ("a.jpg", jpeg(), None),
        ("a.jpg", jpeg(), "text/plain"),
        ("a.jpg", b"<html></html>", "image/jpeg"),
        ("a.html", b"<html></html>", "text/html"),
        ("a.zip", office("src"), "application/zip"),
        ("a.docx", office("src"), "application/msword"),
    ],
)
async def test_what_is_not_taken_is_an_unsupported_media_type(
    installation: Installation, token: str, file: tuple[str, bytes, str | None]
) -> None:
    answer = await upload(installation, token, file)

    assert answer.status_code == 415
    assert list(answer.json()) == ["message", "errorCode", "errorCategoryKey"]


async def test_a_body_that_is_no_form_is_told_so(installation: Installation, token: str) -> None:
    for content_type, status in (("application/json", 415), ("multipart/form-data", 400), ("", 415)):
        headers = {"accessToken": token, "content-type": content_type}
        answer = await installation.http.post("/v1/media", content=b"{}", headers=headers)
        assert answer.status_code == status, answer.text
    assert (await upload(installation, token)).status_code == 400
    nobody = await installation.http.post("/v1/media", files={"files": ("a.png", png(), "image/png")})
    assert nobody.status_code == 401


async def test_more_than_the_limit_is_refused_however_it_is_sent(installation: Installation, token: str) -> None:
    most = installation.parts.settings.media_max
    answer = await upload(installation, token, ("a.png", png() + bytes(most), "image/png"))
    assert answer.status_code == 413

    async def pieces() -> Any:  # noqa: ANN401 - an async generator
        yield b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
        for _ in range(most // 1_000_000 + 2):
            yield bytes(1_000_000)

    headers = {"accessToken": token, "content-type": "multipart/form-data; boundary=b"}
    answer = await installation.http.post("/v1/media", content=pieces(), headers=headers)
    assert answer.status_code == 413


async def test_a_file_is_uploaded_from_an_address(installation: Installation, token: str, authority: Authority) -> None:
    tls = authority.issue("127.0.0.1").server_context()
    async with Endpoint(Answer(200, (), png()), tls=tls) as endpoint:
        answer = await installation.post("/v1/media/url", {"mediaUrl": endpoint.url + "plan.png"}, token=token)

    [file] = files_in(answer)
    assert (await installation.http.get(file["Url"])).content == png()
    refused = await installation.post("/v1/media/url", {"mediaUrl": "https://169.254.169.254/a.png"}, token=token)
    assert (refused.status_code, refused.json()["errorCode"]) == (400, "InvalidParameters")


async def test_a_file_is_uploaded_in_base64(installation: Installation, token: str) -> None:
    content = noise(800, 700)
    lines = base64.encodebytes(content).decode()

    attached = await installation.post("/v1/media/attachment", {"FileContent": lines}, token=token)
    named = await installation.post("/v1/media/attachment", {"fileContent": lines, "fileName": "a.png"}, token=token)

    assert len(lines) > 2 << 20
    assert [files_in(answer)[0]["Name"] for answer in (attached, named)] == ["file.png", "a.png"]
    assert (await installation.http.get(files_in(attached)[0]["Url"])).content == content


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"fileContent": "%%%"}, 400),
        ({"fileContent": "ä"}, 400),
        ({"fileContent": ""}, 400),
        ({}, 400),
        ({"fileContent": base64.b64encode(b"MZ").decode()}, 415),
        ({"fileContent": base64.b64encode(png()).decode(), "fileName": "a.jpg"}, 415),
        ({"fileContent": "A" * (9 << 20)}, 413),
    ],
    ids=["no Base64", "not even ASCII", "empty", "nothing", "a program", "another picture", "too large"],
)
async def test_what_is_no_attachment_is_refused(
    installation: Installation, token: str, body: dict[str, str], status: int
) -> None:
    answer = await installation.post("/v1/media/attachment", body, token=token)

    assert answer.status_code == status, answer.text


async def test_the_forms_are_described(installation: Installation) -> None:
    document = (await installation.http.get("/openapi.json")).json()

    upload = document["paths"]["/v1/media"]["post"]
    assert list(upload["requestBody"]["content"]) == ["multipart/form-data"]
    assert upload["responses"].keys() >= {"200", "400", "401", "403", "408", "413", "415"}
    assert document["paths"]["/media/{secret}/{name}"]["get"]["responses"].keys() >= {"200", "206", "304", "404", "416"}
