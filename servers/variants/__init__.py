"""One file per architecture. A file here is a server: nothing else needs to be registered."""
