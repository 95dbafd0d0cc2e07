"""What was measured: medians, ratios, verdicts; a table for people and one line for machines."""

import json
import os
import statistics

MET, MISSED, NOT_MEASURED, INFORMATION = "met", "MISSED", "not measured", ""


class Figure:
    """A row.  `better` says what the target bounds: "more" a ratio from below, "less" a value from above, "least" a value from below."""

    def __init__(self, key, text, unit, ours, peer=None, peer_name="", target=None, better="more", note=""):
        self.key, self.text, self.unit, self.note = key, text, unit, note
        self.ours, self.peer, self.peer_name = list(ours), list(peer or []), peer_name
        self.target, self.better = target, better

    def median(self):
        return statistics.median(self.ours) if self.ours else None

    def ratio(self):
        return self.median() / statistics.median(self.peer) if self.ours and self.peer else None

    def verdict(self):
        if not self.ours:
            return NOT_MEASURED
        if self.target is None:
            return INFORMATION
        if self.better == "more":
            return NOT_MEASURED if self.ratio() is None else MET if self.ratio() >= self.target else MISSED
        if self.better == "least":
            return MET if self.median() >= self.target else MISSED
        return MET if self.median() <= self.target else MISSED

    def goal(self):
        if self.target is None:
            return ""
        if self.better == "more":
            return f">= {self.target:g}x"
        return f"{'<=' if self.better == 'less' else '>='} {self.target:g} {self.unit}"

    def row(self):
        return [self.text, shown(self.ours, self.unit), f"{self.peer_name} {shown(self.peer, self.unit)}" if self.peer else "",
                f"{self.ratio():.2f}x" if self.ratio() else "", self.goal(), self.verdict(), self.note]

    def as_json(self):
        return {"figure": self.key, "unit": self.unit, "ours": self.ours, "peer": self.peer, "peer_name": self.peer_name, "ratio": self.ratio(),
                "target": self.target, "verdict": self.verdict(), "note": self.note}


def shown(values, unit):
    if not values:
        return ""
    low, middle, high = min(values), statistics.median(values), max(values)
    text = number(middle)
    return f"{text} {unit} ({number(low)}-{number(high)})" if len(values) > 1 else f"{text} {unit}"


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def show(figures, disk):
    """The table and the machine line."""
    rows = [["figure", "ours", "beside", "ratio", "target", "verdict", "note"], *(figure.row() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    print()
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    load = "/".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"\nmedians (lowest-highest) of alternating runs; {os.cpu_count()} processors, load {load}, disk {disk}")
    print("bench " + json.dumps({"processors": os.cpu_count(), "load": load, "disk": disk, "figures": [f.as_json() for f in figures]}))
