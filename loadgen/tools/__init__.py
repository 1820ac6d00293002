"""Load that is not a trial's: hostile inputs, stock clients."""
