"""The layers of docs/architecture.md: permitted imports and late imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import betaneutral_xl
from betaneutral_xl.hosts.cli.commands import COMMANDS

ROOT = Path(betaneutral_xl.__file__).parent

BASE = {"errors", "system", "model"}
"""Layers that every higher layer may import."""

MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "system": {"errors"},
    "model": {"errors", "system"},
    "engine": BASE,
    "readers": BASE,
    "network": BASE | {"readers"},
    "job": BASE | {"engine", "readers", "network"},
    "report": BASE | {"engine", "job"},
    "notebook": BASE | {"engine", "job", "report"},
    "hosts.sheets": BASE | {"job", "report"},
    "hosts.remote": BASE | {"job", "report", "hosts.sheets"},
    **{
        host: BASE | {"job", "report", "hosts.sheets", "hosts.remote"}
        for host in ("hosts.cli", "hosts.excel", "hosts.calc", "hosts.files", "hosts.office")
    },
    "testing": BASE | {"engine", "job", "hosts.sheets"},
    "__main__": {"hosts.cli"},
}
"""Permitted imports by layer. Only the command line may also start other hosts, see ``INSTALLERS``."""

INSTALLERS = {
    "hosts.cli.calc": "hosts.calc",
    "hosts.cli.excel": "hosts.excel",
    "hosts.cli.office": "hosts.office",
    "hosts.cli.workbook": "hosts.excel hosts.files hosts.office",
    "hosts.excel.check": "hosts.files",
    "hosts.excel.install": "hosts.files",
    "hosts.excel.repair": "hosts.files",
    "hosts.office.workbook_files": "hosts.files",
}
"""Modules that install or run another host, and the host that changes a closed workbook."""

WITHIN: dict[str, list[set[str]]] = {
    "betaneutral_xl.model": [
        {"arrays", "contracts", "notices", "positions", "printed", "provenance", "renames", "venues"},
        {"tickers"},
        {"covariance_units", "history", "spacing", "values"},
        {"constraints", "fills", "portfolio", "returns", "risk"},
        {"market"},
        {"alignment", "factor_model", "quotes"},
    ],
    "betaneutral_xl.engine": [
        {"attribution", "hedging", "look_through", "order_terms", "regression"},
        {"estimators", "optimisation"},
        {"past_blocks"},
        {"forecast_errors"},
        {"intervals"},
        {"checks", "exposures", "realised", "stable"},
        {"limits"},
        {"result", "reachable"},
        {"orders", "reweighting"},
        {"fills", "neutral"},
        {"backtest", "compare", "frontier"},
    ],
    "betaneutral_xl.engine.optimisation": [
        {"quadratic"},
        {
            "closed_forms",
            "conditioning",
            "dual_newton",
            "interior_point",
            "linear",
            "penalties",
            "rough_model",
        },
        {"left_out", "solvers"},
        {"cardinality"},
    ],
    "betaneutral_xl.readers.tabular": [
        {"grid", "sheets"},
        {"cell_grids", "delimited", "markup", "records", "workbooks"},
        {"xml_records"},
        {"detection", "parquet", "row_grid"},
    ],
    "betaneutral_xl.hosts.sheets": [
        {"cells", "findings", "handles", "layout", "origins", "result_cache", "records"},
        {"entries", "named_values", "ranges"},
        {"session"},
        {"open_workbook", "worksheet"},
        {"answering", "trading"},
        {"functions"},
        {"reference", "task"},
        {"proposal_block"},
        {"proposal"},
        {"order_list"},
        {"daily_block"},
        {"buttons"},
        {"self_test"},
        {"template"},
    ],
}
"""Packages whose modules have an order, from the innermost to the outermost."""

SLOW_IMPORTS = {
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
    "psutil",
    "ray",
    "threadpoolctl",
    "daqp",
    "cryptography",
    "starlette",
    "uvicorn",
}
"""Packages that are imported inside the function that needs them, because importing them is slow."""

ONLY_XLWINGS_IMPORTS = {"hosts/excel/udfs.py", "hosts/excel/ribbon.py"}
"""Modules of the process that serves Excel."""

ONLY_A_REQUEST_IMPORTS = {"network/bounded_http.py"}
"""Module that is imported with the first network request."""

ONLY_THE_SERVER_IMPORTS = {"hosts/office/application.py"}
"""Module that is imported when the server of the add-in starts."""

LATE_MODULES = ONLY_XLWINGS_IMPORTS | ONLY_A_REQUEST_IMPORTS | ONLY_THE_SERVER_IMPORTS

LAZY_PACKAGES = {"report"}
"""Packages that are imported only when a report is written."""


def modules() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*.py") if path.name != "__init__.py" or path.parent != ROOT)


def name_of(path: Path) -> str:
    """Return a module's name below the package; an ``__init__`` is its package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in modules()}


