"""What is wrong at this moment, part by part: behind readiness, the watchdog's ping, `status` and the alerts."""

from collections.abc import Callable, Mapping

__all__ = ["Health"]

Heard = Callable[[str, str], None]


class Health:
    """A part names its problem, and takes it back with "". `heard` is told of every change, once."""

    def __init__(self, heard: Heard = lambda _part, _problem: None) -> None:
        self._problems: dict[str, str] = {"daemon": "starting"}
        self._heard = heard

    @property
    def problems(self) -> Mapping[str, str]:
        """By part, what keeps the daemon from being ready."""
        return self._problems

    @property
    def ready(self) -> bool:
        """Whether market messages are turned, and what is requested is sent."""
        return not self._problems

    def say(self, part: str, problem: str = "") -> None:
        """Set or take back the problem of a part."""
        if self._problems.get(part, "") == problem:
            return
        if problem:
            self._problems[part] = problem
        else:
            del self._problems[part]
        self._heard(part, problem)
