# SPDX-License-Identifier: GPL-2.0-or-later
"""The switch for starting at boot, with a systemd: it shows what that says, whoever has changed it, and asks it to."""

import os
import sys

from person import CHECKED, LAUNCHER, SENSITIVE, Person, fixture
from booted import UNIT, Machine

SWITCH = 'Start at boot'


def is_on():
    switch = person.see('check box', SWITCH)
    return switch.has(CHECKED)


def on():
    """It is switched on, and then the unit is enabled"""
    person.choose('a', 'The machine and its cells')
    person.read(UNIT % 'a')
    fixture.check(not is_on(), 'it is on')
    person.click(SWITCH, 'check box')
    fixture.wait_for(lambda: UNIT % 'a' in systemd.enabled, 'the unit to be enabled')
    daemon.wait_cell('a', 'Autostart', 'enabled')
    person.wait(is_on, 'the switch to be on')


def elsewhere():
    """Somebody else disables the unit, and it is off"""
    systemd.enabled.clear()
    systemd.emit('UnitFilesChanged')
    person.wait(lambda: not is_on(), 'the switch to be off')


def refused():
    """What systemd refuses is said, and the switch shows what is"""
    systemd.refused.add('EnableUnitFiles')
    person.click(SWITCH, 'check box')
    person.read('Starting at boot was not changed: ')
    person.wait(lambda: not is_on(), 'the switch to be off')
    systemd.refused.clear()
    person.click(SWITCH, 'check box')
    person.wait(is_on, 'the switch to be on')


def none():
    """Without a systemd it cannot be used, and says why"""
    with fixture.Daemon() as other:
        other.write_cell('b')
        somebody = Person(other, [os.environ['BULKHEAD_CONFIGURATOR'], '--address=' + other.bus.address])
        try:
            somebody.choose('b', 'The machine and its cells')
            somebody.read('Not possible: this daemon does not work with systemd')
            fixture.check(not somebody.see('check box', SWITCH).has(SENSITIVE), 'it can be used')
        finally:
            somebody.close()


missing = 'needs root' if os.getuid() else None if os.path.exists(LAUNCHER) else 'there is no at-spi2-core'
if missing:
    print('1..0 # SKIP', missing)
    sys.exit()
with Machine() as (daemon, systemd):
    daemon.write_cell('a')
    person = Person(daemon, [os.environ['BULKHEAD_CONFIGURATOR'], '--address=' + daemon.bus.address])
    try:
        fixture.run([on, elsewhere, refused, none])
    finally:
        person.close()
