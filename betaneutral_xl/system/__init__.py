"""The machine: settings from the environment, atomic writes, LibreOffice's location."""
