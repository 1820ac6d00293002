"""Running the plan: trial after trial, everything fresh, everything removed."""
