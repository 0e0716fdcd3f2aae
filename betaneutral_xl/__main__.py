"""``python -m betaneutral_xl``: the command line where the script is not on the path."""

import sys

from betaneutral_xl.hosts.cli import main

if __name__ == "__main__":
    sys.exit(main())
