"""The settings of a trial, each declared once: what it means, what it may be, and who takes it.

A setting is a field of a frozen dataclass, made by `setting()`: of `Settings` (trial.py), or of
`ServerFlags` (server_flags.py) if a server of the lab takes it as a flag. From the field come the
key of experiment files and their schema, the column of trials.csv, the option and the form of the
load, the flag of the servers, the rows of docs/experiments.md, and what is checked in each.
"""
