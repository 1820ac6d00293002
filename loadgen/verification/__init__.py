"""What a server answers, learnt and checked before any load."""
