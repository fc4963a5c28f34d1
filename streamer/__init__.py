"""Feed -> playout -> Opus -> RTP -> browsers, and the HTTP that sets it up."""
