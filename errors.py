"""The one exception whose text is meant for the person at the keyboard."""


class UserError(ValueError):
    """Something a user can mend: one line that says what, where and what to do."""
