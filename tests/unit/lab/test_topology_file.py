# SPDX-License-Identifier: GPL-2.0-or-later
"""What the topology file may say, what it inherits, and what is refused loudly."""

import json
from ipaddress import IPv4Address
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from lab.errors import TopologyRefused
from lab.topology_file import Topology, load_topology
from lab.topology_links import DEFAULT_MTU, Endpoint, LinkSpec

NODES = "topology: {nodes: {a: {kind: linux}, b: {kind: linux}}"


def load(tmp_path: Path, text: str) -> Topology:
    path = tmp_path / "t.clab.yml"
    path.write_text(text)
    return load_topology(path)


@pytest.fixture(params=["isp.clab.yml", "isp-vendors.clab.yml", "isp-bgp.clab.yml", "two.clab.yml"])
def topology_path(request: pytest.FixtureRequest, repository: Path) -> Path:
    path: Path = repository / "lab" / request.param
    assert path.exists()
    return path


def test_shipped_topologies_load(topology_path: Path) -> None:
    topology = load_topology(topology_path)
    assert topology.links
    assert all(bind.source.exists() for node in topology.nodes.values() for bind in node.binds)


def containerlab_schema(corpus: Path) -> dict[str, object]:
    """containerlab's own schema; two of its patterns use ECMA classes that Python's re lacks."""
    text = (corpus / "containerlab" / "clab.schema.json").read_text()
    schema: dict[str, object] = json.loads(text.replace(r"[\\p{N}\\p{L}]", r"\\w"))
    return schema


def test_shipped_topologies_are_containerlabs(topology_path: Path, corpus: Path) -> None:
    raw = YAML(typ="safe", pure=True).load(topology_path.read_text())
    jsonschema.validate(raw, containerlab_schema(corpus))


def test_containerlabs_schema_can_say_no(topology_path: Path, corpus: Path) -> None:
    raw = YAML(typ="safe", pure=True).load(topology_path.read_text())
    raw["topology"]["defaults"]["imagine"] = "x"
    with pytest.raises(jsonschema.ValidationError, match="imagine"):
        jsonschema.validate(raw, containerlab_schema(corpus))


@pytest.mark.parametrize(
    "text, where",
    [
        ("name: x\nsettings: {}\n" + NODES + "}", "settings"),
        ("name: x\nmgmt: {mtu: 1500}\n" + NODES + "}", "mgmt.mtu"),
        ("name: x\nmgmt: {external-access: true}\n" + NODES + "}", "mgmt.external-access"),
        ("name: x\nmgmt: {ipv4-subnet: 1.2.3.4/24}\n" + NODES + "}", "mgmt.ipv4-subnet"),
        ("name: x\nmgmt: {ipv4-subnet: 10.0.0.0/30}\n" + NODES + "}", "mgmt.ipv4-subnet"),
        ("name: x\nprefix: lab\n" + NODES + "}", "prefix"),
        (NODES + "}", "name"),
        ("name: x\ntopology: {nodes: {}}", "topology.nodes"),
        ("name: x\ntopology: {nodes: {a: {}}}", "topology.nodes.a.kind"),
        ("name: x\ntopology: {nodes: {a: {kind: crpd}}}", "topology.nodes.a.kind"),
        ("name: x\ntopology: {kinds: {crpd: {}}, nodes: {a: {kind: linux}}}", "kinds.crpd"),
        ("name: x\ntopology: {nodes: {a: {kind: linux, cpu: 1}}}", "topology.nodes.a.cpu"),
        ("name: x\ntopology: {defaults: {dns: {}}, nodes: {a: {}}}", "topology.defaults.dns"),
        ("name: x\ntopology: {nodes: {a: {kind: linux, group: g}}}", "topology.nodes.a.group"),
        ("name: x\ntopology: {nodes: {a: {kind: linux, exec: ls}}}", "topology.nodes.a.exec"),
        ("name: x\ntopology: {nodes: {a: {kind: linux, exec: [1]}}}", "nodes.a.exec.0"),
        ("name: x\ntopology: {nodes: {a: {kind: linux, env: {A: [1]}}}}", "nodes.a.env.A"),
        ("name: x\ntopology: {nodes: {a: {kind: linux, binds: [x]}}}", "nodes.a.binds"),
        ("name: x\ntopology: {nodes: {a: {kind: linux, binds: ['x:y:z']}}}", "nodes.a.binds"),
        (
            "name: x\ntopology: {nodes: {a: {kind: linux, binds: ['__clabNodeDir__/x:/y']}}}",
            "nodes.a.binds",
        ),
        (
            "name: x\ntopology: {nodes: {a: {kind: linux, sysctls: {kernel.panic: 1}}}}",
            "nodes.a.sysctls.kernel.panic",
        ),
        ("name: x\n" + NODES + ", links: [{endpoints: ['a:eth1']}]}", "links.0.endpoints"),
        ("name: x\n" + NODES + ", links: [{endpoints: ['a:eth1', b]}]}", "links.0.endpoints.1"),
        ("name: x\n" + NODES + ", links: [{endpoints: ['a:eth1', 'c:eth1']}]}", "links.0"),
        ("name: x\n" + NODES + ", links: [{endpoints: ['a:eth0', 'b:eth1']}]}", "endpoints.0"),
        ("name: x\n" + NODES + ", links: [{endpoints: ['a:eth1', 'a:eth1']}]}", "links.0"),
        ("name: x\n" + NODES + ", links: [{type: vxlan, endpoint: {}}]}", "links.0.type"),
        (
            "name: x\n" + NODES + ", links: [{endpoints: ['a:eth1', 'b:eth1'], labels: {}}]}",
            "links.0.labels",
        ),
        (
            "name: x\n" + NODES + ", links: [{endpoints: ['a:eth1', 'b:eth1'], mtu: big}]}",
            "links.0.mtu",
        ),
        (
            "name: x\n" + NODES + ", links: [{type: veth, endpoints: "
            "[{node: a, interface: eth1, ipv4: 10.0.0.1/24}, {node: b, interface: eth1}]}]}",
            "links.0.endpoints.0.ipv4",
        ),
        ("name: x$y\n" + NODES + "}", "t.clab.yml"),
        ("name: [", "t.clab.yml"),
        ("- a", "t.clab.yml"),
    ],
)
def test_what_is_not_implemented_is_refused_by_path(tmp_path: Path, text: str, where: str) -> None:
    with pytest.raises(TopologyRefused) as refused:
        load(tmp_path, text)
    assert where in refused.value.where
    assert str(refused.value).startswith(refused.value.where)


