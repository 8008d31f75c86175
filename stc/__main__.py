"""``python -m stc``: the command line."""

import sys

from stc.cli import main

if __name__ == "__main__":
    sys.exit(main())
