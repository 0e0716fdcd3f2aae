"""The client inside LibreOffice, for its own Python (3.8 or newer), standard library only.

The extension contains this folder as the package ``betaneutral_calc``.
"""
