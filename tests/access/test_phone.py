import pytest

from tidings.access.phone import normal_phone
from tidings.core.errors import Invalid


@pytest.mark.parametrize(
    "text", ["+910000000001", "+91 00000 00001", "+91-00000-00001", "+91.0000.000001", " +91 (00000)\u00a000001 "]
)
def test_a_number_is_the_same_however_it_is_spaced(text: str) -> None:
    assert normal_phone(text, field="phone") == "+910000000001"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "910000000001",
        "+0910000000001",
        "+91",
        "+9100000000012345",
        "+91x000000001",
        "+९१0000000001",
        "+91\n00000",
    ],
)
def test_what_is_no_number_is_refused_with_the_name_of_its_field(text: str) -> None:
    with pytest.raises(Invalid, match=r"^members\[2\]: expected a phone number"):
        normal_phone(text, field="members[2]")
