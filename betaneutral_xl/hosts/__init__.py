"""The front ends: command line, spreadsheet programs, workbooks as files. Values in, values out."""
