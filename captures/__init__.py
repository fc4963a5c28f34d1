"""The capture files of a playback: names, index, WAVs, checks and comparison."""
