"""Servers whose answers are known, in containers, and what a check-up has to say of each."""
