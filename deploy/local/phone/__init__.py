"""The practice phone: a small stand-in for Telegram's Bot API, with a technician's chat to look at.

It speaks the real protocol over real HTTP and keeps Telegram's rules where they bite, so that an admin
can play the whole workflow without Telegram, and so that tests meet what production will meet.
"""

# Well-formed (Bot API, "Authorizing your bot"), public on purpose: it opens nothing but a toy.
PRACTICE_TOKEN = "4242424242:AAPracticePhoneOpensNothingAtAll001"  # noqa: S105 - not a secret, see above

BOT_ID = 4242424242
BOT_NAME = "Callout Practice"
BOT_USERNAME = "callout_practice_bot"

GROUP_ID = -1004242424242
GROUP_TITLE = "Field team"
