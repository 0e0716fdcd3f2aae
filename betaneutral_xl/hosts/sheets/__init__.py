"""What all spreadsheet programs share: the registry of functions, the buttons, the template."""
