"""SMS: Twilio's message call, which tells one phone that a report has been published."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlencode

from ..failure import Misconfigured
from ..publication import Publication, filled
from ..web import ask, basic, checked_url

# Twilio's own.
LONGEST_TEXT = 1_600
ACCOUNT, SERVICE, PHONE = re.compile(r"AC[0-9a-fA-F]{32}"), re.compile(r"MG[0-9a-fA-F]{32}"), re.compile(r"\+\d{7,15}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms:
    """`sender` is a number, a name that Twilio knows, or a messaging service (MG…)."""

    account: str
    sender: str
    recipient: str
    text: str = "{title} has been published."
    secret: str = field(repr=False)
    twilio: str = "https://api.twilio.com"

    def __post_init__(self) -> None:
        checked_url(self.twilio)
        if not ACCOUNT.fullmatch(self.account):
            raise Misconfigured("account must be AC and 32 hexadecimal digits, as Twilio's console shows it")
        if not PHONE.fullmatch(self.recipient):
            raise Misconfigured("recipients must be numbers with a + and the country's code")

    def publish(self, publication: Publication) -> str:
        places = " ".join(publication.places)
        text = filled(self.text, title=publication.report.title, places=places)[:LONGEST_TEXT]
        who = "MessagingServiceSid" if SERVICE.fullmatch(self.sender) else "From"
        url = f"{checked_url(self.twilio)}/2010-04-01/Accounts/{self.account}/Messages.json"
        headers = {"content-type": "application/x-www-form-urlencoded"} | basic(self.account, self.secret)
        body = urlencode({"To": self.recipient, who: self.sender, "Body": text}).encode()
        answer = ask("POST", url, headers=headers, body=body).good("Twilio")
        return str(answer.json.get("sid", ""))
