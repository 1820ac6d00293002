"""From an experiment file to frozen trials in a shuffled order. No Docker, no clock."""
