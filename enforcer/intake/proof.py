# SPDX-License-Identifier: GPL-2.0-or-later
"""Which words of a report say that both ends talked.

A protocol proves nothing: TCP is also what SYN scans and SYN floods with forged sources use. So
only what cannot be done without an answer counts, by an explicit list; a word that is not known
counts for nothing, and a word of traffic that asks for no answer overrules everything.
"""

from __future__ import annotations

TALKED = frozenset(
    [
        "brute_force",
        "bruteforce",
        "bulk_messaging",
        "login_attack",
        "login_attempt",
        "scraping",
        "spam",
        "sql_injection",
        "web_attack",
    ]
)
"""Types of what is said inside a connection: a password tried, a mail sent, a page asked for."""
FETCHED = frozenset(
    [
        "brand_infringement",
        "copyright",
        "csam",
        "csem",
        "exposed_data",
        "fraud",
        "link_site",
        "malware",
        "malware_distribution",
        "phishing",
        "remote_compromise",
        "ugc_platform",
    ]
)
"""Types of content that the reporter got as an answer."""
_ONE_SIDED = (
    "syn", "udp", "icmp", "scan", "probe", "sweep", "flood", "dos", "amplif", "reflect", "recon",
    "backscatter", "spoof", "volumetric",
)  # fmt: skip


def one_sided(*words: str) -> bool:
    """Whether any of the words (of `word_of`) names traffic that needs no answer."""
    return any(part in word for word in words for part in _ONE_SIDED)
