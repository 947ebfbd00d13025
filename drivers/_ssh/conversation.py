# SPDX-License-Identifier: GPL-2.0-or-later
"""Question and answer at a prompt: every wait has an end and says what was waited for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from drivers._ssh.dialect import Dialect
from drivers._ssh.noise import noise_of, without_noise, without_timestamp
from drivers._ssh.scan import Prompts, Scan, closes, echo_of
from drivers._ssh.transcript import Transcript
from drivers._ssh.wire import Wire
from enforcer.clock import Clock
from enforcer.errors import DeviceError, DeviceUnreachable, ParseFailed

QUIET_QUESTION = 3.0
"""Seconds of silence after which an open line that looks like a question is one."""

_SHOWN = 300
_TAIL = 4_096
_ASKED_AT_MOST = 3
_QUESTION = re.compile(r"(?:\?|\[[^\]\n]*\]|\((?!config)[^)\n]*\)|:)\s*[:?>]?\s*\Z")
_NO_QUESTION = re.compile(r"\[OK\]\s*\Z")
_PAGED = re.compile(r"(?i)-+ ?\(?more\)?(?: \d+%)? ?-+[^\n]*\Z")


class Conversation:
    """With one device that was greeted; its errors end it. See `Terminal`."""

    def __init__(
        self, device: str, wire: Wire, dialect: Dialect, transcript: Transcript, clock: Clock
    ) -> None:
        self.device = device
        self.dialect = dialect
        self.transcript = transcript
        self.clock = clock
        self.wire = wire
        self.host = ""
        self._prompts: Prompts | None = None
        self._dead = False
        self.overheard: Callable[[str], None] = lambda line: None

    def introduce(self, host: str) -> None:
        """The device's name, by which its prompts are known from now on."""
        self.host = host
        self._prompts = Prompts(self.dialect, host)

    @property
    def prompts(self) -> Prompts:
        """Known once the device was introduced."""
        assert self._prompts is not None
        return self._prompts

    def ask(self, command: str, timeout: float, expect: str | None, pasted: bool = False) -> str:
        """The whole answer to `command`, without echo, prompt, noise and timestamp.

        `expect`: a last line that ends the answer beside the prompt; it stays in the answer.
        `pasted`: wait for `expect` or a prompt, and keep the timestamp.
        """
        end = re.compile(expect) if expect is not None else None
        self.write(command + "\n")
        text = self._after_echo(command, self._gathered(command, timeout, end))
        if end is None or not closes(end, text):
            text = self._without_prompt(text)
        text = without_timestamp(text) if self.dialect.timestamps and not pasted else text
        return text.strip("\n")

    def dialog(
        self, command: str, answers: Sequence[tuple[str, str]], until: str, timeout: float
    ) -> str:
        """What was said from the echo of `command` on, questions and answers included."""
        known = [(re.compile(pattern), answer) for pattern, answer in answers]
        end = re.compile(until) if until else None
        asked: Counter[str] = Counter()
        said = ""
        self.write(command + "\n")
        after: str | None = command
        deadline = self.clock.monotonic() + timeout
        while True:
            left = deadline - self.clock.monotonic()
            came, question = self._turn(after, known, end, left, command)
            said += came
            if question is None:
                said = without_noise(said)
                said = said if end is not None else self._without_prompt(said)
                return without_timestamp(said) if self.dialect.timestamps else said
            pattern, answer = question
            asked[pattern.pattern] += 1
            if asked[pattern.pattern] > _ASKED_AT_MOST:
                raise self._failed(f"{command!r}: it asks again and again", came)
            self.write(answer + "\n")
            after = None

    def _turn(
        self,
        echoed: str | None,
        known: Sequence[tuple[re.Pattern[str], str]],
        end: re.Pattern[str] | None,
        timeout: float,
        command: str,
    ) -> tuple[str, tuple[re.Pattern[str], str] | None]:
        """What came until a question of `known` (returned with it), or the end (None)."""
        text, deadline, quiet = "", self.clock.monotonic() + timeout, 0.0
        while True:
            visible = self._visible(echoed, text)
            if visible is not None:
                for question in known:
                    if closes(question[0], visible):
                        return visible, question
                if self._ended(visible, end):
                    return visible, None
                if quiet >= QUIET_QUESTION and self._is_question(visible):
                    raise self._failed(f"{command!r}: a question we have no answer to", visible)
            before = self.clock.monotonic()
            came = self._more(deadline, f"the end of {command!r}", text)
            quiet = 0.0 if came else quiet + self.clock.monotonic() - before
            text += came

    def _visible(self, echoed: str | None, text: str) -> str | None:
        """What came after the echo; None before it. An answer's echo is not waited for."""
        text = without_noise(text)
        if echoed is None:
            return text
        found = echo_of(echoed).search(text)
        return None if found is None else text[found.end() :]

    def _ended(self, text: str, end: re.Pattern[str] | None) -> bool:
        if end is not None:
            return closes(end, text)
        return self.prompts.end(text) is not None

    def _is_question(self, text: str) -> bool:
        last = text.rsplit("\n", 1)[-1]
        is_prompt = self.prompts.end(text) is not None
        return not is_prompt and bool(_QUESTION.search(last)) and not _NO_QUESTION.search(last)

    def raw(self, text: str, until: str, timeout: float) -> str:
        """Send and read verbatim."""
        end = re.compile(until)
        self.write(text)
        came, deadline = "", self.clock.monotonic() + timeout
        while end.search(came) is None:
            came += self._more(deadline, f"{until!r}", came)
        return came

    def scan(self, lines: Sequence[str]) -> Scan:
        """For `settle`."""
        return Scan(lines, self.prompts, self.dialect, self.overheard)

    def drain(self, scan: Scan) -> None:
        """Take what has come so far."""
        scan.feed(self._read(0.0))

    def settle(self, scan: Scan, timeout: float, quiet: float, what: str) -> None:
        """Read until every line came back and the prompt waits.

        Where a line came back mangled the count may never be right: the prompt and `quiet`
        seconds of silence do then. Raises DeviceUnreachable after `timeout` seconds without a
        further line.
        """
        deadline, taken = self.clock.monotonic() + timeout, scan.taken
        while not (scan.complete and scan.prompt):
            over = scan.prompt and (scan.garbled or scan.refused)
            came = self._read(quiet if over else deadline - self.clock.monotonic())
            scan.feed(came)
            if scan.taken > taken:
                deadline, taken = self.clock.monotonic() + timeout, scan.taken
            if not came and over:
                return
            if not came and self.clock.monotonic() >= deadline:
                raise self._silent(timeout, what, "\n".join(scan.said[-3:]) + scan.rest)

    def write(self, text: str) -> None:
        """Send. What the device said unasked before is not the answer."""
        if self._dead:
            raise DeviceUnreachable(self.device, "this session was given up: open another")
        try:
            self.wire.send(text)
        except DeviceError:
            self.die()
            raise

    def _gathered(self, command: str, timeout: float, end: re.Pattern[str] | None) -> str:
        """All that came until a prompt (or `end`) after the echo of `command`."""
        echo = echo_of(command)
        pieces: list[str] = []
        tail, echoed, deadline = "", False, self.clock.monotonic() + timeout
        what = f"the prompt after {command!r}"
        while True:
            came = self._more(deadline, what, tail)
            pieces.append(came)
            # Only what follows the echo may end the answer.
            tail += came
            if not echoed:
                found = echo.search(tail)
                echoed = found is not None
                tail = tail[found.end() - 1 :] if found is not None else tail
            if echoed:
                tail = tail[-_TAIL:]
                if self._is_over(tail, end):
                    return "".join(pieces)
                if _PAGED.search(tail):
                    raise self._failed("the output comes page by page, so paging is on", tail)

    def _is_over(self, tail: str, end: re.Pattern[str] | None) -> bool:
        plain = without_noise(tail)
        if end is not None and closes(end, plain):
            return True
        return self.prompts.end(plain) is not None

    def _after_echo(self, command: str, text: str) -> str:
        for line in noise_of(text):
            self.overheard(line)
        plain = without_noise(text)
        found = echo_of(command).search(plain)
        if found is None:
            raise self._failed(f"{command!r} did not come back as sent", plain)
        return plain[found.end() :]

    def _without_prompt(self, text: str) -> str:
        start = self.prompts.end("\n" + text)
        if start is None:
            raise self._failed("the answer does not end with the prompt", text)
        return self.prompts.without_above(text[: max(0, start - 1)])

    def _more(self, deadline: float, what: str, so_far: str) -> str:
        started = self.clock.monotonic()
        if started >= deadline:
            raise self._silent(0, what, so_far)
        # In steps, so that silence can be told from the end of the time.
        return self._read(min(1.0, deadline - started))

    def _read(self, seconds: float) -> str:
        if self._dead:
            raise DeviceUnreachable(self.device, "this session was given up: open another")
        try:
            return self.wire.more(seconds)
        except DeviceError:
            self.die()
            raise

    def _silent(self, seconds: float, what: str, so_far: str) -> DeviceUnreachable:
        self.die()
        waited = f"waited {seconds:g} s for" if seconds else "waited too long for"
        return DeviceUnreachable(
            self.device,
            f"{waited} {what}; the last that came is {self._shown(so_far)}: it is slow, hung, or"
            " asks something; look at it, and at the transcript",
        )

    def _failed(self, what: str, text: str) -> ParseFailed:
        self.die()
        return ParseFailed(self.device, f"{what}: {self._shown(text)}")

    def _shown(self, text: str) -> str:
        return repr(self.transcript.clean(text)[-_SHOWN:].strip("\n"))

    def alive(self) -> bool:
        """Whether it can go on."""
        return not self._dead and self.wire.alive()

    def die(self) -> None:
        """Hang up: nobody knows any more what would be answered to what."""
        self._dead = True
        self.wire.close()

    def close(self) -> None:
        """Hang up."""
        self.die()
