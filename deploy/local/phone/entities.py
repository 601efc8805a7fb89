"""Formatting: HTML as a bot writes it → text and entities → HTML that is safe to show.

Offsets are in UTF-16 code units (Bot API, MessageEntity). Parsing and its complaints follow TDLib's
`parse_html`, whose byte offsets bots' authors know from their logs.
"""

import re
from html import escape
from typing import Final

from msgspec import Struct

from .rules import bad_request, utf16_length

TAGS: Final = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "span": "spoiler",
    "tg-spoiler": "spoiler", "a": "text_link", "code": "code", "pre": "pre", "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}  # fmt: skip
NAMED: Final = {"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"'}
BLANK: Final = " \t\r\n\v\0"


class Entity(Struct, omit_defaults=True):
    """Bot API, MessageEntity."""

    type: str
    offset: int
    length: int
    url: str = ""
    language: str = ""

    @property
    def end(self) -> int:
        return self.offset + self.length


class _Open(Struct):
    tag: str
    argument: str
    offset: int


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """Text and entities of `parse_mode=HTML`; "can't parse entities: …" as Telegram says it."""
    return _Parser(source).parse()


class _Parser:
    """TDLib's parser, step by step: it works on bytes, so that its offsets are in bytes."""

    def __init__(self, source: str) -> None:
        self.source = source.encode("utf-8", "surrogatepass") + b"\0"
        self.at = 0
        self.start = 0
        self.text = bytearray()
        self.units = 0
        self.opened: list[_Open] = []
        self.entities: list[Entity] = []

    def parse(self) -> tuple[str, list[Entity]]:
        while self.at < len(self.source) - 1:
            if self._here == "&" and (character := self._character_reference()):
                self._add(character)
            elif self._here != "<":
                byte = self.source[self.at]
                self.units += (byte & 0xC0 != 0x80) + (byte >= 0xF0)
                self.text.append(byte)
                self.at += 1
            else:
                self.start = self.at
                self.at += 1
                if self._here == "/":
                    self._end_tag()
                else:
                    self._start_tag()
        if self.opened:
            raise _unparsable(f'Can\'t find end tag corresponding to start tag "{self.opened[-1].tag}"')
        # They were closed inside out; of two with the same words the outer one comes first.
        self.entities.reverse()
        self.entities.sort(key=lambda entity: (entity.offset, -entity.length))
        return self.text.decode("utf-8", "surrogatepass"), self.entities

    @property
    def _here(self) -> str:
        return chr(self.source[self.at]) if self.at < len(self.source) else "\0"

    def _add(self, character: str) -> None:
        self.text += character.encode("utf-8", "surrogatepass")
        self.units += utf16_length(character)

    def _character_reference(self) -> str:
        """The character of `&lt;` or `&#1234;` here; nothing for any other `&`, which stays as it is."""
        found = re.match(rb"&(?:lt|gt|amp|quot);|&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?", self.source[self.at :])
        if not found:
            return ""
        hexadecimal, decimal = found.groups()
        if hexadecimal is None and decimal is None:
            character = NAMED[found.group().decode()]
        else:
            code = int(hexadecimal, 16) if hexadecimal else int(decimal)
            if not 0 < code < 0x10FFFF:
                return ""
            character = chr(code)
        self.at += found.end()
        return character

    def _skip(self, until: str) -> str:
        begin = self.at
        while self._here not in until and self.at < len(self.source):
            self.at += 1
        return self.source[begin : self.at].decode("utf-8", "replace")

    def _skip_blank(self) -> None:
        while self._here in " \t\r\n\v":
            self.at += 1

    def _end_here(self) -> bool:
        return self.at >= len(self.source) - 1

    def _start_tag(self) -> None:
        tag = self._skip(BLANK + ">").lower()
        if self._end_here():
            raise _unparsable(f"Unclosed start tag at byte offset {self.start}")
        if tag not in TAGS:
            raise _unparsable(f'Unsupported start tag "{tag}" at byte offset {self.start}')
        argument = ""
        while True:
            self._skip_blank()
            if self._here == ">":
                break
            if self._end_here():
                raise _unparsable(f'Unclosed start tag "{tag}" at byte offset {self.start}')
            name, value = self._attribute(tag)
            match tag, name:
                case "a", "href":
                    argument = value
                case "code", "class":
                    argument = value.removeprefix("language-") if value.startswith("language-") else ""
                case ("span", "class") | ("blockquote", "expandable") | ("tg-emoji", "emoji-id"):
                    argument = value or name
                case _:
                    pass
        self.at += 1
        if tag == "span" and argument != "tg-spoiler":
            raise _unparsable(f'Tag "span" must have class "tg-spoiler" at byte offset {self.start}')
        self.opened.append(_Open(tag, argument, self.units))

    def _attribute(self, tag: str) -> tuple[str, str]:
        name = self._skip(BLANK + "=>/\"'")
        if not name:
            raise _unparsable(f'Empty attribute name in the tag "{tag}" at byte offset {self.start}')
        self._skip_blank()
        if self._here != "=":
            return name, ""
        self.at += 1
        self._skip_blank()
        if self._here not in "\"'":
            token = self.at
            found = re.match(rb"[A-Za-z0-9.-]*", self.source[self.at :])
            assert found is not None
            self.at += found.end()
            if self._here not in BLANK + ">":
                raise _unparsable(f"Unexpected end of name token at byte offset {token}")
            return name, found.group().decode().lower()
        quote = self._here
        self.at += 1
        value = ""
        while self._here != quote and not self._end_here():
            if self._here == "&" and (character := self._character_reference()):
                value += character
            else:
                value += self._skip(quote + "&") if self._here != "&" else self._one()
        if self._end_here():
            raise _unparsable(f"Unclosed start tag at byte offset {self.start}")
        self.at += 1
        return name, value

    def _one(self) -> str:
        self.at += 1
        return chr(self.source[self.at - 1])

    def _end_tag(self) -> None:
        if not self.opened:
            raise _unparsable(f"Unexpected end tag at byte offset {self.start}")
        self.at += 1
        tag = self._skip(BLANK + ">").lower()
        self._skip_blank()
        if self._here != ">":
            raise _unparsable(f"Unclosed end tag at byte offset {self.start}")
        self.at += 1
        opened = self.opened.pop()
        if tag and tag != opened.tag:
            raise _unparsable(
                f'Unmatched end tag at byte offset {self.start}, expected "</{opened.tag}>", found "</{tag}>"'
            )
        if self.units > opened.offset:
            self._close(opened)

    def _close(self, opened: _Open) -> None:
        entity = Entity(TAGS[opened.tag], opened.offset, self.units - opened.offset)
        match opened.tag:
            case "a":
                inside = self.text.decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass")
                entity.url = link(opened.argument or _units(inside, opened.offset, self.units))
                if not entity.url:
                    return  # as Telegram does: the words stay, the link is dropped without a word
            case "code":
                entity.language = opened.argument
            case "blockquote" if opened.argument:
                entity.type = "expandable_blockquote"
            case "pre":
                inner = self.entities[-1] if self.entities else entity
                if (inner.type, inner.offset, inner.length) == ("code", entity.offset, entity.length):
                    entity.language = self.entities.pop().language  # <pre><code class="language-…">
            case _:
                pass
        self.entities.append(entity)


def _unparsable(reason: str) -> Exception:
    return bad_request(f"can't parse entities: {reason}")


def link(url: str) -> str:
    """The address of a link, or nothing where Telegram would not make one (no `tel:`, no `javascript:`)."""
    url = url.strip()
    if re.fullmatch(r"(https?|tg|ton|tonsite)://[^\s/]\S*", url, re.IGNORECASE):
        return url
    if re.fullmatch(r"[\w-]+(\.[\w-]+)+(:\d+)?([/?#]\S*)?", url):
        return f"http://{url}"
    return ""


_FOUND: Final = re.compile(
    r"(?P<url>https?://[^\s<>\"]*[^\s<>\".,;:!?)\]'])"
    r"|(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<phone_number>(?<!\w)\+\d[\d ()-]{6,18}\d(?!\w))"
    r"|(?P<bot_command>(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@\w{3,32})?(?![\w/]))"
    r"|(?P<mention>(?<![\w@])@[A-Za-z]\w{3,31})"
)


def found_in(text: str, taken: list[Entity]) -> list[Entity]:
    """What Telegram makes clickable by itself, outside of the entities that are already there."""
    found = []
    for match in _FOUND.finditer(text):
        assert match.lastgroup is not None
        entity = Entity(match.lastgroup, utf16_length(text[: match.start()]), utf16_length(match.group()))
        inert = (one for one in taken if one.type in ("code", "pre", "text_link"))
        if not any(entity.offset < one.end and one.offset < entity.end for one in inert):
            found.append(entity)
    return sorted([*taken, *found], key=lambda entity: (entity.offset, -entity.length))


def to_html(text: str, entities: list[Entity]) -> str:
    """HTML with nothing in it but Telegram's formatting; every other character is escaped."""
    units = text.encode("utf-16-le", "surrogatepass")
    total = len(units) // 2
    known = [one for one in entities if one.length > 0 and 0 <= one.offset and one.end <= total]
    edges = sorted({0, total, *(one.offset for one in known), *(one.end for one in known)})
    html: list[str] = []
    opened: list[Entity] = []
    for here, following in zip(edges, [*edges[1:], total], strict=True):
        kept = [one for one in opened if one.end > here]
        # An entity that ends inside another one closes it too; it is opened again right after.
        shared = next((n for n, one in enumerate(opened) if one.end <= here), len(opened))
        html += [_tags(one, units)[1] for one in reversed(opened[shared:])]
        again = kept[shared:] + [one for one in known if one.offset == here]
        html += [_tags(one, units)[0] for one in again]
        opened = kept[:shared] + again
        html.append(escape(_units(units, here, following)))
    return "".join(html)


def _tags(entity: Entity, units: bytes) -> tuple[str, str]:
    words = _units(units, entity.offset, entity.end)
    match entity.type:
        case "bold" | "italic" | "underline" | "strikethrough" | "code" | "pre":
            tag = {"bold": "b", "italic": "i", "underline": "u", "strikethrough": "s"}.get(
                entity.type, entity.type
            )
            return f"<{tag}>", f"</{tag}>"
        case "spoiler":
            return '<span class="spoiler">', "</span>"
        case "blockquote" | "expandable_blockquote":
            return "<blockquote>", "</blockquote>"
        case "text_link":
            return _anchor(link(entity.url))
        case "url":
            return _anchor(link(words))
        case "email":
            return _anchor(f"mailto:{words}")
        case "phone_number":
            return _anchor("tel:" + re.sub(r"[^\d+]", "", words))
        case "bot_command" | "mention" | "hashtag":
            return '<span class="spoken">', "</span>"
        case _:
            return "", ""


def _anchor(url: str) -> tuple[str, str]:
    if not url:
        return "", ""
    return f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">', "</a>"


def _units(units: bytes, begin: int, end: int) -> str:
    return units[begin * 2 : end * 2].decode("utf-16-le", "replace")
