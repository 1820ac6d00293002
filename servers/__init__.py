"""Every server architecture of the C10K argument behind one contract: `python -m servers NAME`."""
