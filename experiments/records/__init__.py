"""What a run leaves: its folder, a row per trial, the verdict on each."""
