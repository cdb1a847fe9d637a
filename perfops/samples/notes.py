"""What a reader has to say about a recording: counted, and the first few of each sort in words."""

from collections import Counter
from collections.abc import Iterator

FIRST = 5  # a damaged file of a million lines is told in a few


class Notes:
    """Remarks by sort: the first few in words, the rest as a number."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.texts: dict[str, list[str]] = {}

    def add(self, sort: str, text: str) -> None:
        """Remember one remark of a sort, such as `damaged lines`."""
        self.counts[sort] += 1
        if self.counts[sort] <= FIRST:
            self.texts.setdefault(sort, []).append(text)

    def absorb(self, later: "Notes") -> None:
        """Take in the remarks of the part that follows this one."""
        self.counts += later.counts
        for sort, texts in later.texts.items():
            told = self.texts.setdefault(sort, [])
            told += texts[: FIRST - len(told)]

    def lines(self) -> Iterator[str]:
        """All remarks, a sentence each; where there were more than told, how many."""
        for sort, texts in self.texts.items():
            yield from texts
            if (more := self.counts[sort] - len(texts)) > 0:
                yield f"{sort}: {more} more like these"
