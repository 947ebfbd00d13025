# SPDX-License-Identifier: GPL-2.0-or-later
"""How states look: an icon, a word and a tone; never a colour alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """`icon` of the sprite; `tone`: good, busy, watch, bad, over, note (classes of the sheet)."""

    icon: str
    tone: str
    word: str = ""


_LOOKS = {
    "scheduled": Look("s-scheduled", "busy"),
    "enforcing": Look("s-enforcing", "busy"),
    "enforced": Look("s-enforced", "good"),
    "unverified": Look("s-unverified", "watch"),
    "partial": Look("s-partial", "watch"),
    "drifted": Look("s-drifted", "watch"),
    "withheld": Look("s-withheld", "watch"),
    "unsupported": Look("s-unsupported", "bad"),
    "failing": Look("s-failing", "bad"),
    "removing": Look("s-removing", "busy"),
    "removed": Look("s-over", "over"),
    "expired": Look("s-over", "over"),
    "lifted": Look("s-lifted", "over"),
    "refused": Look("s-failing", "bad"),
    # devices
    "ok": Look("s-enforced", "good"),
    "not-adopted": Look("s-unsupported", "bad", "not adopted"),
    "braked": Look("s-held", "bad"),
    "held": Look("s-held", "watch"),
    "contested": Look("s-drifted", "bad"),
    "paused": Look("s-held", "watch"),
    "leaving": Look("s-removing", "watch"),
    "observe": Look("s-unverified", "note", "observed only"),
    "unknown": Look("s-unverified", "watch"),
    # the controller
    "running": Look("s-enforced", "good"),
    "frozen": Look("freeze", "bad"),
    # passes, drift
    "clean": Look("s-enforced", "good"),
    "repaired": Look("s-enforced", "good"),
    "applied": Look("s-enforced", "good"),
    "observed": Look("s-unverified", "note"),
    "failed": Look("s-failing", "bad"),
    # proposals and reports
    "waiting": Look("s-waiting", "watch"),
    "approved": Look("s-enforced", "good"),
    "rejected": Look("s-failing", "bad"),
    "withdrawn": Look("s-lifted", "over"),
    "lapsed": Look("s-over", "over"),
    "open": Look("s-waiting", "watch"),
    "ordered": Look("s-enforced", "good"),
    "counted": Look("s-partial", "busy"),
    "ignored": Look("s-over", "over"),
    "dismissed": Look("s-lifted", "over"),
    "malformed": Look("s-failing", "bad"),
    "stopped": Look("s-held", "bad"),
    # how much of the traffic is blocked
    "all": Look("block", "bad", "blocked"),
    "some": Look("s-partial", "watch", "partly blocked"),
    "none": Look("s-over", "good", "not blocked"),
    # rows of a bulk paste
    "ready": Look("s-enforced", "good"),
    "wrong": Look("s-failing", "bad"),
    "placed": Look("s-enforced", "good"),
}
_PLAIN = Look("s-unknown", "over")

KINDS = {
    "block_address": ("Block an address", "block", "All traffic from or to an address or prefix"),
    "block_port": ("Block ports", "port", "Some ports of an address or a customer, such as 25"),
    "block_flow": ("Block a flow", "flow", "Traffic between two sets of addresses"),
    "block_list": ("Block a list", "list", "Every entry of a named list, as it changes"),
    "suspend_customer": ("Suspend a customer", "suspend", "All of a customer's traffic"),
    "cut_feed": ("Cut a feed", "feed", "News between a customer and our news servers"),
    "drop_routes": ("Drop routes", "routes", "Reject leaked or unregistered BGP routes"),
    "blackhole": ("Blackhole", "hole", "Give an attacked address up at every edge"),
    "shutdown_session": ("Shut a session down", "session", "End BGP sessions administratively"),
}
"""Title, icon and explanation of each kind of order."""


def look_of(state: str) -> Look:
    """How `state` looks; a word that is not known is shown plainly."""
    found = _LOOKS.get(state, _PLAIN)
    return found if found.word else Look(found.icon, found.tone, state.replace("-", " "))


def kind_title(kind: str) -> str:
    """What people call a kind of order."""
    return KINDS[kind][0] if kind in KINDS else kind.replace("_", " ")


def kind_icon(kind: str) -> str:
    """The icon of a kind of order."""
    return KINDS[kind][1] if kind in KINDS else "orders"