def own_imports(path: Path, *, types: bool = True) -> set[str]:
    """Return the modules of the package that a module imports, with or without those of type checkers."""
    found = set()
    for node in statements(ast.parse(path.read_text(encoding="utf-8")), types=types):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("betaneutral_xl."):
            parent = str(node.module).removeprefix("betaneutral_xl.")
            below = {f"{parent}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else parent for name in below}
    return found


def statements(tree: ast.AST, *, types: bool) -> Iterator[ast.AST]:
    """Yield all nodes of a module; without ``types``, those under ``if TYPE_CHECKING`` are left out."""
    for node in ast.iter_child_nodes(tree):
        if not types and isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        yield from statements(node, types=types)


def layer_of(module: str) -> str:
    """Return the layer of a module; each host is a layer."""
    first, *rest = module.split(".")
    return f"{first}.{rest[0]}" if first == "hosts" and rest else first


def forbidden(module: str, path: Path) -> set[str]:
    """Return the imports of a module that its layer does not permit.

    A host may name the types of what ``job`` hands it, for type checkers: nothing is called through these.
    """
    own = layer_of(module)
    allowed = MAY_IMPORT.get(own, set()) | {own, *INSTALLERS.get(module, "").split()}
    imports = own_imports(path, types=not own.startswith("hosts"))
    return {imported for imported in imports if layer_of(imported) not in allowed}


@pytest.mark.parametrize("module", MODULES)
def test_a_layer_imports_only_permitted_layers(module: str) -> None:
    assert not forbidden(module, MODULES[module])


def test_every_module_is_in_a_layer() -> None:
    assert {layer_of(module) for module in MODULES} - {"hosts"} == set(MAY_IMPORT)


SOLVERS = {
    "engine.neutral": {"neutralise", "reach"},
    "engine.compare": {"compare"},
    "engine.frontier": {"frontier"},
    "engine.orders": {"orders_in"},
    "engine.backtest": {"walk"},
    "engine.backtest.forward": {"walk"},
    "engine.backtest.sweep": {"sweep"},
}
"""Functions that answer a request, by their module."""


def solvers_used(path: Path) -> set[str]:
    """Return the functions that answer a request, of those that a module imports."""
    return {
        alias.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name in SOLVERS.get(str(node.module).removeprefix("betaneutral_xl."), set())
    }


def test_a_run_is_assembled_in_one_place() -> None:
    outside = {name for name in MODULES if layer_of(name) not in {"engine", "testing"}}
    places = {name: solvers_used(MODULES[name]) for name in sorted(outside)}
    assert {name: used for name, used in places.items() if used} == {
        "job.run": {"neutralise", "reach", "compare", "frontier", "orders_in"},
        "job.studies": {"walk", "sweep"},
        "job.realised": {"walk"},  # the walk of the answer page, not of a study
    }


@pytest.mark.parametrize("package", WITHIN)
def test_every_module_of_an_ordered_package_has_a_rank(package: str) -> None:
    prefix = package.removeprefix("betaneutral_xl.") + "."
    parts = {name.removeprefix(prefix).split(".")[0] for name in MODULES if name.startswith(prefix)}
    assert parts == set().union(*WITHIN[package])


@pytest.mark.parametrize("package", WITHIN)
def test_modules_of_an_ordered_package_import_only_lower_ranks(package: str) -> None:
    prefix = package.removeprefix("betaneutral_xl.") + "."
    rank = {part: place for place, parts in enumerate(WITHIN[package]) for part in parts}
    for name, path in MODULES.items():
        if not name.startswith(prefix):
            continue
        mine = name.removeprefix(prefix).split(".")[0]
        others = {
            one.removeprefix(prefix).split(".")[0] for one in own_imports(path) if one.startswith(prefix)
        }
        backward = {other for other in others - {mine} if rank[other] >= rank[mine]}
        assert not backward, f"{name} imports {backward}"


@pytest.mark.parametrize("module", MODULES)
def test_slow_packages_are_imported_late(module: str) -> None:
    place = MODULES[module].relative_to(ROOT)
    if place.parts[0] in LAZY_PACKAGES or place.as_posix() in LATE_MODULES:
        return
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
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
    assert not top & SLOW_IMPORTS


def test_the_public_names_exist_and_are_sorted() -> None:
    assert betaneutral_xl.__all__ == sorted(betaneutral_xl.__all__)
    assert all(hasattr(betaneutral_xl, name) for name in betaneutral_xl.__all__)


def all_imported_by(*words: str) -> list[str]:
    """Return all modules that a command line imports."""
    program = (
        "import sys; from betaneutral_xl.hosts.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    ended = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", program, *words], capture_output=True, text=True, check=True, timeout=120
    )
    return ended.stderr.splitlines()[-1].split()


