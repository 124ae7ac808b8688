"""Mails: queued, sent once through a mail server, tried again, and never shown with a link that signs in."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from podo.access.types import NotAllowed
from podo.kernel import clock
from podo.kernel.db import Tx
from podo.notices import handlers, service
from podo.notices.types import Draft, Mail, MailState, Message
from tests.company import ADMIN, LEAD, MEMBER, SRE, api_of, terminal_of
from tests.domains.notices.conftest import MailServer
from tests.houses import Living, person

SIGN_IN = {"email": "emma@podo.example"}


async def outbox(house: Living) -> list[Mail]:
    async with house.reading() as r:
        return list(reversed(await service.outbox(r)))


async def write(house: Living, draft: Draft) -> str:
    async with house.transaction() as tx:
        mail = service.mail(tx, draft)
    await house.settled()
    return mail


async def test_a_sign_in_link_comes_by_mail_and_works(mailing: Living, post: MailServer) -> None:
    async with mailing.client() as client:
        assert (await client.post("/sign-in", data=SIGN_IN)).status_code == 303
        await mailing.settled()
        assert len(post.taken) == 1
        letter = post.taken[0]
        assert post.envelopes == [("podo@podo.example", ["emma@podo.example"])]
        assert (letter["From"], letter["To"]) == ("podo@podo.example", "emma@podo.example")
        assert letter["Subject"] == "Your link to sign in to Podo"
        assert letter["Auto-Submitted"] == "auto-generated"
        body = letter.get_content()
        assert body.startswith("Hello Emma Clarke,")
        link = re.search(r"https://podo\.example(/sign-in/link\?key=([0-9a-z]+))", body)
        assert link
        assert "{" not in body
        assert (await client.get(link[1])).status_code == 200
        assert (await client.post("/sign-in/link", data={"key": link[2]})).status_code == 303
        assert (await client.get("/api/v1/me")).json()["id"] == LEAD
    mails = await outbox(mailing)
    assert [(m.state, m.attempts, m.sealed) for m in mails] == [(MailState.sent, 1, True)]


async def test_the_mail_speaks_its_readers_language(mailing: Living, post: MailServer) -> None:
    async with mailing.client() as client:
        await client.post("/sign-in", data={"email": "seoyeon@podo.example"})
    await mailing.settled()
    assert "이서연" in post.taken[0].get_content()
    assert not post.taken[0].get_content().startswith("Hello")
    assert re.search("[가-힣]", post.taken[0]["Subject"])


async def test_strangers_get_no_mail(mailing: Living, post: MailServer) -> None:
    async with mailing.client() as client:
        await client.post("/sign-in", data={"email": "nobody@podo.example"})
    await mailing.settled()
    assert post.calls == 0
    assert await outbox(mailing) == []


async def test_a_mail_that_fails_is_tried_again_with_growing_pauses(mailing: Living, post: MailServer) -> None:
    # The act itself tries three times (two short pauses in tests) before the run gives up for now.
    post.answers["MAIL"] = ["451 try later"] * 3
    mail = await write(mailing, Draft("emma@podo.example", "Hello", "Read {podo}/chat-api"))
    found = (await outbox(mailing))[0]
    assert (found.state, found.attempts) == (MailState.queued, 1)
    assert "127.0.0.1 does not take mail: 451 try later" in (found.why or "")

    await handlers.send_due(mailing.house)
    await mailing.settled()
    assert post.taken == []
    with clock.shifted(timedelta(seconds=31)):
        await handlers.send_due(mailing.house)
        await mailing.settled()
        await handlers.send_due(mailing.house)
        await mailing.settled()
    assert [(m.id, m.state, m.attempts, m.why) for m in await outbox(mailing)] == [(mail, MailState.sent, 2, None)]
    assert len(post.taken) == 1
    assert post.taken[0]["Message-ID"] == f"<{mail}@podo>"
    assert post.taken[0].get_content().strip() == "Read https://podo.example/chat-api"


async def test_after_eight_tries_it_is_given_up(mailing: Living, post: MailServer) -> None:
    post.answers["MAIL"] = ["451 try later"] * 100
    await write(mailing, Draft("emma@podo.example", "Hello", "x"))
    waited = timedelta()
    for tried in range(2, 9):
        waited += timedelta(seconds=15 * 2**tried)
        with clock.shifted(waited):
            await handlers.send_due(mailing.house)
            await mailing.settled()
        found = (await outbox(mailing))[0]
        assert (found.attempts, found.state) == (tried, MailState.failed if tried == 8 else MailState.queued)
    with clock.shifted(timedelta(days=9)):
        await handlers.send_due(mailing.house)
        await mailing.settled()
    assert post.taken == []


async def test_an_address_that_is_refused_for_good_is_not_tried_again(mailing: Living, post: MailServer) -> None:
    post.answers["RCPT"] = ["550 no such user"]
    await write(mailing, Draft("gone@podo.example", "Hello", "x"))
    found = (await outbox(mailing))[0]
    assert (found.state, found.attempts) == (MailState.failed, 1)
    assert "refuses the letter: 550 no such user" in (found.why or "")
    assert post.calls == 1


async def test_a_link_that_is_over_is_no_longer_sent(mailing: Living, post: MailServer) -> None:
    post.answers["MAIL"] = ["451 try later"] * 3
    async with mailing.client() as client:
        await client.post("/sign-in", data=SIGN_IN)
    await mailing.settled()
    with clock.shifted(timedelta(minutes=16)):
        await handlers.send_due(mailing.house)
        await mailing.settled()
    found = (await outbox(mailing))[0]
    assert (found.state, found.why) == (MailState.failed, "what it says is no longer so")
    assert post.taken == []


async def test_a_server_that_is_not_there_is_no_loss(mailing: Living, post: MailServer) -> None:
    post.answers["EHLO"] = post.answers["HELO"] = ["421 closing"] * 9
    await write(mailing, Draft("emma@podo.example", "Hello", "x"))
    assert (await outbox(mailing))[0].state is MailState.queued


async def test_without_a_mail_server_mails_stay_and_say_so(house: Living) -> None:
    await write(house, Draft("emma@podo.example", "Deployed\nX-Evil: yes", "Read {podo}/chat-api"))
    found = (await outbox(house))[0]
    assert (found.state, found.subject) == (MailState.kept, "Deployed X-Evil: yes")
    async with house.signed_in(ADMIN) as browser:
        page = await browser.get("/-/outbox")
        assert "kept" in page
        page = await browser.get(f"/-/outbox/{found.id}")
        assert "Read http://127.0.0.1:8080/chat-api" in page


async def test_a_link_that_signs_in_is_shown_to_nobody_and_stands_nowhere_in_clear(house: Living) -> None:
    async with house.client() as client:
        await client.post("/sign-in", data=SIGN_IN)
    await house.settled()
    mail = (await outbox(house))[0]
    assert (mail.state, mail.sealed) == (MailState.kept, True)
    async with house.reading() as r:
        sealed = (await r.session.execute(text("SELECT sealed FROM mails"))).scalar_one()
        path = house.house.seal.open(sealed)
        key = path.partition("key=")[2]
        assert len(key) > 50
        for table in ("mails", "sign_in_links", "events", "notices"):
            assert key not in str((await r.session.execute(text(f"SELECT * FROM {table}"))).all())
    written = await house.written()
    assert sealed.encode() in written
    assert key.encode() not in written
    async with house.signed_in(ADMIN) as browser:
        page = await browser.get(f"/-/outbox/{mail.id}")
        assert "•••" in page
        assert "it is shown to nobody" in page
        assert key not in page
    async with api_of(house, ADMIN) as api:
        found = (await api.get(f"/api/v1/outbox/{mail.id}")).json()
        assert "•••" in found["body"]
        assert "sign-in/link" not in json.dumps(found)
        assert (await api.get("/api/v1/outbox/mail_none")).json()["code"] == "notices.no_such_mail"
    async with terminal_of(house, ADMIN) as podo:
        assert "emma@podo.example" in await podo.run("outbox")
        assert key not in await podo.run("outbox", mail.id)


async def test_the_outbox_is_for_administrators(house: Living) -> None:
    for who in (LEAD, SRE):
        async with house.reading(person(who)) as r:
            with pytest.raises(NotAllowed):
                await service.outbox(r)
            with pytest.raises(NotAllowed):
                await service.mail_in_outbox(r, "mail_x", "")
        async with house.signed_in(who) as browser:
            await browser.get("/-/outbox", status=403)


async def test_who_wants_it_is_told_by_mail_too(mailing: Living, post: MailServer) -> None:
    async with mailing.signed_in(LEAD) as browser:
        page = await browser.get("/settings/notifications")
        assert re.search(r'value="nothing" checked', page)
        await browser.send("/settings/notifications", mail="everything")
        assert re.search(r'value="everything" checked', await browser.get("/settings/notifications"))
        assert "not for “often”" in (await browser.send("/settings/notifications", status=422, mail="often")).text
    sentence = "{who} asks you: {what}"
    message = Message("test.asked", sentence, "/chat-api", {"who": "이서연", "what": "use {podo}{link}?"}, "chat-api")

    async def tell(tx: Tx) -> None:
        await service.tell(tx, [LEAD, MEMBER], message)

    async with mailing.transaction() as tx:
        await tell(tx)
    await mailing.settled()
    assert [to for _, to in post.envelopes] == [["emma@podo.example"]]
    letter = post.taken[0]
    assert letter["Subject"] == "이서연 asks you: use {podo}{link}?"
    body = letter.get_content()
    assert "https://podo.example/chat-api" in body
    assert "use (podo)(link)?" in body
    assert "https://podo.example/settings/notifications" in body
    async with terminal_of(mailing, LEAD) as podo:
        assert "everything" in await podo.run("notifications")
        assert "nothing" in await podo.run("notifications", "--mail", "nothing")
    async with mailing.transaction() as tx:
        await tell(tx)
    await mailing.settled()
    assert len(post.taken) == 1
