"""From a result to a workbook that stands alone: plain data in, a file out."""

from __future__ import annotations

from betaneutral_xl.report.workbook import build_report, write_report

__all__ = ["build_report", "write_report"]
