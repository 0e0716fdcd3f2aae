"""What the package needs of the machine it runs on: settings, files that are written whole, LibreOffice."""
