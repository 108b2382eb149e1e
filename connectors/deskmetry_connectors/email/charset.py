"""Charset: bytes of a mail to text, whatever their label says."""

from __future__ import annotations

import codecs

# Labels that senders use for something wider than what the label means.
_WIDER = {
    "iso8859-1": "cp1252", "ascii": "cp1252", "gb2312": "gb18030", "gbk": "gb18030", "euc_kr": "cp949",
    "shift_jis": "cp932", "iso8859-8-i": "iso8859-8", "iso8859-9": "cp1254",
}  # fmt: skip
# Codecs of Python that are no charset of a mail; some take quadratic time.
_REFUSED = frozenset(
    {"idna", "punycode", "unicode_escape", "raw-unicode-escape", "unicode-escape", "undefined"}
)
_LONGEST_LABEL = 40


def _codec(label: str | None) -> str | None:
    if not label or len(label) > _LONGEST_LABEL or not label.isascii() or not label.isprintable():
        return None
    name = label.strip().strip("\"'").lower()
    name = _WIDER.get(name, name)
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    # Bytes-to-bytes codecs (zlib, hex, rot13) aren't charsets either.
    if found.name in _REFUSED or not getattr(found, "_is_text_encoding", True):
        return None
    return _WIDER.get(found.name, found.name)


def to_text(raw: bytes, label: str | None = None) -> str:
    """Decode bytes by their label, else as UTF-8, else as Windows-1252; never raises.

    Valid UTF-8 beyond ASCII is read as such even where the label says Latin-1: the label lies, since such
    sequences don't occur in Latin-1 text by chance.
    """
    codec = _codec(label)
    own = [] if codec in (None, "cp1252", "utf-8") else [str(codec)]
    for attempt in (*own, "utf-8", "cp1252"):
        try:
            return raw.decode(attempt)
        except (UnicodeError, LookupError, ValueError):
            continue
    return raw.decode("cp1252", "replace")
