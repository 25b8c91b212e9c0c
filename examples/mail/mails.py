"""A trigger for the mails in a Maildir, the folder that mail programs and servers share."""

import mailbox
from email.message import EmailMessage
from pathlib import Path
from typing import Annotated

import anyio
from msgspec import Meta, Struct

from ciranda import hookimpl
from ciranda.trigger import Hear, Heard, TriggerKind, trigger

HERE = Path(__file__).parent


class Tray(Struct, frozen=True):
    """Where mails come in.

    Attributes:
        folder: The Maildir, beside this file; it is made if it is not there.
        every: Seconds from one look to the next.
    """

    folder: str
    every: Annotated[float, Meta(gt=0)] = 1.0


class Mail(Struct, frozen=True):
    """What `event.data` is."""

    number: str
    sender: str
    subject: str
    text: str


@trigger("mails.received", options=Tray, data=Mail)
async def received(options: Tray, hear: Hear) -> None:
    """Hear of each mail that nobody has read.

    It is marked as read once its run is durable, and never before: a mail is not lost. A mail that
    was copied, or told of twice, has the same `Message-ID` and begins one run. One that the file
    can do nothing with is marked for a person.
    """
    box = mailbox.Maildir(HERE / options.folder)
    while True:
        for number in sorted(box.keys()):
            mail = box[number]
            if mail.get_subdir() != "new":
                continue
            heard = await hear(
                Mail(number, str(mail["from"]), str(mail["subject"] or ""), text_of(mail)),
                id=str(mail["message-id"] or number),
                source=f"maildir:{options.folder}",
            )
            mail.set_subdir("cur")
            mail.set_flags("FS" if heard is Heard.REFUSED else "S")
            box[number] = mail
        await anyio.sleep(options.every)


def text_of(mail: mailbox.MaildirMessage) -> str:
    """Return the first plain text in a mail."""
    for part in mail.walk():
        if part.get_content_type() == "text/plain":
            raw = part.get_payload(decode=True)
            return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else ""
    return ""


@hookimpl
def triggers() -> list[TriggerKind]:
    """Offer `mails.received`."""
    return [received]


def put(subject: str, text: str = "", *, folder: str = "tray", number: str = "") -> None:
    """Put a mail into the folder, as a mail server does."""
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "ana@example.org", subject
    if number:
        mail["Message-ID"] = number
    mail.set_content(text)
    mailbox.Maildir(HERE / folder).add(mail)


if __name__ == "__main__":
    put("Hello", "Is anybody there?")
