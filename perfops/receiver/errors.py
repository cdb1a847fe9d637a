"""Answers that are no 2xx, each one sentence."""


class RefusedError(Exception):
    """A request that is answered by `status` and one sentence; `retry_after` in seconds where it may come again."""

    def __init__(self, status: int, text: str, retry_after: int | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.retry_after = retry_after
