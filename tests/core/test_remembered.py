"""What is made of texts is remembered for some, and for short ones only."""

from tidings.core.remembered import remembered


def test_short_texts_are_remembered_and_long_ones_made_each_time() -> None:
    made: list[str] = []

    @remembered(2, longest=5)
    def greeting(name: str, *, word: str) -> str:
        made.append(name)
        return f"{word} {name}"

    answers = [greeting(name, word="hi") for name in ("Ada", "Ada", "Grace", "Grace")]

    assert answers == ["hi Ada", "hi Ada", "hi Grace", "hi Grace"]
    assert made == ["Ada", "Grace", "Grace"]
