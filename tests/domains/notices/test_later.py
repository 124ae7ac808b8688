"""What is tried again goes on in the trace of the act that it follows from."""

from __future__ import annotations

from datetime import timedelta

from podo.kernel import clock, traces
from podo.notices import service
from podo.notices.types import Draft
from tests.domains.notices.conftest import MailServer
from tests.houses import Living


async def test_a_mail_that_is_tried_again_goes_on_in_its_trace(mailing: Living, post: MailServer) -> None:
    post.answers["MAIL"] = ["451 try later"] * 3
    with traces.span("click") as click:
        async with mailing.transaction() as tx:
            mail = service.mail(tx, Draft("emma@podo.example", "Hello", "Read {podo}/chat-api"))
    await mailing.settled()
    with clock.shifted(timedelta(minutes=2)):
        async with mailing.reading() as r:
            [(found, tried, trace)] = await service.due_mails(r)
    point = traces.parse(trace)
    assert point is not None
    assert (found, tried, point.trace) == (mail, 1, click.point.trace)