def test_a_refused_key_says_what_is_supported(tmp_path: Path) -> None:
    with pytest.raises(TopologyRefused, match=r"supported here: .*mgmt-ipv4.*sysctls"):
        load(tmp_path, "name: x\ntopology: {nodes: {a: {kind: linux, memory: 1G}}}")


def test_levels_merge_from_defaults_to_node(tmp_path: Path) -> None:
    topology = load(
        tmp_path,
        """
name: x
topology:
  defaults:
    kind: linux
    cmd: from-defaults
    env: {A: defaults, B: defaults}
    exec: [first]
    binds: ["one:/here", "two:/there:ro"]
  kinds: {linux: {env: {A: kind, C: 3}, exec: [second]}}
  groups: {g: {cmd: from-group, env: {A: group}, sysctls: {net.ipv4.ip_forward: 1}}}
  nodes:
    a: {group: g, env: {D: $$HOME}, exec: [third], binds: ["three:/here"]}
    b:
""",
    )
    a, b = topology.nodes["a"], topology.nodes["b"]
    assert a.cmd == "from-group"
    assert a.env == {"A": "group", "B": "defaults", "C": "3", "D": "$HOME"}
    assert a.exec == ("first", "second", "third")
    assert a.sysctls == {"net.ipv4.ip_forward": "1"}
    assert {bind.target: (bind.source, bind.read_only) for bind in a.binds} == {
        "/here": (tmp_path / "three", False),
        "/there": (tmp_path / "two", True),
    }
    assert (b.cmd, b.env["A"], b.exec) == ("from-defaults", "kind", ("first", "second"))


def test_management_addresses_avoid_those_taken(tmp_path: Path) -> None:
    topology = load(
        tmp_path,
        "name: x\ntopology: {defaults: {kind: linux}, nodes: {a: , b: {mgmt-ipv4: 172.20.20.2}}}",
    )
    assert topology.nodes["a"].mgmt_ipv4 == IPv4Address("172.20.20.3")
    assert topology.nodes["b"].mgmt_ipv4 == IPv4Address("172.20.20.2")


def test_both_forms_of_a_link(tmp_path: Path) -> None:
    topology = load(
        tmp_path,
        "name: x\n" + NODES + ", links: [{endpoints: ['a:eth1', 'b:eth1']}, "
        "{type: veth, mtu: 1500, endpoints: [{node: a, interface: eth2, "
        "mac: '02:00:00:00:00:01'}, {node: b, interface: eth2}]}]}",
    )
    assert topology.links == (
        LinkSpec(Endpoint("a", "eth1"), Endpoint("b", "eth1"), DEFAULT_MTU),
        LinkSpec(Endpoint("a", "eth2", "02:00:00:00:00:01"), Endpoint("b", "eth2"), 1500),
    )
    assert topology.links_of("a") == topology.links
