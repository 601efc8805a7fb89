"""How fast the courier may go: about 30 messages a second in all, one a second in each chat.

Bots FAQ, "My bot is hitting limits": short bursts within a chat are tolerated, so a few messages that
belong together go out at once. Each limit is one figure: the moment at which it is as if nothing was sent (GCRA).

These are the limits of Telegram's own servers; a Bot API server that allows more is used `times` as fast.
"""

from typing import Final

ALL_EVERY: Final = 1 / 25
ALL_BURST: Final = 5  # with the figure above at most 30 within any one second
CHAT_EVERY: Final = 1.05
CHAT_BURST: Final = 3
GROUP_EVERY: Final = 3.1  # at most 20 messages a minute to one group


class Pace:
    def __init__(self, times: float = 1.0) -> None:
        """times  how much faster than Telegram's own servers allow"""
        self._all_every = ALL_EVERY / times
        self._chat_every = CHAT_EVERY / times
        self._group_every = GROUP_EVERY / times
        self._all = 0.0
        self._chats: dict[int, float] = {}

    def chat(self, chat: int, now: float) -> float:
        """Seconds until a new message may go to this chat; it is counted. Edits need not ask."""
        every = self._chat_every if chat > 0 else self._group_every
        if len(self._chats) > 10_000:
            self._chats = {chat: quiet for chat, quiet in self._chats.items() if quiet > now}
        quiet = max(self._chats.get(chat, 0.0), now)
        self._chats[chat] = quiet + every
        return max(0.0, quiet - every * (CHAT_BURST - 1) - now)

    def everyone(self, now: float) -> float:
        """Seconds until any call may go out; it is counted. Asked last, when nothing else is in the way."""
        quiet = max(self._all, now)
        self._all = quiet + self._all_every
        return max(0.0, quiet - self._all_every * (ALL_BURST - 1) - now)
