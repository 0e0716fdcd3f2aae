"""The sheets of the workbook, one module each, with a function ``write`` that fills a canvas."""
