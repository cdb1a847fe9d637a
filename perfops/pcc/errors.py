"""What a user of pcc is told in one line."""


class PccError(Exception):
    """A failure with its exit code: 2 for what was asked, 3 for what this machine refused."""

    def __init__(self, text: str, exit_code: int = 2) -> None:
        super().__init__(text)
        self.exit_code = exit_code
