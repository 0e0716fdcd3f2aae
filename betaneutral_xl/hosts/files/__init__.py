"""A workbook as a file is a host too: no spreadsheet program runs."""
