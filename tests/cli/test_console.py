"""Ways into the console from a terminal."""

from urllib.parse import urlencode
from urllib.request import Request, urlopen

from tests.cli.terminal import Terminal, line_of

PHONE = "+910000000001"


def test_a_server_that_nobody_owns_says_how_to_become_its_owner_and_later_no_more(here: Terminal) -> None:
    with here.running("serve", "--port", "0") as process:
        url = line_of(process).removeprefix("Tidings listens on ")
        said = line_of(process)
        link = said.rpartition(" ")[2]
        headers = {"origin": url.rstrip("/"), "accept": "text/html"}
        form = urlencode({"name": "Asha Verma", "phone": PHONE}).encode()
        with urlopen(Request(link, data=form, headers=headers)) as answer:  # noqa: S310 - our own
            assert answer.status == 200

    assert "Nobody owns this installation yet" in said
    assert link.startswith(f"{url}console/first/")
    with here.running("serve", "--port", "0") as process:
        line_of(process)
        process.terminate()
        assert process.stdout is not None
        assert process.stdout.read() == ""


def test_a_link_signs_somebody_in_or_makes_an_owner(here: Terminal) -> None:
    here.says("user", "create", "--phone", PHONE, "--name", "Asha Verma")

    for_somebody = here.tells("console", "link", "--phone", PHONE)["url"]
    for_an_owner = here.says("console", "link").strip()

    assert "/console/first/" in for_somebody
    assert "/console/first/" in for_an_owner
    assert for_somebody != for_an_owner


def test_a_link_for_a_number_that_nobody_has_is_refused(here: Terminal) -> None:
    assert "nobody has the number" in here.refuses("console", "link", "--phone", PHONE)
