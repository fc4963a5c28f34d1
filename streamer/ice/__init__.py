"""ICE for every listener over one UDP port."""
