"""`python -m dfsql`: the same as the command `dfsql`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
