"""What the actions share that work on the controller alone: no connection, and arguments that are checked."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible.plugins.action import ActionBase


class ControllerAction(ActionBase):
    """An action with ARGUMENTS, of which act() makes the result."""

    TRANSFERS_FILES = False
    _requires_connection = False
    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]]

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Check the arguments, and do what act() does."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, given = self.validate_argument_spec(self.ARGUMENTS)
        return result | self.act(given)

    def act(self, given: dict[str, Any]) -> dict[str, Any]:
        """What is to be done; the result."""
        raise NotImplementedError
