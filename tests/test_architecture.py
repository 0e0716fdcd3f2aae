"""Imports point one way: a module may import what stands before it, and nothing after."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import betaneutral_xl

ROOT = Path(betaneutral_xl.__file__).parent

LAYERS: dict[str, list[set[str]]] = {
    "betaneutral_xl": [
        {"errors"},
        {"arrays", "percent", "tickers", "provenance"},
        {"covariance_units"},
        {"portfolio", "risk", "constraints", "regression", "returns"},
        {"spacing"},
        {"alignment", "estimators", "hedging", "quotes"},
        {"optimisation"},
        {"checks"},
        {"rebalance"},
        {"reweighting"},
        {"look_through", "neutral", "orders"},
        {"backtest", "compare"},
        {"offices", "saving", "settings", "summary", "tabular"},
        {"sources"},
        {"report"},
        {"api"},
        {"hosts"},
        {"cli"},
        {"__main__"},
    ],
    "betaneutral_xl.hosts": [
        {"cells", "handles", "layout", "memory", "records"},
        {"entries", "options", "tables"},
        {"matrices"},
        {"session"},
        {"files", "handed", "workbook", "worksheet"},
        {"trading"},
        {"functions"},
        {"reference", "task", "template"},
        {"proposal"},
        {"order_list"},
        {"rebalance"},
        {"calc", "excel"},
    ],
    "betaneutral_xl.engine.optimisation": [
        {"quadratic"},
        {"closed_forms", "conditions", "dual_newton", "interior_point", "linear", "rough_model"},
        {"solvers"},
        {"cardinality", "reachable"},
    ],
    "betaneutral_xl.readers.tabular": [
        {"files", "grid", "printed", "sheets"},
        {"delimited", "markup", "records", "workbooks"},
        {"tables"},
    ],
}
"""What is in a package, from the innermost to the outermost; a package in it counts as one."""

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
}
"""Imported inside the function that needs them, so that nothing else pays for it."""

ONLY_XLWINGS_IMPORTS = {"hosts/excel/udfs.py", "hosts/excel/buttons.py"}
"""Modules that live in the process that answers Excel."""

ONLY_A_REQUEST_IMPORTS = {"sources/bounded_http.py"}
"""The module that is imported when the first request is sent."""

HEAVY_AT_HOME = {"report"}
"""Packages that nothing imports until a report is written."""


def modules() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*.py") if path.name != "__init__.py" or path.parent != ROOT)


def parts_of(path: Path) -> list[str]:
    """Return a module's full name in parts; an ``__init__`` is its package."""
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return list(parts[:-1] if parts[-1] == "__init__" else parts)


def is_module(name: str) -> bool:
    place = ROOT.parent.joinpath(*name.split("."))
    return place.is_dir() or place.with_suffix(".py").exists()


def own_imports(tree: ast.AST) -> set[str]:
    """Return the modules of the package that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith("betaneutral_xl."):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if is_module(name) else str(node.module) for name in names}
    return found


def layer(package: str, part: str) -> int:
    ranks = [rank for rank, names in enumerate(LAYERS[package]) if part in names]
    assert ranks, f"{part} has no place in LAYERS"
    return ranks[0]


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_point_one_way(path: Path) -> None:
    own = parts_of(path)
    for imported in own_imports(ast.parse(path.read_text(encoding="utf-8"))):
        pairs = enumerate(zip(own, imported.split("."), strict=False))
        fork = next(((depth, mine, other) for depth, (mine, other) in pairs if mine != other), None)
        if fork is None:
            continue  # a package and what is in it
        depth, mine, other = fork
        package = ".".join(own[:depth])
        if package in LAYERS:
            assert layer(package, other) < layer(package, mine), f"{'.'.join(own)} imports {imported}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_is_heavy_is_imported_late(path: Path) -> None:
    place = path.relative_to(ROOT)
    if place.parts[0] in HEAVY_AT_HOME or place.as_posix() in ONLY_XLWINGS_IMPORTS | ONLY_A_REQUEST_IMPORTS:
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


@pytest.mark.parametrize("package", LAYERS)
def test_every_module_has_its_place(package: str) -> None:
    depth = len(package.split("."))
    parts = {
        own[depth] for own in map(parts_of, modules()) if ".".join(own[:depth]) == package and own[depth:]
    }
    assert parts == set().union(*LAYERS[package])
