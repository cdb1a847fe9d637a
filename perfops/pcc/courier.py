"""Posting a batch until there is an answer that decides: what each answer means, and when to try again."""

import http.client
import json
import ssl
import threading
import time

from .retry import BackOff, retry_after

MYPY = False
if MYPY:
    from typing import Callable, Optional

    from .http import Answer, Client

PATH = "/v1/trickle"
HEADERS = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
TOO_LARGE = 413
REFUSED = (400, 422)
NO_KEY, NOT_YOURS = 401, 403


class Courier:
    """Posts; `stopped` says why nothing is posted any more, `trouble` what went wrong at the last try."""

    def __init__(self, client: "Client", say: "Callable[[str], None]", kept: str) -> None:
        self.client = client
        self.url = client.server.url
        self.say = say
        self.kept = kept  # where what cannot be sent is kept
        self.ending = threading.Event()  # nothing more will be sampled
        self.stopped = self.trouble = ""
        self.back_off = BackOff()

    def post(self, body: bytes, other: str = "") -> "Optional[Answer]":
        """Post until there is an answer that decides; None where nothing more is to be sent.

        `other` is the folder of an earlier collection, which the key need not open.
        """
        while not self.stopped:
            answer = self.try_once(body)
            status = answer.status if answer else 0
            if answer and (200 <= status < 300 or status in REFUSED or status == TOO_LARGE):  # noqa: PLR2004
                self.back_off.succeeded()
                if self.trouble:
                    self.say("sending to {} again".format(self.url))
                self.trouble = ""
                return answer
            if answer and status == NOT_YOURS and other:
                text = "{} refuses what is left in {}: {} (it stays there)"
                self.say(text.format(self.url, other, told(answer)))
                return None
            if answer and status in (NO_KEY, NOT_YOURS):
                self.stopped = told(answer)
                text = (
                    "{} refuses the key: {} (nothing more is sent, sampling goes on into {}; mend the key, start anew)"
                )
                self.say(text.format(self.url, self.stopped, self.kept))
                return None
            asked = retry_after(answer.retry_after) if answer else None
            self.pause(self.back_off.next(asked), asked)
        return None

    def try_once(self, body: bytes) -> "Optional[Answer]":
        """Post once; None where no answer came. The first trouble after a success is told."""
        answer = None
        try:
            answer = self.client.post(PATH, body, HEADERS)
            if answer.status < 300 and not is_receipt(answer.text):  # noqa: PLR2004
                raise ValueError("HTTP {}, and no receipt (is that a receiver?)".format(answer.status))
            problem = "" if answer.status < 500 and answer.status != 429 else told(answer)  # noqa: PLR2004
            if answer.status not in KNOWN and not problem and answer.status >= 300:  # noqa: PLR2004
                problem = told(answer) + " (is that a receiver?)"
        except (OSError, http.client.HTTPException, ValueError) as error:
            answer = None
            problem = reason_of(error)
        if problem and not self.trouble:
            self.say("cannot send to {}: {} (it is kept in {}, and tried again)".format(self.url, problem, self.kept))
        self.trouble = problem or self.trouble
        return answer

    def pause(self, seconds: float, asked: "Optional[float]") -> None:
        """Wait; the end of sampling cuts a wait short that nobody asked for."""
        if self.ending.is_set() or asked is not None:
            time.sleep(seconds)
        else:
            self.ending.wait(seconds)


KNOWN = (TOO_LARGE, NO_KEY, NOT_YOURS) + REFUSED


def is_receipt(text: str) -> bool:
    """Whether the body of a 2xx answer can be a receiver's: JSON, or nothing; the page of a portal is neither."""
    try:
        return not text.strip() or isinstance(json.loads(text), dict)
    except ValueError:
        return False


def told(answer: "Answer") -> str:
    """What a receiver said, in one line."""
    try:
        text = json.loads(answer.text)["error"]
    except (ValueError, KeyError, TypeError):
        text = " ".join(answer.text.split())
    return "HTTP {}{}".format(answer.status, ": " + str(text)[:300] if text else "")


def reason_of(error: Exception) -> str:
    """Why there was no answer, in a few words."""
    if isinstance(error, ssl.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        reason = getattr(error, "verify_message", None) or error.reason
        return "its certificate is not trusted: {} (name its authority by --cafile)".format(reason)
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
