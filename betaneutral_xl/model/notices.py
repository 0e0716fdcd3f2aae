"""Warnings and notes with what they are about, so that what changes an answer is shown first.

A notice is text. Where it is made, its subject is named; the subject says how much it matters. Text without
a subject, such as that of a caller, is about the inputs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, IntEnum
from itertools import takewhile
from typing import Any, Self


class Severity(IntEnum):
    """How much a notice matters, the most first."""

    CHANGES = 0
    CHECK = 1
    NOTE = 2

    @property
    def label(self) -> str:
        """In words."""
        return ("changes the answer", "to be checked", "for information")[self]


class Subject(Enum):
    """What notices are about: a heading, and how much they matter by default."""

    NOT_NEUTRAL = ("The beta is not on its target", Severity.CHANGES)
    MANDATE = ("The mandate", Severity.CHECK)
    HELD_WITHOUT_RISK = ("Positions without risk data", Severity.CHANGES)
    ETF_COVERAGE = ("Names of the ETFs without risk data", Severity.NOTE)
    ETF_UNIT = ("How an ETF is represented", Severity.NOTE)
    COLLINEAR = ("ETFs that are nearly the same", Severity.CHANGES)
    RISK_MODEL = ("The risk model", Severity.CHECK)
    PRICES = ("Prices", Severity.CHECK)
    DATES = ("Inputs of different days", Severity.CHECK)
    STALE = ("Data from the cache", Severity.CHECK)
    EXPOSURE = ("A large exposure", Severity.CHECK)
    GROUPS = ("Groups", Severity.NOTE)
    HOLDINGS = ("The holdings", Severity.CHECK)
    ETF = ("The files of the ETFs", Severity.CHECK)
    INPUTS = ("How inputs were read", Severity.NOTE)
    METHOD = ("The method", Severity.NOTE)
    SAMPLE = ("Where the inputs come from", Severity.CHECK)

    @property
    def heading(self) -> str:
        """What the notices are about, in words."""
        return self.value[0]

    @property
    def severity(self) -> Severity:
        """How much they matter, unless the place where one is made knows better."""
        return self.value[1]


class Notice(str):
    """A line of text with its subject and severity; otherwise an ordinary text.

    >>> one = Notice("No prices of VIA.", Subject.PRICES)
    >>> one, one.severity.label
    ('No prices of VIA.', 'to be checked')
    """

    __slots__ = ("severity", "subject")

    subject: Subject
    severity: Severity

    def __new__(cls, text: str, subject: Subject, severity: Severity | None = None) -> Self:
        """Make a notice; the severity is the subject's by default."""
        made = super().__new__(cls, text)
        made.subject = subject
        made.severity = subject.severity if severity is None else severity
        return made

    def __reduce__(self) -> tuple[Callable[..., Notice], tuple[Any, ...]]:
        return Notice, (str(self), self.subject, self.severity)

    @classmethod
    def of(cls, text: str, subject: Subject = Subject.INPUTS) -> Notice:
        """Return the text as a notice; one that is a notice already is returned itself."""
        return text if isinstance(text, Notice) else cls(text, subject)


LABEL = 2
"""Words of the longest label before a colon: an ETF or a file by its name."""


@dataclass(frozen=True, slots=True)
class NoticeGroup:
    """The notices of one severity about one subject."""

    severity: Severity
    heading: str
    lines: tuple[str, ...]

    @property
    def summary(self) -> str:
        """One line as it is; of several, what stands before a list of names or an explanation.

        Words that all begin with stand once. What stands before a first colon and has no verb yet, such as
        ``ETF SOXX:``, is kept with what follows.

        >>> lines = ("No prices of 2 names (A, B).", "No prices of 7 names (C, D, ...).")
        >>> NoticeGroup(Severity.CHECK, "Prices", lines).summary
        'No prices of 2 names; 7 names'
        """
        if len(self.lines) == 1:
            return self.lines[0]
        heads = [_head(line).rstrip(".").split() for line in self.lines]
        common = sum(1 for _ in takewhile(lambda words: len(set(words)) == 1, zip(*heads, strict=False)))
        first, *others = (" ".join(words) for words in (heads[0], *(one[common:] for one in heads[1:])))
        return "; ".join((first, *filter(None, others)))


def _head(line: str) -> str:
    first, *others = re.split(r"( \(|: )", line, maxsplit=2)
    label = len(first.split()) <= LABEL and others and others[0] == ": "
    return "".join((first, *others[:2])) if label else first


def about(subject: Subject, lines: Iterable[str]) -> Iterator[Notice]:
    """Yield lines as notices about a subject, unless they have one of their own."""
    return (Notice.of(line, subject) for line in lines)


def grouped(lines: Iterable[str]) -> tuple[NoticeGroup, ...]:
    """Return notices by severity and subject, what changes the answer first."""
    groups: dict[tuple[Severity, str], list[str]] = {}
    for line in map(Notice.of, lines):
        groups.setdefault((line.severity, line.subject.heading), []).append(str(line))
    order = {subject.heading: place for place, subject in enumerate(Subject)}
    ordered = sorted(groups.items(), key=lambda group: (group[0][0], order[group[0][1]]))
    return tuple(NoticeGroup(severity, heading, tuple(texts)) for (severity, heading), texts in ordered)
