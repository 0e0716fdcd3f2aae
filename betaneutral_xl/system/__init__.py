"""The machine: settings from the environment, files read whole, atomic writes, LibreOffice's location."""
