"""STUN messages as a peer sends them, and the credentials of sessions that are only that."""

from dataclasses import dataclass

from aioice import stun


@dataclass(frozen=True)
class Session:
    """What the tables know a session by."""

    local_username: str
    local_password: str = "our-password-of-22-chars"
    remote_password: str | None = "their-password-of-22-chr"


def request(
    session: Session,
    transaction: bytes,
    *,
    username: str | None = None,
    password: str | None = None,
    priority: int | None = 1,
    kind: stun.Class = stun.Class.REQUEST,
    method: stun.Method = stun.Method.BINDING,
) -> bytes:
    """A Binding request of the peer of ``session``, unless told otherwise."""
    message = stun.Message(method, kind, transaction)
    message.attributes["USERNAME"] = username or f"{session.local_username}:peer"
    if priority is not None:
        message.attributes["PRIORITY"] = priority
    message.attributes["ICE-CONTROLLING"] = 7
    message.add_message_integrity((password or session.local_password).encode())
    return bytes(message)


def response(transaction: bytes, password: str, kind: stun.Class = stun.Class.RESPONSE) -> bytes:
    """The answer to a request of ours."""
    message = stun.Message(stun.Method.BINDING, kind, transaction)
    if kind is stun.Class.ERROR:
        message.attributes["ERROR-CODE"] = (487, "Role Conflict")
    else:
        message.attributes["XOR-MAPPED-ADDRESS"] = ("192.0.2.9", 9)
    message.add_message_integrity(password.encode())
    return bytes(message)
