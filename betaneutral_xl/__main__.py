"""Run the command line with ``python -m betaneutral_xl``."""

import sys

from betaneutral_xl.hosts.cli import main

if __name__ == "__main__":
    sys.exit(main())
