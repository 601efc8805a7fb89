"""The methods of the Bot API that Callout uses, each under its own name."""

import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from . import BOT_ID, GROUP_ID, rules, shapes
from .entities import Entity
from .parameters import Parameters, allowed, commands_key, words
from .phone import Phone
from .rules import Json, Refusal, bad_request, forbidden, unreadable
from .store import Document, Message, Person, Webhook


class BotApi:
    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.store = phone.store

    async def call(self, method: str, given: Parameters) -> Any:
        """The method's result; raises Refusal."""
        found = METHODS.get(method.lower())
        if found is None:
            raise Refusal(404, "Not Found: method not found")
        return await found(self, given)

    # The bot itself

    async def get_me(self, given: Parameters) -> Json:
        return {
            **shapes.bot(),
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }

    async def set_my_commands(self, given: Parameters) -> bool:
        self._save_commands(given, rules.commands(given.raw("commands")))
        return True

    async def delete_my_commands(self, given: Parameters) -> bool:
        self._save_commands(given, None)
        return True

    async def get_my_commands(self, given: Parameters) -> list[Json]:
        kept: dict[str, list[Json]] = self.store.note("commands", {})
        return kept.get(commands_key(given), [])

    def _save_commands(self, given: Parameters, listed: list[Json] | None) -> None:
        kept = self.store.note("commands", {})
        kept.pop(commands_key(given), None)
        if listed:
            kept[commands_key(given)] = listed
        self.store.save_note("commands", kept)
        self.phone.live.tell("people")

    # Updates

    async def get_updates(self, given: Parameters) -> list[Json]:
        return await self.phone.updates.poll(
            given.integer("offset"),
            given.integer("limit", 100),
            given.integer("timeout"),
            allowed(given),
        )

    async def set_webhook(self, given: Parameters) -> bool:
        url = given.text("url").strip()
        if not url:
            return await self.delete_webhook(given)
        secret = rules.webhook_secret(given.text("secret_token"))
        at_once = max(1, min(given.integer("max_connections", 40), 100))
        webhook = Webhook(rules.webhook_url(url), secret, at_once)
        if (kinds := allowed(given)) is not None:
            self.store.save_note("allowed_updates", kinds)
        self._drop_pending(given)
        self.phone.updates.set_webhook(webhook)
        return True

    async def delete_webhook(self, given: Parameters) -> bool:
        self._drop_pending(given)
        self.phone.updates.set_webhook(None)
        return True

    def _drop_pending(self, given: Parameters) -> None:
        if given.flag("drop_pending_updates"):
            self.store.forget_updates()

    async def get_webhook_info(self, given: Parameters) -> Json:
        webhook = self.store.webhook() or Webhook("")
        info: Json = {
            "url": webhook.url,
            "has_custom_certificate": False,
            "pending_update_count": self.store.pending_updates(),
        }
        if webhook.url:
            info["max_connections"] = webhook.max_connections
        if webhook.last_error_at:
            info |= {"last_error_date": int(webhook.last_error_at), "last_error_message": webhook.last_error}
        if kinds := self.store.note("allowed_updates", []):
            info["allowed_updates"] = kinds
        return info

    # Messages

    async def send_message(self, given: Parameters) -> Json:
        chat = self._chat(given)
        text, entities = words(given, "text", "entities")
        if not text:
            raise bad_request("message text is empty" if not given.text("text") else "text must be non-empty")
        return self._send(given, Message(chat, 0, BOT_ID, self.phone.now(), text, entities))

    async def send_document(self, given: Parameters) -> Json:
        chat = self._chat(given)
        text, entities = words(given, "caption", "caption_entities")
        return self._send(
            given, Message(chat, 0, BOT_ID, self.phone.now(), text, entities, document=self._document(given))
        )

    def _send(self, given: Parameters, message: Message) -> Json:
        """The order of Telegram's checks: the request itself, then the limits, then whether it is wanted."""
        message.markup = rules.reply_markup(given.raw("reply_markup"))
        message.protect = given.flag("protect_content")
        message.reply_to = self._answered(given, message.chat)
        if wait := self.phone.meter.take(message.chat, time.monotonic()):
            raise rules.too_many(wait)
        self._refuse_unwanted(message.chat)
        message.message_id = self.store.new_message_id(message.chat)
        self.store.save_message(message)
        self.phone.live.tell("people", message.chat)
        return shapes.message(self.store, message)

    def _answered(self, given: Parameters, chat: int) -> int | None:
        wanted = given.object("reply_parameters") or {}
        number = wanted.get("message_id") or given.integer("reply_to_message_id")
        if not number:
            return None
        if self.store.message(chat, int(number)):
            return int(number)
        if wanted.get("allow_sending_without_reply") or given.flag("allow_sending_without_reply"):
            return None
        raise bad_request("message to be replied not found")

    def _document(self, given: Parameters, name: str = "document") -> Document:
        upload = given.upload(name)
        if upload is None:
            kept = self.store.document(given.text(name))
            if kept is None:
                raise bad_request("wrong file identifier/HTTP URL specified")
            return kept
        if not upload.content:
            raise bad_request("file must be non-empty")
        if len(upload.content) > self.phone.limits.document_bytes:
            raise Refusal(413, "Request Entity Too Large")
        number = str(self.store.new_file_number())
        document = Document(
            f"BQACAgPracticeFile{number}", f"AgADPractice{number}", upload.file_name, upload.mime_type,
            len(upload.content),
        )  # fmt: skip
        self.store.save_file(document.file_id, upload.content)
        return document

    async def edit_message_text(self, given: Parameters) -> Json:
        message = self._editable(given)
        text, entities = words(given, "text", "entities")
        if not text:
            raise bad_request("message text is empty" if not given.text("text") else "text must be non-empty")
        if message.document:
            raise bad_request("there is no text in the message to edit")
        return self._edit(given, message, text, entities)

    async def edit_message_caption(self, given: Parameters) -> Json:
        message = self._editable(given)
        if not message.document:
            raise bad_request("there is no caption in the message to edit")
        return self._edit(given, message, *words(given, "caption", "caption_entities"))

    async def edit_message_media(self, given: Parameters) -> Json:
        """A file in place of what the message held; a text becomes a message with a file, never the other way."""
        text, entities, document = self._input_media(given)
        return self._edit(given, self._editable(given), text, entities, document=document)

    def _input_media(self, given: Parameters) -> tuple[str, list[Entity], Document]:
        """Read before the message is looked for: the caption, the type, and then the file."""
        if not given.text("media"):
            raise bad_request('parameter "media" is required')
        media = given.within("media")
        try:
            text, entities = words(media, "caption", "caption_entities")
        except Refusal as refusal:
            reason = refusal.description.removeprefix("Bad Request: ")
            raise unreadable(reason[0].upper() + reason[1:]) from None
        if not media.text("type"):
            raise unreadable('Can\'t find field "type"')
        named = media.text("media")
        if not named or (named.startswith("attach://") and media.upload("media") is None):
            raise unreadable("media not found")
        if media.text("type") != "document":
            raise unreadable(f'type "{media.text("type")}" is unsupported')
        return text, entities, self._document(media, "media")

    async def edit_message_reply_markup(self, given: Parameters) -> Json:
        message = self._editable(given)
        return self._edit(given, message, message.text, message.entities, words_too=False)

    def _edit(
        self,
        given: Parameters,
        message: Message,
        text: str,
        entities: list[Entity],
        *,
        words_too: bool = True,
        document: Document | None = None,
    ) -> Json:
        # An edit that names no keyboard takes the old one away.
        markup = rules.reply_markup(given.raw("reply_markup"))
        document = document or message.document
        before = (message.text, message.entities, message.markup, message.document)
        if (text, entities, markup, document) == before:
            raise bad_request(rules.NOT_MODIFIED.removeprefix("Bad Request: "))
        if wait := self.phone.meter.take_edit(time.monotonic()):
            raise rules.too_many(wait)
        self._refuse_unwanted(message.chat)
        message.text, message.entities, message.markup, message.document = text, entities, markup, document
        if words_too:
            message.edited_at = self.phone.now()
        self.store.save_message(message)
        self.phone.live.tell("chat", message.chat)
        return shapes.message(self.store, message)

    def _editable(self, given: Parameters) -> Message:
        chat = self._chat(given)
        message = self.store.message(chat, given.integer("message_id"))
        if message is None:
            raise bad_request("message to edit not found")
        if message.sender != BOT_ID:
            raise bad_request("message can't be edited")
        return message

    async def delete_message(self, given: Parameters) -> bool:
        chat = self._chat(given)
        message = self.store.message(chat, given.integer("message_id"))
        if message is None:
            raise bad_request("message to delete not found")
        if self.phone.now() - message.at > self.phone.limits.delete_hours * 3600:
            raise bad_request("message can't be deleted for everyone")
        self.store.delete_message(chat, message.message_id)
        self.phone.live.tell("chat", chat)
        return True

    async def answer_callback_query(self, given: Parameters) -> bool:
        number = given.text("callback_query_id")
        tap = self.store.tap(int(number)) if re.fullmatch("[0-9]{1,18}", number) else None
        if tap is None or self.phone.now() - tap.at > self.phone.limits.answer_seconds:
            raise bad_request(rules.QUERY_TOO_OLD.removeprefix("Bad Request: "))
        if len(given.text("text")) > rules.ANSWER_LIMIT:
            raise bad_request("MESSAGE_TOO_LONG")
        if tap.answered_at is None:  # the first answer is the one that is shown
            tap.answered_at, tap.text, tap.url = self.phone.now(), given.text("text"), given.text("url")
            tap.show_alert = given.flag("show_alert")
            self.store.save_tap(tap)
            self.phone.live.tell(
                "answer", tap.chat, tap=str(tap.id), message=tap.message_id, person=str(tap.person),
                text=tap.text, alert=tap.show_alert,
            )  # fmt: skip
        return True

    async def send_chat_action(self, given: Parameters) -> bool:
        chat = self._chat(given)
        if not given.text("action"):
            raise bad_request("wrong parameter action in request")
        self._refuse_unwanted(chat)
        self.phone.live.tell("typing", chat)
        return True

    async def get_chat(self, given: Parameters) -> Json:
        chat = self._chat(given)
        # Bot API, ChatFullInfo: these three always come.
        gifts = {f"{kind}_gifts": False for kind in ("unlimited", "limited", "unique")}
        gifts |= {"premium_subscription": False, "gifts_from_channels": False}
        always = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": gifts}
        return {**shapes.chat(self.store, chat), **always}

    async def get_file(self, given: Parameters) -> Json:
        document = self.store.document(given.text("file_id"))
        if document is None:
            raise bad_request("invalid file_id")
        return {
            "file_id": document.file_id,
            "file_unique_id": document.file_unique_id,
            "file_size": document.file_size,
            "file_path": f"documents/{document.file_id}",
        }

    # Who can be reached

    def _chat(self, given: Parameters) -> int:
        """The chat that is meant, if this bot has ever met it."""
        named = given.text("chat_id").strip()
        if not named:
            raise bad_request("chat_id is empty")
        if named == str(GROUP_ID) and any(one.met for one in self.store.people()):
            return GROUP_ID
        person = self.store.person(int(named)) if re.fullmatch("[0-9]{1,16}", named) else None
        if person is None or not (person.started or person.met):
            raise bad_request("chat not found")
        return person.id

    def _refuse_unwanted(self, chat: int) -> None:
        person = self.store.person(chat)
        if person is not None:
            refuse_unwanted(person)


