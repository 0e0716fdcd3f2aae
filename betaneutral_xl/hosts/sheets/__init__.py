"""Code shared by all spreadsheet programs: the registry of functions, the buttons, the template."""
