"""Alarms by e-mail: the daemon hands letters to a mail server that asks for TLS and a password, and loses none of them."""

import asyncio
import base64
import email
import email.policy
import ssl

import pytest

from house import Daemon, until
from test_security import Authority

pytestmark = pytest.mark.asyncio


class MailServer:
    """SMTP as RFC 5321 has it, as far as a sender needs it."""

    def __init__(self, tls=None, starttls=None, password=None, words=("PLAIN", "LOGIN")):
        self.tls, self.starttls, self.password, self.words = tls, starttls, password, words
        self.letters, self.talks, self.refuse = [], [], 0
        self.server = None
        self.port = 0

    async def start(self, port=0):
        self.server = await asyncio.start_server(self._talk, "127.0.0.1", port or self.port, ssl=self.tls)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def stop(self):
        self.server.close()
        await self.server.wait_closed()

    async def _talk(self, reader, writer):
        said = []
        self.talks.append(said)
        is_secure, is_known, letter = self.tls is not None, self.password is None, {"to": []}

        async def say(text):
            writer.write(text.encode() + b"\r\n")
            await writer.drain()

        async def hear():
            line = (await reader.readline()).decode().rstrip("\r\n")
            said.append(line)
            return line

        try:
            await say("220 mail.test ESMTP")
            while line := await hear():
                word = line.split(" ")[0].upper()
                if word == "EHLO":
                    offers = (["STARTTLS"] if self.starttls and not is_secure else []) + (
                        [f"AUTH {' '.join(self.words)}"] if self.password and is_secure else [])
                    for text in ["mail.test", *offers][:-1] if offers else []:
                        await say(f"250-{text}")
                    await say(f"250 {offers[-1] if offers else 'mail.test'}")
                elif word == "STARTTLS":
                    await say("220 go on")
                    await writer.start_tls(self.starttls)
                    is_secure = True
                elif word == "AUTH":
                    kind, *rest = line.split(" ")[1:]
                    if kind == "PLAIN":
                        _, user, password = base64.b64decode(rest[0]).decode().split("\0")
                    else:
                        await say("334 " + base64.b64encode(b"Username:").decode())
                        user = base64.b64decode(await hear()).decode()
                        await say("334 " + base64.b64encode(b"Password:").decode())
                        password = base64.b64decode(await hear()).decode()
                    is_known = (user, password) == self.password
                    await say("235 welcome" if is_known else "535 no")
                elif word == "MAIL" and self.refuse:
                    self.refuse -= 1
                    await say("451 come again")
                elif word == "MAIL":
                    letter["from"] = line
                    await say("250 fine" if is_known else "530 who are you")
                elif word == "RCPT":
                    letter["to"].append(line.split("<")[1].rstrip(">"))
                    await say("250 fine")
                elif word == "DATA":
                    await say("354 tell")
                    lines = []
                    while (text := (await reader.readline()).decode()) != ".\r\n":
                        lines.append(text[1:] if text.startswith("..") else text)
                    letter["message"] = email.message_from_string("".join(lines), policy=email.policy.default)
                    self.letters.append(letter)
                    await say("250 kept")
                elif word == "QUIT":
                    await say("221 bye")
                    break
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()


def rules(server, **more):
    return {
        "rules": [{"kind": "station_offline", "on": True, "delay_minutes": 0}], "recipients": ["anna@example.org"],
        "server": {
            "host": "127.0.0.1", "port": server.port, "security": "plain", "from": "ostler@example.org",
            "allow_private": True},
        **more}


