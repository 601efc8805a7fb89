"""What a phone number may look like, wherever one is typed in."""

import re

from shared.language import N_

LONGEST = 60  # characters
NO_PHONE = N_("That is no phone number. Write it like +49 30 1234567.")

_LIKE = re.compile(r"\+?[0-9 ()./\-]+(?: ?(?:ext\.?|x|#) ?[0-9]+)?", re.IGNORECASE)


def is_phone(text: str) -> bool:
    """With its extension, and as people part its digits; so it is HTML and a cell as it stands."""
    digits = sum(character.isdigit() for character in text)
    return len(text) <= LONGEST and bool(_LIKE.fullmatch(text)) and 3 <= digits <= 25
