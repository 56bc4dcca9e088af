"""The doctor."""

import json
from typing import Any

import pytest

from tests.cli.terminal import Terminal
from tidings.cli.checkup import Level, python_built
from tidings.core.vault import Vault, new_key
from tidings.testing.authority import Authority


def examined(terminal: Terminal) -> tuple[dict[str, dict[str, str]], dict[str, list[dict[str, str]]], int]:
    """Settings by name, findings by what they are about, and the exit status."""
    done = terminal.run("doctor", "--json")
    told: dict[str, Any] = json.loads(done.stdout)
    findings: dict[str, list[dict[str, str]]] = {}
    for finding in told["findings"]:
        findings.setdefault(finding["about"], []).append(finding)
    return {one["setting"]: one for one in told["settings"]}, findings, done.returncode


def test_each_setting_is_shown_with_where_it_comes_from(here: Terminal) -> None:
    (here.folder / "tidings.toml").write_text('port = 8081\nhost = "127.0.0.2"\n')
    here.settings["TIDINGS_HOST"] = "127.0.0.3"

    settings, _, status = examined(here)

    assert status == 0
    assert settings["TIDINGS_HOST"] == {"setting": "TIDINGS_HOST", "value": "127.0.0.3", "source": "environment"}
    assert settings["TIDINGS_PORT"] == {"setting": "TIDINGS_PORT", "value": "8081", "source": "tidings.toml"}
    assert settings["TIDINGS_RETENTION"]["source"] == "default"


def test_no_secret_is_shown(here: Terminal) -> None:
    here.settings.update(
        {
            "TIDINGS_DATABASE": "postgresql://ada:pass-word@127.0.0.1:1/tidings?password=pass-word",
            "TIDINGS_EGRESS_PROXY": "http://ada:pass-word@proxy.example.com:3128",
            "TIDINGS_PIN_SENDER": "https://example.com/hooks/pass-word",
            "TIDINGS_SECRET_KEY": "pass-word",
        }
    )

    done = here.run("doctor")

    assert "pass-word" not in done.stdout + done.stderr
    assert "postgresql://***@127.0.0.1:1/tidings" in done.stdout
    assert "https://example.com/***" in done.stdout


def test_nothing_is_made_by_looking(here: Terminal) -> None:
    _, findings, _ = examined(here)

    assert findings["database"][0]["text"].startswith("is not there yet")
    assert list(here.folder.iterdir()) == []


def test_a_database_in_good_order_is_told_with_its_version_and_schema(terminal: Terminal) -> None:
    terminal.says("migrate")
    terminal.says("connector", "list")

    _, findings, status = examined(terminal)

    assert status == 0
    assert "SQL" in findings["database"][0]["text"]
    assert findings["schema"][0]["text"].startswith("up to date")
    assert findings["clock"][0]["level"] == "ok"
    assert findings["key"][0] == {"level": "ok", "about": "key", "text": "opens the secrets in the database"}


def test_tables_are_told_with_their_engine_and_number(terminal: Terminal) -> None:
    terminal.says("migrate")
    before = examined(terminal)[1]["tables"][0]
    terminal.says("tables", "list")

    after = examined(terminal)[1]["tables"][0]

    assert (before["level"], after["level"]) == ("ok", "ok")
    assert after["text"].endswith("answers, and holds 0 tables")


def test_tables_that_do_not_answer_are_broken(here: Terminal, free_port: int) -> None:
    here.settings["TIDINGS_TABLES"] = f"mariadb://ada:pass-word@127.0.0.1:{free_port}/tables"

    _, findings, status = examined(here)

    assert status == 1
    assert findings["tables"][0]["level"] == "broken"
    assert "does not answer" in findings["tables"][0]["text"]
    assert "pass-word" not in findings["tables"][0]["text"]


def test_a_key_that_does_not_fit_the_database_is_broken(terminal: Terminal) -> None:
    terminal.says("connector", "list")
    terminal.settings["TIDINGS_SECRET_KEY"] = new_key()

    _, findings, status = examined(terminal)

    assert status == 1
    assert findings["key"][0]["level"] == "broken"