def imported_by(*words: str) -> set[str]:
    """Return the modules of the package that a command line imports, and the slow packages."""
    prefix, found = "betaneutral_xl.", all_imported_by(*words)
    return {name.removeprefix(prefix) for name in found if name.startswith(prefix)} | (
        {name for name in found if "." not in name} & (SLOW_IMPORTS | {"numpy"})
    )


BEFORE_A_COMMAND = {"errors", "hosts"} | {
    f"hosts.cli{name}" for name in ("", ".commands", ".parsing", ".streams")
}
"""What the command line imports before it imports the module of a command."""


NEAREST = {"system", "system.words"}
"""What it imports to name the nearest command."""


@pytest.mark.parametrize(
    ("words", "others"), [((), set()), (("--help",), set()), (("--version",), set()), (("no-such",), NEAREST)]
)
def test_the_list_of_commands_needs_none_of_their_modules(words: tuple[str, ...], others: set[str]) -> None:
    assert imported_by(*words) == BEFORE_A_COMMAND | others


@pytest.mark.parametrize("name", ["betas", "fake-api", "sweep"])
def test_the_help_of_a_command_imports_no_other_command(name: str) -> None:
    modules = {f"hosts.cli.{other.replace('-', '_')}": other for other in COMMANDS}
    imported = imported_by(name, "--help")
    assert [modules[one] for one in imported & set(modules)] == [name]
    assert not imported & SLOW_IMPORTS


NOT_FOR_THE_SAMPLE = (
    *(SLOW_IMPORTS - {"daqp"}),
    *("html", "logging", "numpy.ma", "statistics", "zipfile"),
    "betaneutral_xl.engine.estimators.fitting",
    "betaneutral_xl.engine.optimisation.dual_newton",
    "betaneutral_xl.engine.optimisation.interior_point",
    "betaneutral_xl.engine.optimisation.linear",
    "betaneutral_xl.engine.orders",
    "betaneutral_xl.engine.past_blocks",
    "betaneutral_xl.engine.reachable",
    "betaneutral_xl.engine.regression",
    "betaneutral_xl.hosts.cli.mandate",
    "betaneutral_xl.hosts.cli.report",
    "betaneutral_xl.job.etf_days",
    "betaneutral_xl.model.quotes",
    "betaneutral_xl.network",
    "betaneutral_xl.readers.factor_model",
    "betaneutral_xl.readers.flex",
    "betaneutral_xl.readers.group_table",
    "betaneutral_xl.readers.parquet_matrix",
    "betaneutral_xl.readers.tabular.markup",
    "betaneutral_xl.readers.tabular.records",
    "betaneutral_xl.readers.tabular.workbooks",
    "betaneutral_xl.report",
)
"""What a hedge of the sample does without: of a whole process of 0.2 seconds, imports take most."""


def test_a_hedge_of_the_sample_imports_only_what_it_needs() -> None:
    assert set(NOT_FOR_THE_SAMPLE).isdisjoint(all_imported_by("rebalance", "--sample", "--json"))
