"""What is under way: over kept connections without a task, by tasks, and by carriers."""

from tests.outbox.conftest import House, OpenHouse, leaving
from tidings.core.subscription import Subscription
from tidings.egress.answer import Answer as Carried
from tidings.egress.answer import Outcome
from tidings.egress.request import Request
from tidings.testing.endpoint import NEVER_ANSWERS, Endpoint


async def test_a_stop_breaks_off_what_a_kept_connection_does_not_answer_and_it_is_sent_after_the_restart(
    open_house: OpenHouse,
) -> None:
    async with Endpoint(200, NEVER_ANSWERS) as endpoint:

        async def prepare(house: House) -> None:
            await house.subscribe(endpoint.url)
            await house.publish()
            await house.settled()
            await house.publish()
            await endpoint.received(2)
            assert (endpoint.connections, house.courier.in_flight) == (1, 1)

        house, serving = await leaving(open_house, prepare)
        await house.reaches(serving.done, by=100, is_beating=False)
        await serving

        endpoint.script(200)
        async with open_house() as house:
            await endpoint.received(3)
            await house.settled()
    assert [request.header("webhook-id") for request in endpoint.requests[1:]] == [
        endpoint.requests[1].header("webhook-id")
    ] * 2


async def test_what_a_carrier_makes_of_a_callback_is_its_attempt_and_a_mistake_of_it_a_failed_one(
    house: House, endpoint: Endpoint
) -> None:
    carried: list[Request] = []

    async def carry(_: Subscription, request: Request) -> Carried:
        carried.append(request)
        if len(carried) > 1:
            raise ValueError
        return Carried(outcome=Outcome.OK, status=200)

    subscription = await house.subscribe(endpoint.url)
    house.courier.sending.carriers[subscription.subject.kind] = carry
    await house.publish()
    await house.settled()
    await house.publish()
    await house.settled()

    assert await house.states(subscription.number) == ["delivered", "retrying"]
    assert len(carried) == 2
    assert not endpoint.requests
