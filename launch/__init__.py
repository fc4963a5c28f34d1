"""How the programs start: logging, signals, and all of them together on one machine."""
