"""Turns sources of audio into 24 kHz mono chunks and writes them to a feed at an LLM's cadence."""
