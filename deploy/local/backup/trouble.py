"""Why there is no backup, or none was restored: a sentence for people, which says what to do."""


class CannotSave(Exception):
    """No backup was written."""


class CannotRestore(Exception):
    """The file can't be restored, or not here; nothing was changed."""


DAMAGED = "This backup is damaged or ends too early. Nothing was restored; take another copy of it."
