"""What the header fields of a request ask for: ``Accept`` and ``If-Match`` (RFC 9110)."""

import re

# RFC 9110 section 8.8.3: opaque-tag. Commas may be inside, so a list is not cut at them.
_NEXT_TAG = re.compile(r'[ \t]*(?:(?P<tag>(?:W/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*)?(?:,|\Z)')
# the drafts of WHIP and WHEP write the star of an ICE restart in quotes in their examples
_ANY = frozenset({"*", '"*"'})
# section 12.4.2
_NO_WEIGHT = re.compile(r"q=0(?:\.0*)?")


def accepts(accept: str | None, media_type: str) -> bool:
    """Whether an ``Accept`` field lets the answer be of ``media_type`` (section 12.5.1).

    The most specific range decides. Parameters of a range other than its weight are
    not looked at, and a part that makes no sense says nothing. No field accepts all.
    """
    if accept is None or not accept.strip():
        return True
    ranges = ("*/*", f"{media_type.partition('/')[0]}/*", media_type)
    allowed: dict[str, bool] = {}
    for part in accept.split(","):
        name, *parameters = (each.strip() for each in part.lower().split(";"))
        if name in ranges:
            allowed[name] = not any(_NO_WEIGHT.fullmatch(each) for each in parameters)
    return next((allowed[each] for each in reversed(ranges) if each in allowed), False)


def matches(if_match: str, tag: str) -> bool:
    """Whether ``If-Match`` lets the request through (section 13.1.1).

    Args:
        if_match: the field's value: ``*``, or a list of entity-tags.
        tag: the strong entity-tag of what is there, quotes included.
    """
    if if_match.strip() in _ANY:
        return True
    at, found = 0, False
    while at < len(if_match):
        part = _NEXT_TAG.match(if_match, at)
        if part is None:
            return False
        # strong comparison (section 8.8.3.2): W/"x" is never equal to "x"
        found = found or part["tag"] == tag
        at = part.end()
    return found
