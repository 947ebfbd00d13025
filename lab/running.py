# SPDX-License-Identifier: GPL-2.0-or-later
"""Deploys a topology in the lab's private root, rebuilds single nodes, and takes it all down."""

import sys
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TextIO

from lab.emulated_node import EmulatedNode, make_host_key
from lab.errors import LabError, NotInLab
from lab.export import write_exports
from lab.links import attach_mgmt, cut_links, make_bridge, make_links, move_links, raise_links
from lab.nodes import NETNS_DIR, Node, hosts_file
from lab.topology_file import Topology
from lab.topology_kinds import PLAYED


class RunningLab:
    """The nodes and links of one topology; only one in a private root.

    Attributes:
        topology: what was asked for.
        directory: the lab directory (exports and logs).
    """

    def __init__(self, topology: Topology, directory: Path, progress: TextIO = sys.stderr) -> None:
        self.topology = topology
        self.directory = directory
        self._progress = progress
        self._start = time.monotonic()
        self._nodes: dict[str, Node] = {}
        self._changing = threading.Lock()

    def deploy(self) -> None:
        """Builds everything; each node's ``cmd`` runs and its ``exec`` lines are done after it.

        Raises:
            LabError: something could not be built, or a node's ``cmd`` ended.
        """
        NETNS_DIR.mkdir(parents=True, exist_ok=True)
        (self.directory / "log").mkdir(parents=True, exist_ok=True)
        make_bridge(self.topology)
        images = {node.image for node in self.topology.nodes.values() if node.image}
        self._say(f"images are not used here ({', '.join(sorted(images))}): the host's packages")
        for name in self.topology.nodes:
            self._nodes[name] = self._new_node(name)
            self._nodes[name].begin()
        for node in self._nodes.values():
            node.await_ready()
        self._say(f"{len(self._nodes)} nodes")
        for node in self._nodes.values():
            node.set_sysctls()
            node.write_files(self._hosts(node))
            self._give_host_key(node)
        make_links(self.topology, self.topology.links)
        attach_mgmt(self.topology, self.topology.nodes)
        self._say(f"{len(self.topology.links)} links")
        self._export()
        self._configure(self._nodes.values())
        self._say("deployed")

    def reboot(self, name: str) -> int:
        """Rebuilds a node's namespaces: same links, sysctls, cmd and exec; nothing else is left.

        Returns:
            The pid of the new first process.

        Raises:
            NotInLab: no such node.
            LabError: it could not be rebuilt; the node is then down.
        """
        with self._changing:
            if name not in self._nodes:
                known = ", ".join(self._nodes)
                raise NotInLab(f"no node {name!r} in lab {self.topology.name}; nodes: {known}")
            old, new = self._nodes[name], self._new_node(name)
            cut_links(self.topology, name)
            old.kill()
            new.begin()
            new.await_namespaces()
            new.set_sysctls()
            new.write_files(self._hosts(new))
            self._give_host_key(new)
            move_links(self.topology, name, new.pid)
            new.publish()
            self._nodes[name] = new
            attach_mgmt(self.topology, [name])
            raise_links(self.topology, name)
            self._export()
            self._configure([new])
            self._say(f"{name} rebooted")
            return new.pid

    def cmd_failures(self) -> list[str]:
        """Nodes whose ``cmd`` is no longer running, with the end of their logs."""
        return [why for node in self._nodes.values() if (why := node.cmd_failure())]

    def destroy(self) -> None:
        """Ends all nodes; what is left dies with the private root."""
        for node in self._nodes.values():
            node.kill()
            node.withdraw()
        self._nodes.clear()
        self._say("destroyed")

    def _new_node(self, name: str) -> Node:
        spec, long_name = self.topology.nodes[name], self.topology.long_name(name)
        log, links = self.directory / "log" / f"{name}.log", len(self.topology.links_of(name))
        if spec.kind in PLAYED:
            return EmulatedNode(spec, long_name, log, links, self.directory)
        return Node(spec, long_name, log, links)

    def _configure(self, nodes: Iterable[Node]) -> None:
        """Starts every ``cmd``, then runs the ``exec`` lines, nodes side by side."""
        chosen = list(nodes)
        for node in chosen:
            node.start_cmd()
        with ThreadPoolExecutor(max_workers=4) as pool:
            for done in [pool.submit(node.run_exec) for node in chosen]:
                done.result()
        failures = self.cmd_failures()
        if failures:
            raise LabError("; ".join(failures))
        for node in chosen:
            if isinstance(node, EmulatedNode):
                self._say(f"{node.spec.name}: {node.control.greeting()}, not the vendor's software")

    def _give_host_key(self, node: Node) -> None:
        """A Linux node that is logged in to has one host key, however often it is rebuilt."""
        if node.spec.credentials and not isinstance(node, EmulatedNode):
            node.write_host_key(make_host_key(self.directory, node.spec.name))

    def _hosts(self, node: Node) -> str:
        mgmt = {name: str(spec.mgmt_ipv4) for name, spec in self.topology.nodes.items()}
        return hosts_file(node.spec.name, mgmt)

    def _export(self) -> None:
        pids = {name: node.pid for name, node in self._nodes.items()}
        write_exports(self.topology, self.directory, pids)

    def _say(self, what: str) -> None:
        elapsed = time.monotonic() - self._start
        print(f"[clabns {self.topology.name}] {elapsed:6.2f} s  {what}", file=self._progress)
        self._progress.flush()
