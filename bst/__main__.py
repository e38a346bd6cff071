"""``python -m bst``."""

import sys

from bst.cli import main

sys.exit(main())
