"""What runs inside LibreOffice, in its own Python (3.8 or newer) with the standard library only.

The extension carries this folder under the name ``betaneutral_calc``.
"""
