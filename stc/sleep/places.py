"""What letters in an address stand for. Pure."""

from __future__ import annotations

import re

_STATES = """
AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware|FL Florida|GA Georgia|HI Hawaii
ID Idaho|IL Illinois|IN Indiana|IA Iowa|KS Kansas|KY Kentucky|LA Louisiana|ME Maine|MD Maryland|MA Massachusetts|MI Michigan
MN Minnesota|MS Mississippi|MO Missouri|MT Montana|NE Nebraska|NV Nevada|NH New Hampshire|NJ New Jersey|NM New Mexico|NY New York
NC North Carolina|ND North Dakota|OH Ohio|OK Oklahoma|OR Oregon|PA Pennsylvania|RI Rhode Island|SC South Carolina|SD South Dakota
TN Tennessee|TX Texas|UT Utah|VT Vermont|VA Virginia|WA Washington|WV West Virginia|WI Wisconsin|WY Wyoming
DC District of Columbia|PR Puerto Rico
"""
_NAMES: dict[str, str] = dict(entry.split(" ", 1) for line in _STATES.split("\n") for entry in line.split("|") if entry)
_BEHIND_TOWN = re.compile(rf"[^\W\d_],\s+({'|'.join(_NAMES)})\b")


def states(text: str) -> set[str]:
    """Return the words of the names of the American states that stand behind a town's name: "Orlando, FL"."""
    return {word for code in _BEHIND_TOWN.findall(text) for word in _NAMES[code].casefold().split()}
