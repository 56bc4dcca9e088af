"""The demo's forms: a survey, jobs and an order form, and what people answer."""

from collections.abc import Sequence
from typing import Any

from tidings.workspace.packages import NewPackage
from tidings.workspace.proposal import NewAnnouncement, NewSurvey
from tidings.workspace.questions import Asked, QuestionType

# One more than people who vote, so that they change their minds when they vote again.
DISHES = ("Biryani", "Dosa", "Pizza", "Salad")
SURVEY = NewSurvey(
    title="Lunch on Friday",
    questions=(Asked("What shall we eat on Friday?", QuestionType.SINGLE_OPTION, DISHES),),
    # Longer than anybody looks on: a survey whose time is over takes no answers.
    due_in_hours=365 * 24,
)

JOBS = ("Check the lamps on level 3", "Count the helmets", "Lock gate 4", "Sweep the stairs")
ANNOUNCEMENT = NewAnnouncement(title="Canteen", text="The canteen is closed on Monday")

# The form of the specification ("Integrating Kaizala data to your existing dashboards"), in words of our own.
_OUTLETS = ("Harbour Stores", "Hill Market", "Old Town Grocer")
ORDER_FORM = NewPackage(
    id="com.example.OrderFormDemo",
    name="Order form",
    questions=(
        Asked("Retailer outlet", QuestionType.SINGLE_OPTION, _OUTLETS),
        Asked("Rice 1 kg", QuestionType.NUMERIC),
        Asked("Rice 5 kg", QuestionType.NUMERIC),
        Asked("Fruit juice 250 ml", QuestionType.NUMERIC),
        Asked("Location", QuestionType.LOCATION),
    ),
)
# An answer for each question of the form.
ORDERS: Sequence[Sequence[Any]] = (
    (_OUTLETS[0], 12, 4, 24, {"lt": 9.966, "lg": 76.242, "n": "Quay 2"}),
    (_OUTLETS[1], 5, 10, 6, {"lt": 10.092, "lg": 77.06, "n": "Hill Road"}),
    (_OUTLETS[2], 20, 0, 48, {"lt": 9.939, "lg": 76.26, "n": "Old Square"}),
)
