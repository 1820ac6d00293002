"""Charts: what a figure shows, its picture, and its place on a page."""

import logging

# Where a home cannot be written, matplotlib says so as it is imported, and that it puts its caches
# elsewhere: nothing that a reader of a report has to know or can do something about.
logging.getLogger("matplotlib").setLevel(logging.ERROR)
