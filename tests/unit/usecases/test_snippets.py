# SPDX-License-Identifier: GPL-2.0-or-later
"""Ignore rules for rancid and oxidized: for whom, in which form, and run by Perl itself."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from enforcer.core.rules import Owner
from enforcer.core.topology import Device, Topology
from enforcer.driver_api import Driver, Ignored
from enforcer.errors import ConfigurationInvalid, InvalidInput, NotFound
from enforcer.usecases.snippets import oxidized, rancid, snippets
from enforcer.usecases.world import World
from tests.fakes.device import FakeDevice
from tests.fakes.driver import FakeDriver
from tests.unit.usecases.office import Office

RULES = Ignored(
    (r"^object-group ENF-[^\n]*\n(?: [^\n]*\n)*(?:!\n)?", r"^ +access-group ENF-[^\n]*\n"),
    rancid=("cisco", "ios::WriteTerm"),
    oxidized=("ios", "IOS"),
)
CONFIGURATION = """\
hostname edge1
!
object-group ENF-1
 host 198.51.100.7
!
object-group PARTNERS
 host 203.0.113.77
!
interface eth1
 access-group ENF-V4
 access-group THEIRS
!
end
"""
LEFT = """\
hostname edge1
!
object-group PARTNERS
 host 203.0.113.77
!
interface eth1
 access-group THEIRS
