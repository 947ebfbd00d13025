# SPDX-License-Identifier: GPL-2.0-or-later
"""Ignore rules for programs that keep a history of configurations: rancid and oxidized.

Forms after rancid.types.conf(5), the loader of rancid's modules (rancid 3), and oxidized's
"Creating and Extending Models".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from enforcer.application.desk_views import SnippetView
from enforcer.core.topology import Device
from enforcer.driver_api import Ignorable, Ignored
from enforcer.errors import ConfigurationInvalid, InvalidInput, NotFound
from enforcer.usecases.world import World


def snippets(world: World, name: str, platform: str, tool: str) -> list[SnippetView]:
    """The rules for one device, or for all of a platform, or for every one ("" each).

    `tool`: rancid, oxidized, or "" for both. Devices that these programs treat alike share them.
    None where nothing in the inventory is in such a history; InvalidInput where that was asked of a
    device or a platform. Raises NotFound.
    """
    if name and platform:
        raise InvalidInput("say a device or --platform, not both")
    if tool and tool not in TOOLS:
        raise InvalidInput(f"--for {tool!r} is not known; say {' or '.join(TOOLS)}")
    shared: dict[str, tuple[Ignored, list[Device]]] = {}
    for device in _chosen(world, name, platform):
        rules = _rules(world, device)
        if rules is not None:
            known, devices = shared.get(rules.oxidized[0], (rules, []))
            shared[rules.oxidized[0]] = _both(known, rules), [*devices, device]
    if not shared and (name or platform):
        what = name or platform
        raise InvalidInput(
            f"{what}: no device here has a configuration that rancid or oxidized keeps"
        )
    wanted = [tool] if tool else list(TOOLS)
    return [_view(one, *found) for found in shared.values() for one in wanted]


def _both(one: Ignored, other: Ignored) -> Ignored:
    """Rules for two devices; what must be last (what is empty in the end) stays last."""
    newest_first = dict.fromkeys(reversed((*one.patterns, *other.patterns)))
    return replace(one, patterns=tuple(reversed(newest_first)))


def _chosen(world: World, name: str, platform: str) -> list[Device]:
    if name:
        return [world.device(name)]
    devices = [device for _, device in sorted(world.topology.devices.items())]
    found = [device for device in devices if platform in ("", device.platform)]
    if not found:
        here = ", ".join(sorted({device.platform for device in devices})) or "none"
        raise NotFound(f"no device of platform {platform!r}: the inventory's are {here}")
    return found


def _rules(world: World, device: Device) -> Ignored | None:
    try:
        driver = world.driver_for(device, world.evidence.identity())
    except ConfigurationInvalid:
        return None
    return driver.ignored() if isinstance(driver, Ignorable) else None


def _view(tool: str, rules: Ignored, devices: list[Device]) -> SnippetView:
    file, text = TOOLS[tool](rules)
    return SnippetView(
        tool=tool,
        platforms=sorted({device.platform for device in devices}),
        devices=[device.name for device in devices],
        file=file,
        text=text,
        patterns=list(rules.patterns),
    )


def rancid(rules: Ignored) -> tuple[str, str]:
    """(file, text): a module that stands before the one which reads the configuration."""
    kind, function = rules.rancid
    before, _, reads = function.partition("::")
    module, ours = f"enforcer_{before}", f"{kind}-enforcer"
    patterns = "\n".join(f"    qr{{{pattern}}}m," for pattern in rules.patterns)
    text = f"""\
# {module}.pm: rancid leaves out what enforcer's orders change.
#
# 1. Save it as {module}.pm in the directory of {before}.pm.
# 2. Add a device type to rancid.types.conf:
#      sed -n -e 's/^{kind};/{ours};/' -e 's/;rancid -t {kind}$/;rancid -t {ours}/' \\
#        -e 's/;{function};/;{module}::{reads};/' -e '/^{ours};/p' \\
#        rancid.types.base >> rancid.types.conf
#      echo '{ours};module;{module}' >> rancid.types.conf
# 3. Give the routers the type {ours} in router.db.
package {module};
use strict;
use warnings;
no warnings 'once';

my @ignored = (
{patterns}
);

sub import {{ 0 }}

sub {reads} {{
    my ($input, $output, $command) = @_;
    my ($asked, $text, $last) = ($_, '', '');
    while (<$input>) {{
        tr/\\015//d;
        $last = $_;
        $text .= $_;
        last if /^$rancid::prompt/;
    }}
    for my $pattern (@ignored) {{
        $text =~ s/$pattern//g;
    }}
    open(my $rest, '<', \\$text) or return -1;
    $_ = $asked;
    my $result = {function}($rest, $output, $command);
    $_ = $last;
    return $result;
}}

1;
"""
    return f"{module}.pm", text


def oxidized(rules: Ignored) -> tuple[str, str]:
    """(file, text): an extension of the model."""
    model, name = rules.oxidized
    patterns = "\n".join(f"    %r{{{pattern}}}," for pattern in rules.patterns)
    text = f"""\
# {model}.rb: oxidized leaves out what enforcer's orders change.
#
# Save it as model/{model}.rb in oxidized's directory (~/.config/oxidized), or put the block into
# the file of that name that is there already.
require 'oxidized/model/{model}.rb'

class {name}
  ENFORCER_IGNORED = [
{patterns}
  ].freeze

  cmd :all do |cfg|
    ENFORCER_IGNORED.reduce(cfg) {{ |text, pattern| text.gsub(pattern, '') }}
  end
end
"""
    return f"model/{model}.rb", text


TOOLS: Mapping[str, Callable[[Ignored], tuple[str, str]]] = {
    "rancid": rancid,
    "oxidized": oxidized,
}