def refuse_unwanted(person: Person) -> None:
    if person.standing == "deactivated":
        raise forbidden("user is deactivated")
    if person.standing == "blocked":
        raise forbidden("bot was blocked by the user")
    if not person.started:
        raise forbidden("bot can't initiate conversation with a user")


Method = Callable[[BotApi, Parameters], Awaitable[Any]]

METHODS: Final[dict[str, Method]] = {
    "getme": BotApi.get_me,
    "setmycommands": BotApi.set_my_commands,
    "getmycommands": BotApi.get_my_commands,
    "deletemycommands": BotApi.delete_my_commands,
    "getupdates": BotApi.get_updates,
    "setwebhook": BotApi.set_webhook,
    "deletewebhook": BotApi.delete_webhook,
    "getwebhookinfo": BotApi.get_webhook_info,
    "sendmessage": BotApi.send_message,
    "senddocument": BotApi.send_document,
    "editmessagetext": BotApi.edit_message_text,
    "editmessagecaption": BotApi.edit_message_caption,
    "editmessagemedia": BotApi.edit_message_media,
    "editmessagereplymarkup": BotApi.edit_message_reply_markup,
    "deletemessage": BotApi.delete_message,
    "answercallbackquery": BotApi.answer_callback_query,
    "sendchataction": BotApi.send_chat_action,
    "getchat": BotApi.get_chat,
    "getfile": BotApi.get_file,
}