!
end
"""


class RouterDriver(FakeDriver):
    """One whose configuration others keep."""

    rules = RULES

    def ignored(self) -> Ignored:
        """See `Ignorable`."""
        return self.rules


@dataclass
class Shop:
    """Devices by platform: `router-*` is Ignorable, `host` is not, `lost` has no driver."""

    office: Office
    other: Ignored = RULES

    def world(self, **platforms: str) -> World:
        """A world of these devices."""
        devices = {name: Device(name, platform) for name, platform in platforms.items()}
        return World(
            self.office.database,
            lambda: Topology(devices),
            self._driver_for,
            self.office.clock,
            timedelta(minutes=15),
            timedelta(minutes=5),
        )

    def _driver_for(self, device: Device, owner: Owner) -> Driver:
        if device.platform == "lost":
            raise ConfigurationInvalid("no such platform")
        box = FakeDevice(device.name, self.office.clock)
        if device.platform == "host":
            return FakeDriver(box, owner)
        driver = RouterDriver(box, owner)
        if device.platform == "router-b":
            driver.rules = self.other
        return driver


@pytest.fixture
def shop(office: Office) -> Shop:
    return Shop(office)


def test_devices_that_are_treated_alike_share_their_rules(shop: Shop) -> None:
    world = shop.world(edge1="router-a", edge2="router-b", server="host", gone="lost")
    found = snippets(world, "", "", "")
    assert [(one.tool, one.platforms, one.devices) for one in found] == [
        ("rancid", ["router-a", "router-b"], ["edge1", "edge2"]),
        ("oxidized", ["router-a", "router-b"], ["edge1", "edge2"]),
    ]
    assert [one.file for one in found] == ["enforcer_ios.pm", "model/ios.rb"]
    assert all(one.patterns == list(RULES.patterns) for one in found)


def test_rules_of_two_devices_are_joined_and_what_must_be_last_stays_last(shop: Shop) -> None:
    first, last = RULES.patterns
    shop.other = replace(RULES, patterns=(first, r"^tag 7\n", last))
    (found,) = snippets(shop.world(edge1="router-a", edge2="router-b"), "", "", "rancid")
    assert found.patterns == [first, r"^tag 7\n", last]


def test_one_device_one_platform_one_program(shop: Shop) -> None:
    world = shop.world(edge1="router-a", edge2="router-b")
    assert [one.devices for one in snippets(world, "edge2", "", "oxidized")] == [["edge2"]]
    assert [one.devices for one in snippets(world, "", "router-a", "rancid")] == [["edge1"]]


def test_what_cannot_be_answered_says_why(shop: Shop) -> None:
    world = shop.world(edge1="router-a", server="host")
    with pytest.raises(InvalidInput, match="not both"):
        snippets(world, "edge1", "router-a", "")
    with pytest.raises(InvalidInput, match="rancid or oxidized"):
        snippets(world, "edge1", "", "cvs")
    with pytest.raises(NotFound, match="the inventory's are host, router-a"):
        snippets(world, "", "vax", "")
    with pytest.raises(NotFound):
        snippets(world, "nowhere", "", "")
    with pytest.raises(InvalidInput, match=r"server: no device here has a configuration"):
        snippets(world, "server", "", "")
    assert snippets(shop.world(server="host"), "", "", "") == [], "nothing was asked of it"


# A rancid that is just enough: it reads up to the prompt, and prints what it read.
RANCID = "package rancid; our $prompt = 'edge1#'; 1;\n"
IOS = """\
package ios;
sub WriteTerm {
    my ($input, $output, $command) = @_;
    print "asked by $_\\n";
    while (<$input>) { last if /^$rancid::prompt/; print "$command: $_"; return 0 if STOP }
    return 0;
}
1;
"""
MAIN = """\
require rancid; require ios; require enforcer_ios;
enforcer_ios::import() == 0 or die;
open(my $input, '<', 'session.txt') or die;
$_ = 'edge1#show run';
my $result = enforcer_ios::WriteTerm($input, *STDOUT, 'show run');
print "result $result\\nat $_";
print "next $_" while (<$input>);
"""


@pytest.mark.parametrize("stop", ["0", "/PARTNERS/"])
def test_perl_leaves_out_ours_and_goes_on_behind_the_prompt(tmp_path: Path, stop: str) -> None:
    file, text = rancid(RULES)
    session = f"{CONFIGURATION}edge1#show clock\nnoon\n".replace("\n", "\r\n")
    written = {
        file: text,
        "rancid.pm": RANCID,
        "ios.pm": IOS.replace("STOP", stop),
        "main.pl": MAIN,
        "session.txt": session,
    }
    for name, content in written.items():
        (tmp_path / name).write_text(content, encoding="ascii", newline="")
    ran = subprocess.run(
        ["perl", "-w", "-I.", "main.pl"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    read = LEFT if stop == "0" else LEFT[: LEFT.index(" host 203")]
    shown = "".join(f"show run: {line}\n" for line in read.splitlines())
    shown = f"asked by edge1#show run\n{shown}"
    assert ran.stdout == f"{shown}result 0\nat edge1#show clock\nnext noon\r\n".replace("\r", "")
    assert ran.stderr == ""


def test_rancid_is_told_how_to_make_the_device_type() -> None:
    _, text = rancid(RULES)
    for part in ("s/^cisco;/cisco-enforcer;/", "enforcer_ios::WriteTerm", "router.db"):
        assert part in text


def test_oxidized_extends_the_model_and_takes_each_match_out() -> None:
    file, text = oxidized(RULES)
    assert file == "model/ios.rb"
    assert "require 'oxidized/model/ios.rb'\n\nclass IOS\n" in text
    block = text[text.index("cmd :all") :]
    assert "text.gsub(pattern, '')" in block
    found = re.findall(r"^    %r\{(.*)\},$", text, re.MULTILINE)
    assert tuple(found) == RULES.patterns
    left = CONFIGURATION
    for pattern in found:
        left = re.sub(pattern, "", left, flags=re.MULTILINE)
    assert left == LEFT


def test_the_commands_for_rancid_make_a_copy_of_the_type(tmp_path: Path) -> None:
    base = (
        "ios;alias;cisco\ncisco;script;rancid -t cisco\ncisco;module;ios\n"
        "cisco;command;ios::ShowVersion;show version\ncisco;command;ios::WriteTerm;write term\n"
        "cisco-xr;command;iosxr::WriteTerm;show running-config\n"
    )
    (tmp_path / "rancid.types.base").write_text(base, encoding="ascii")
    lines = [line for line in rancid(RULES)[1].splitlines() if line.startswith("#      ")]
    script = "\n".join(line.removeprefix("#      ") for line in lines)
    subprocess.run(["sh", "-eu", "-c", script], cwd=tmp_path, check=True, timeout=60)
    assert (tmp_path / "rancid.types.conf").read_text(encoding="ascii").splitlines() == [
        "cisco-enforcer;script;rancid -t cisco-enforcer",
        "cisco-enforcer;module;ios",
        "cisco-enforcer;command;ios::ShowVersion;show version",
        "cisco-enforcer;command;enforcer_ios::WriteTerm;write term",
        "cisco-enforcer;module;enforcer_ios",
    ]
