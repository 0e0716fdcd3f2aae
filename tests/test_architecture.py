"""Imports point one way: a module may import what stands before it, and nothing after."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import betaneutral_xl

ROOT = Path(betaneutral_xl.__file__).parent

LAYERS: list[set[str]] = [
    {"errors"},
    {"arrays", "tickers", "provenance"},
    {"portfolio", "risk", "constraints", "regression", "returns"},
    {"alignment", "closed_forms", "estimators", "hedging", "quadratic"},
    {"conditions", "dual_newton", "linear"},
    {"checks", "solvers"},
    {"cardinality", "reachable", "rebalance"},
    {"reweighting"},
    {"look_through", "neutral", "orders"},
    {"backtest", "compare"},
    {"saving", "settings", "summary"},
    {"sources"},
    {"report"},
    {"api"},
    {"hosts"},
    {"cli"},
    {"__main__"},
]
"""From the innermost to the outermost; a package of the list counts as one."""

HEAVY = {
    "pandas",
    "scipy",
    "requests",
    "openpyxl",
    "lxml",
    "rich",
    "xlwings",
    "xlsxwriter",
    "pyopenvba",
    "sklearn",
    "pyarrow",
    "matplotlib",
    "keyring",
    "dask",
    "distributed",
    "joblib",
    "ray",
    "threadpoolctl",
    "daqp",
    "piqp",
}
"""Imported inside the function that needs them, so that nothing else pays for it."""

ONLY_XLWINGS_IMPORTS = {"hosts/excel/udfs.py", "hosts/excel/buttons.py"}
"""Modules that live in the process that answers Excel."""

HEAVY_AT_HOME = {"report"}
"""Packages that nothing imports until a report is written."""


def modules() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*.py") if path.name != "__init__.py" or path.parent != ROOT)


def layer(part: str) -> int:
    ranks = [rank for rank, names in enumerate(LAYERS) if part in names]
    assert ranks, f"{part} has no place in LAYERS"
    return ranks[0]


def own_imports(tree: ast.AST) -> set[str]:
    """Return the parts of the package that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "betaneutral_xl":
            found |= {
                alias.name
                for alias in node.names
                if (ROOT / alias.name).is_dir() or (ROOT / f"{alias.name}.py").exists()
            }
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("betaneutral_xl."):
            found.add(str(node.module).split(".")[1])
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_point_one_way(path: Path) -> None:
    part = path.relative_to(ROOT).parts[0].removesuffix(".py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for imported in own_imports(tree) - {part}:
        assert layer(imported) < layer(part), f"{part} imports {imported}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_is_heavy_is_imported_late(path: Path) -> None:
    place = path.relative_to(ROOT)
    if place.parts[0] in HEAVY_AT_HOME or place.as_posix() in ONLY_XLWINGS_IMPORTS:
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = {
        name.split(".")[0]
        for node in tree.body
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [str(node.module)]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert not top & HEAVY


def test_the_public_names_are_there_and_sorted() -> None:
    assert betaneutral_xl.__all__ == sorted(betaneutral_xl.__all__)
    assert all(hasattr(betaneutral_xl, name) for name in betaneutral_xl.__all__)


def test_every_module_has_its_place() -> None:
    parts = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in modules()}
    assert parts == set().union(*LAYERS)
