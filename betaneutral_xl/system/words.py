"""Words that people type, and texts that must fit: yes and no, the nearest known word, a shortened text."""

from __future__ import annotations

from collections.abc import Iterable

YES = frozenset({"true", "yes", "y", "on", "1", "1.0", "t"})
NO = frozenset({"false", "no", "n", "off", "0", "0.0", "f"})


def yes_or_no(value: object) -> bool:
    """Read a truth value, the numbers 1 and 0, or text such as ``true``, ``no`` and ``on``.

    >>> yes_or_no("On"), yes_or_no(0.0), yes_or_no("FALSE")
    (True, False, False)

    Raises ``ValueError`` if it is something else.
    """
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower() if isinstance(value, (str, int, float)) else ""
    if text not in YES | NO:
        msg = "give yes or no"
        raise ValueError(msg)
    return text in YES


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that is nearest to a mistyped one; empty if none is near.

    Capitals, blanks, hyphens and underscores do not count.

    >>> nearest("hegde", ["hedge", "reweight"]), nearest("--uper", ["--upper"]), nearest("ZZ", ["MU"])
    ('hedge', '--upper', '')
    """
    import difflib  # only where something is wrong: the command line starts without it

    by_key = {_key(one): one for one in known}
    close = difflib.get_close_matches(_key(word), list(by_key), n=1)
    return by_key[close[0]] if close else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the question that ends a message about a mistyped word, with a blank before; or nothing.

    >>> did_you_mean("IWW", ["IWV", "JHAI"]), did_you_mean("x", ["IWV"])
    (' Did you mean IWV?', '')
    """
    found = nearest(word, known)
    return f" Did you mean {found}?" if found else ""


def _key(word: str) -> str:
    return "".join(one for one in word.casefold() if one not in " -_")


def shorten(text: str, longest: int) -> str:
    r"""Return a text of one line with at most so many characters, cut between words and ending in ``" ..."``.

    >>> shorten("No risk data\nfor 0.17% of JHAI", 19), shorten("short", 19)
    ('No risk data ...', 'short')
    """
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    kept = line[: longest - 3]
    head, blank, _ = kept.rpartition(" ")
    return f"{head if blank else kept[:-1]} ..."