async def test_a_station_that_is_away_is_told_by_letter_and_event(house):
    server = await MailServer().start()
    await house.api.post("/stations", {"id": "CS-AWAY"})
    await house.api.put("/alarms/rules", rules(server))
    await until(lambda: server.letters, 60, what="a letter about the station")
    letter = server.letters[0]
    assert letter["to"] == ["anna@example.org"] and "ostler@example.org" in letter["from"]
    assert letter["message"]["Subject"] == "Ostler: Station offline: CS-AWAY"
    assert "Station offline: CS-AWAY, since 20" in letter["message"].get_content()
    kinds = [event["kind"] for event in await house.api.items("/events")]
    assert "alarm.raised" in kinds
    [alarm] = (await house.api.get("/alarms"))["items"]
    assert alarm["kind"] == "station_offline" and alarm["about"] == "CS-AWAY" and alarm["told_at"]
    assert await until(lambda: taken(house), 20, what="the letter is known to be taken")
    await server.stop()


async def taken(house):
    letters = (await house.api.get("/letters"))["items"]
    return [letter for letter in letters if letter["state"] == "taken"]


async def test_a_letter_outlives_a_server_that_is_busy_and_a_daemon_that_dies(house):
    server = await MailServer().start()
    server.refuse = 1
    await house.api.post("/stations", {"id": "CS-1"})
    await house.api.put("/alarms/rules", rules(server))
    await until(lambda: waits(house, "451 come again"), 60, what="the letter waits")
    await server.stop()
    await house.kill()
    await house.start()
    await server.start()
    # Whoever saves the rules again wants to see at once whether it works.
    await house.api.put("/alarms/rules", rules(server))
    await until(lambda: server.letters, 60, what="the letter arrives after all")
    assert len({letter["message"]["Message-ID"] for letter in server.letters}) == len(server.letters)
    await server.stop()


async def waits(house, why):
    letters = (await house.api.get("/letters"))["items"]
    return [letter for letter in letters if letter["state"] == "waiting" and why in (letter["why"] or "")]


async def test_the_test_button_says_what_the_server_says(house):
    server = await MailServer().start()
    await house.api.put("/alarms/rules", rules(server, rules=[]))
    assert (await house.api.post("/alarms/test"))["letter"] == "taken"
    assert server.letters[0]["message"]["Subject"] == "Ostler: a test"
    await server.stop()
    answer = await house.api.post("/alarms/test")
    assert answer["letter"] == "failed" and "127.0.0.1" in answer["why"]


async def test_the_way_must_be_private_before_a_password_is_told(house):
    server = await MailServer().start()
    secret = {"user": "anna", "password": "s3cret"}
    for security in ["tls", "starttls"]:
        given = rules(server, rules=[])
        given["server"] |= {"security": security, **secret}
        await house.api.put("/alarms/rules", given)
        assert (await house.api.post("/alarms/test"))["letter"] == "failed"
    assert not any("AUTH" in line for talk in server.talks for line in talk)
    # A private address has to be allowed.
    given = rules(server, rules=[])
    given["server"].pop("allow_private")
    await house.api.put("/alarms/rules", given)
    assert "not public" in (await house.api.post("/alarms/test"))["why"]
    # The password is never shown, and stays where a page sends none back.
    shown = await house.api.get("/alarms/rules")
    assert "s3cret" not in str(shown)
    await server.stop()


@pytest.mark.parametrize("way,words", [("tls", ["PLAIN"]), ("starttls", ["LOGIN"])])
async def test_password_and_letter_go_encrypted(tmp_path, way, words):
    authority = Authority(tmp_path, "mail")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.sign("localhost"))
    server = await MailServer(**{way: context}, password=("anna", "pässword"), words=words).start()
    house = Daemon(tmp_path / "data")
    house.environment = {"SSL_CERT_FILE": authority.certificate}
    await house.start()
    given = rules(server, rules=[])
    given["server"] |= {"host": "localhost", "security": way, "user": "anna", "password": "pässword"}
    await house.api.put("/alarms/rules", given)
    answer = await house.api.post("/alarms/test")
    assert answer == {"letter": "taken", "why": None}
    assert any(line.startswith(f"AUTH {words[0]}") for line in server.talks[-1])
    await house.stop()
    await server.stop()
