"""An offer as Chromium makes it: one audio section to receive, and a data channel."""

import json
from typing import Any

CHROMIUM = """\
v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:1467250027 1 udp 2122260223 0b1c9a9e-1f5c-4c6c-8a86-2ae35a7a9f4e.local 46243 typ host
a=candidate:1853887674 1 tcp 1518280447 192.168.0.1 9 typ host tcptype active
a=end-of-candidates
a=ice-ufrag:8hhY
a=ice-pwd:asd88fgpdd777uzjYhagZg0c
a=ice-options:trickle
a=fingerprint:sha-256 {fingerprint}
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=recvonly
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;stereo=1;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:8hhY
a=ice-pwd:asd88fgpdd777uzjYhagZg0c
a=ice-options:trickle
a=fingerprint:sha-256 {fingerprint}
a=setup:actpass
a=mid:1
a=sctp-port:5000
a=max-message-size:262144
""".format(fingerprint=":".join(["A1"] * 32)).replace("\n", "\r\n")


def body(sdp: str = CHROMIUM, **changes: Any) -> bytes:
    """The request body of ``POST /offer``; a change to None leaves a field out."""
    fields = {"sdp": sdp, "type": "offer", **changes}
    return json.dumps({k: v for k, v in fields.items() if v is not None}).encode()
