"""Nothing is known before it happened: any prefix of the candles gives the same prefix of the values."""

from research.certify.recording import head
from research.certify.report import Findings
from research.certify.subject import Subject

__all__ = ["prefix"]


def prefix(subject: Subject) -> Findings:
    """The batch over prefixes against the head of the whole, for some prefixes; other markets are cut with them."""
    findings = Findings()
    for rows in subject.places.cuts:
        begun = subject.columns(head(subject.recording, rows))
        about = f"the candles before row {rows:,} alone"
        findings.add(subject.compare("prefix", begun, subject.values[:, :rows], about=about))
    return findings