def test_a_secret_that_no_key_opens_is_told_with_what_stands_still_and_the_key_that_is_missing(here: Terminal) -> None:
    old, new = new_key(), new_key()
    here.settings["TIDINGS_SECRET_KEY"] = old
    here.says("source", "create", "--name", "field")
    here.settings["TIDINGS_SECRET_KEY"] = f"{new},{old}"
    here.says("source", "create", "--name", "late")
    here.settings["TIDINGS_SECRET_KEY"] = old

    _, findings, status = examined(here)

    [finding] = findings["key"]
    assert (status, finding["level"]) == (1, "broken")
    assert finding["text"].startswith("source late stands still, its secret cannot be opened: this was sealed with the")
    assert Vault([new]).sealing_key in finding["text"]
    assert [one["name"] for one in here.tells("source", "list")] == ["field", "late"]


def test_a_database_that_does_not_answer_is_broken(here: Terminal, free_port: int) -> None:
    here.settings["TIDINGS_DATABASE"] = f"postgresql://127.0.0.1:{free_port}/tidings"

    _, findings, status = examined(here)

    assert status == 1
    assert findings["database"][0]["level"] == "broken"


def test_a_wrong_setting_is_broken_and_the_others_are_shown(here: Terminal) -> None:
    here.settings["TIDINGS_WORKERS"] = "0"

    settings, findings, status = examined(here)

    assert status == 1
    assert findings["settings"][0]["text"].startswith("TIDINGS_WORKERS: ")
    assert settings["TIDINGS_WORKERS"]["value"] == "0"


def test_a_misspelt_variable_is_named(here: Terminal) -> None:
    here.settings.update({"TIDINGS_DATABSE": "sqlite:other.db", "TIDINGS_TOKEN": "of tidings listen"})

    _, findings, _ = examined(here)

    assert [one["text"] for one in findings["settings"]] == ["TIDINGS_DATABSE is no setting; is it misspelt?"]


def test_certificates_are_looked_into(here: Terminal) -> None:
    authority = Authority(here.folder)
    good, expired = authority.issue("127.0.0.1"), authority.issue("127.0.0.1", expired=True)
    other = authority.issue("hooks.example.com")

    def told(certificate: str, key: str) -> tuple[list[str], int]:
        here.settings.update({"TIDINGS_TLS_CERT": certificate, "TIDINGS_TLS_KEY": key})
        _, findings, status = examined(here)
        return [one["text"] for one in findings["TLS"]], status

    soon, status = told(str(good.certificate), str(good.key))
    assert (len(soon), status) == (1, 0)
    assert "expires soon" in soon[0]
    over, status = told(str(expired.certificate), str(expired.key))
    assert (status, "only" in over[0]) == (1, True)
    crossed, status = told(str(good.certificate), str(expired.key))
    assert (status, "belong together" in crossed[0]) == (1, True)
    named, _ = told(str(other.certificate), str(other.key))
    assert "does not name 127.0.0.1" in named[1]


def test_it_says_what_a_proxy_hides_and_what_is_let_through(here: Terminal) -> None:
    here.settings.update(
        {
            "TIDINGS_EGRESS_PROXY": "http://proxy.example.com:3128",
            "TIDINGS_EGRESS_ALLOW": "10.0.0.0/8,192.0.2.0/24",
            "TIDINGS_EGRESS_HTTP": "on",
            "TIDINGS_HOST": "192.0.2.1",
            "TIDINGS_TRUSTED_PROXIES": "0.0.0.0/0",
        }
    )

    _, findings, status = examined(here)

    assert status == 0
    assert "private addresses" in findings["proxy"][0]["text"]
    assert [one["text"][:30] for one in findings["egress"]] == [
        "whoever may make webhooks can ",
        "callbacks may travel unencrypt",
    ]
    assert "TIDINGS_PUBLIC_URL" in findings["address"][0]["text"]
    assert "TIDINGS_TRUSTED_PROXIES" in findings["proxies"][0]["text"]


@pytest.mark.parametrize(
    ("configured", "is_advised"),
    [
        ("'--prefix=/opt/python' '--enable-shared'", True),
        ("'--prefix=/usr/local' '--enable-shared'", True),
        ("'--prefix=/usr/local' '--enable-optimizations' '--with-lto'", False),
        ("'--enable-shared' '--prefix=/usr' '--enable-ipv6'", False),
        ("", False),
    ],
)
def test_a_python_that_was_built_without_optimisation_is_told(configured: str, *, is_advised: bool) -> None:
    findings = list(python_built(configured))

    assert [(one.level, one.about) for one in findings] == [(Level.ADVICE, "Python")] * is_advised
