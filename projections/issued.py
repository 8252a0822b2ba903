"""What was issued is what is shown: where the log gives something else now, nothing is."""


class IssuedChanged(Exception):
    """What was issued comes to something else now: the history or this program is damaged, and it must not be relied on."""
