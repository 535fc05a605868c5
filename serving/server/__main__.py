"""`python -m serving.server FLAGS`."""

import sys

from serving.server.command import main

if __name__ == "__main__":
    sys.exit(main())
