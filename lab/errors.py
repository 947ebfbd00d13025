# SPDX-License-Identifier: GPL-2.0-or-later
"""What can go wrong in the lab.

The lab stands beside the product and imports nothing of it, so its errors have their own root:

    LabError
    ├── TopologyRefused    the topology file asks for something that clabns does not do
    ├── NotInLab           no lab around this process, or no such node in it
    ├── LabCommandFailed   a program that builds the lab said no
    ├── CommandRefused     the enforcer command line said no
    └── NoVerdict          the measurement itself failed: neither "passed" nor "blocked"
"""


class LabError(Exception):
    """Anything that stops the lab; the message says what is wrong and what to do."""


class TopologyRefused(LabError):
    """The topology file holds a key or a value that clabns does not implement.

    Attributes:
        where: path of the offending value, such as ``topology.nodes.edge1.cpu``.
    """

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where


class NotInLab(LabError):
    """This process does not run in a lab's private root, or the lab has no such node."""


class LabCommandFailed(LabError):
    """A program run to build or change the lab ended with an error."""


class CommandRefused(LabError):
    """The enforcer command line ended with another exit code than was wanted.

    Attributes:
        code: the exit code.
        said: what it said on standard error, or else on standard output.
    """

    def __init__(self, command: str, code: int, said: str) -> None:
        super().__init__(f"{command}: exit {code}: {said}")
        self.code = code
        self.said = said


class NoVerdict(LabError):
    """The capture lost packets or a probe could not be sent, so nothing may be concluded."""
