"""What was read, what was left out, and why."""

import collections
import dataclasses

MAX_BAD_SHARE = 0.1
"""Largest share of records that may be bad, unless told otherwise."""

MAX_EXAMPLES = 20


@dataclasses.dataclass
class Tally:
    """Counts the records of data that come from outside.

    Attributes:
      good: Records that were read.
      bad: Records that could not be read, by reason.
      dropped: Good ones that were left out on purpose, by reason.
      examples: Lines that name the first bad ones: file, place, reason.
    """

    good: int = 0
    bad: collections.Counter = dataclasses.field(
        default_factory=collections.Counter
    )
    dropped: collections.Counter = dataclasses.field(
        default_factory=collections.Counter
    )
    examples: list[str] = dataclasses.field(default_factory=list)

    def skip(self, where: str, reason: str, *, kind: str | None = None) -> None:
        """Counts a bad record.

        Args:
          where: File and place in it.
          reason: What was expected and what came.
          kind: What to count it under; the reason up to ", got" if None.
        """
        self.bad[kind or reason.partition(", got")[0]] += 1
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(f"{where}: {reason}")

    def add(self, other: "Tally") -> None:
        """Adds the counts of another."""
        self.good += other.good
        self.bad.update(other.bad)
        self.dropped.update(other.dropped)
        room = MAX_EXAMPLES - len(self.examples)
        self.examples += other.examples[:room]

    def check(self, *, max_bad_share: float = MAX_BAD_SHARE) -> None:
        """Refuses data of which too much is bad.

        Args:
          max_bad_share: Largest share of records, 0 to 1.

        Raises:
          ValueError: In one line that names the first bad record, if more
            are bad, or if none is good.
        """
        bad = self.bad.total()
        read = self.good + self.dropped.total()
        if bad and not read:
            raise ValueError(
                f"{self.examples[0]} (of {bad:,} records none is good)"
            )
        if bad > max_bad_share * (bad + read):
            raise ValueError(
                f"{self.examples[0]} ({bad:,} of {bad + read:,} records are "
                f"bad, and at most {max_bad_share:.0%} may be)"
            )

    def lines(self) -> list[str]:
        """Says what was left out, for people."""
        lines = [
            f"left out: {count:,} {reason}"
            for reason, count in self.dropped.most_common()
        ]
        lines += [
            f"bad: {count:,}: {reason}"
            for reason, count in self.bad.most_common()
        ]
        lines += [f"  {example}" for example in self.examples]
        if self.bad.total() > len(self.examples):
            lines.append(
                f"  and {self.bad.total() - len(self.examples):,} more"
            )
        return lines
