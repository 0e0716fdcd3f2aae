"""A mandate that is edited in any order and spelling says the same rules, or is refused in one line."""

from __future__ import annotations

import shutil
import tempfile
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from betaneutral_xl.errors import InputError
from betaneutral_xl.job.mandate import Mandate
from betaneutral_xl.job.request import Request

RULES: dict[str, list[list[str]]] = {
    "target": [["0.1", '"0.1"', '"10%"', '" 10 %"'], ["0.5", '"50%"'], ["0", "0.0", '"0%"']],
    "tolerance": [["0.05", '"5%"'], ["0.1", '"0.10"']],
    "long_only": [["true", '"yes"', '"Yes"', '"on"'], ["false", '"no"']],
    "turnover": [["0.3", '"30%"'], ["0.25", '"25%"']],
    "upper": [
        ["0.05", '"5%"', '{"*" = "5%"}'],
        ['{"*" = "5%", NVDA = "8%"}', '{"*" = 0.05, nvda = 0.08}', '{NVDA = "8%", "*" = 0.05}'],
    ],
    "max_trades": [["10", '"10"', "10.0"], ["3"]],
    "net": [['"0.9:1.1"', '"90%:110%"'], ['"0:1"']],
    "frozen": [['["XOM", "TSM"]', '"XOM, tsm"', '"tsm; XOM"'], ['["XOM"]', '"xom"']],
    "cost_bp": [["5", '"5"', "5.0"], ["12.5"]],
    "method": [['"reweight"', '"Reweight"']],
}
"""Values of rules, each in several spellings."""

NO_VALUES = ("[[1]]", "1979-05-27", "{x = {y = 1}}")

KEYS = {
    "long_only": ("long_only", '"Long only"', "long-only"),
    "max_trades": ("max_trades", "max-trades", '"Max trades"'),
}
"""Spellings of the keys that have more than one."""

NAMES = st.sampled_from(sorted(RULES))


class MandateStates(RuleBasedStateMachine):
    """A mandate's file beside the rules that it has."""

    @initialize()
    def start(self) -> None:
        """Begin with a file of one rule."""
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "mandate.toml"
        self.written: dict[str, tuple[int, int]] = {"method": (0, 0)}
        self.keys: dict[str, int] = {}
        self.spoilt = ""

    def teardown(self) -> None:
        """Remove the folder."""
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    @rule(name=NAMES, value=st.integers(0, 9), spelling=st.integers(0, 9), key=st.integers(0, 2))
    def write(self, name: str, value: int, spelling: int, key: int) -> None:
        """Write a rule, or write it in another way."""
        self.written.pop(name, None)  # at the end
        self.written[name] = (value % len(RULES[name]), spelling)
        self.keys[name] = key

    @rule(name=NAMES)
    def erase(self, name: str) -> None:
        """Remove a rule."""
        self.written.pop(name, None)

    @rule(spoilt=st.sampled_from(["", *NO_VALUES, *NO_VALUES]), name=NAMES)
    def spoil(self, spoilt: str, name: str) -> None:
        """Write what is no value of a rule, a key that is none, or mend it."""
        self.spoilt = spoilt and f"{name} = {spoilt}"
        if spoilt:
            self.written.pop(name, None)

    @rule()
    def misspell(self) -> None:
        """Write a key that is no rule."""
        self.spoilt = 'turnoverr = "5%"'

    def value(self, name: str, spelling: int | None = None) -> str:
        """Return how a rule's value is written, or would be in another spelling."""
        value, chosen = self.written[name]
        spellings = RULES[name][value]
        return spellings[(chosen if spelling is None else spelling) % len(spellings)]

    @invariant()
    def says_its_rules_or_is_refused(self) -> None:
        """Require that the file is read as its rules, however they are spelt."""
        if not hasattr(self, "path"):
            return
        lines = [f"{key_of(name, self.keys.get(name, 0))} = {self.value(name)}" for name in self.written]
        self.path.write_text("\n".join([*lines, self.spoilt]) + "\n", encoding="utf-8")
        answer = requested(str(self.path))
        if self.spoilt:
            assert isinstance(answer, str), self.path.read_text(encoding="utf-8")
            assert answer.isprintable()
            return
        assert isinstance(answer, Request), (answer, self.path.read_text(encoding="utf-8"))
        plain = Mandate.of(of_toml({name: self.value(name, 0) for name in self.written}))
        assert answer.mandate is not None
        assert said(answer) == said(Request.parse({"mandate": plain}))
        again = Mandate.of(answer.mandate.as_mapping())
        for spelling in range(3):
            typed = of_toml({name: self.value(name, spelling) for name in self.written})
            assert again.departures(typed) == (), (typed, answer.mandate.rules)
        for name, (value, _) in self.written.items():
            for other in set(range(len(RULES[name]))) - {value}:
                typed = of_toml({name: RULES[name][other][0]})
                narrower = name == "upper" and other == 0  # its 5% is the other's for all names, too
                assert len(again.departures(typed)) == (not narrower), (typed, answer.mandate.rules)


def key_of(name: str, spelling: int) -> str:
    keys = KEYS.get(name, (name,))
    return keys[spelling % len(keys)]


def of_toml(written: dict[str, str]) -> dict[str, Any]:
    return tomllib.loads("\n".join(f"{name} = {value}" for name, value in written.items()))


def requested(file: str) -> Request | str:
    try:
        mandate = Mandate.of(file)
        mandate.require_limits()
        return Request.parse({"mandate": mandate})
    except InputError as error:
        return str(error)


def said(request: Request) -> tuple[Any, ...]:
    limits = request.constraints
    return (
        request.target,
        request.tolerance,
        request.method,
        replace(limits, frozen=tuple(sorted(limits.frozen))),
    )


MandateStates.TestCase.settings = settings(max_examples=40, stateful_step_count=12, derandomize=True)
TestMandateStates = MandateStates.TestCase
