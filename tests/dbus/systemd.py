# SPDX-License-Identifier: GPL-2.0-or-later
"""With systemd on the bus, and on a machine that is not simulated as far as the daemon knows: units, their files, the journal."""

import os
import re
import shutil
import socket
import struct

import fixture
from booted import UNIT, Machine
from fixture import MANAGER, Bus, check, equal, needs_root, options, refused, wait_for


@needs_root
def autostart():
    """a cell's unit is enabled and disabled, whoever does it, and the property says which"""
    with Machine() as (d, systemd):
        d.write_cell('a')
        d.reload()
        check('systemd' in d.get(MANAGER, 'Manager', 'Features'))
        equal(d.cell_get('a', 'Unit'), UNIT % 'a')
        d.wait_cell('a', 'Autostart', 'disabled')
        d.cell('a', 'SetAutostart', '(ba{sv})', True, {})
        equal(systemd.take('EnableUnitFiles', 'DisableUnitFiles', 'Reload')[-2:],
              [('EnableUnitFiles', [UNIT % 'a']), ('Reload',)])
        d.wait_cell('a', 'Autostart', 'enabled')
        d.cell('a', 'SetAutostart', '(ba{sv})', False, {})
        equal(systemd.take('EnableUnitFiles', 'DisableUnitFiles', 'Reload'),
              [('DisableUnitFiles', [UNIT % 'a']), ('Reload',)])
        d.wait_cell('a', 'Autostart', 'disabled')
        systemd.enabled.add(UNIT % 'a')
        systemd.emit('UnitFilesChanged')
        d.wait_cell('a', 'Autostart', 'enabled')


@needs_root
def units():
    """Start, Stop and Restart go through the unit and say how that went; a change of files makes systemd read its units again"""
    with Machine() as (d, systemd):
        text = d.write_cell('a')
        d.reload()
        check('enable' in refused('WrongState', d.cell, 'a', 'Start'))
        d.manager('Enable')
        equal(systemd.take('StartUnit'), [])
        d.cell('a', 'Start')
        d.cell('a', 'Start')
        equal(systemd.take('StartUnit'), [('StartUnit', UNIT % 'a')] * 2)
        d.cell('a', 'Restart')
        equal(systemd.take('RestartUnit'), [('RestartUnit', UNIT % 'a')])
        # It was the unit's business: nothing has been started here.
        equal(d.cell_get('a', 'State'), 'defined')
        d.cell('a', 'Launch')
        d.cell('a', 'Stop')
        equal(systemd.take('StopUnit'), [('StopUnit', UNIT % 'a')])
        equal(d.cell_get('a', 'State'), 'loadable')
        systemd.result = 'failed'
        check('journalctl' in refused('Failed', d.cell, 'a', 'Start'))
        systemd.result = 'canceled'
        refused('Cancelled', d.cell, 'a', 'Start')
        systemd.take('StartUnit', 'Reload')
        d.manager('Apply', '(a{ss}tsa{sv})', {'a': text + '# new\n'}, 0, 'persistent', {})
        equal(systemd.take('Reload'), [('Reload',)])
        d.cell('a', 'Start', '(a{sv})', options(load=('b', False)))
        equal((systemd.take('StartUnit'), d.cell_get('a', 'State')), ([], 'running'))


@needs_root
def journal():
    """every word about a cell has that cell in its field of the journal"""
    with Machine() as (d, _):
        d.write_cell('bad', 'wait 50\ncrash memory 0xdead0000')
        old = d.write_cell('slow', 'beat 0', more='HeartbeatSec=100ms')
        d.ready()
        for name in ('bad', 'slow'):
            d.cell(name, 'Launch')
        d.wait_cell('bad', 'StateReason', 'violation')
        d.wait_cell('slow', 'Health', 'late')
        refused('Exists', d.cell, 'slow', 'Create')
        d.manager('Apply', '(a{ss}tsa{sv})', {'slow': old + '# 1\n'}, 0, 'until-confirmed', {})
        with open(os.path.join(d.cells, 'slow.cell'), 'a') as f:
            f.write('# by hand\n')
        d.manager('Revert')
        lines = [line for line in d.read_log().splitlines() if line.startswith('BULKHEAD_CELL=') and
                 re.search(r'\b(bad|slow)\b', line.partition('MESSAGE=')[2])]
        for words, name in (('Forbidden access', 'bad'), ('failed (violation)', 'bad'), ('no heartbeat', 'slow'),
                            ('create failed', 'slow'), ('was edited meanwhile', 'slow')):
            found = [line for line in lines if words in line]
            check(found, words, lines)
            for line in found:
                check(line.startswith('BULKHEAD_CELL=%s ' % name), line)
        check(not any(line.startswith('BULKHEAD_CELL= ') for line in lines), lines)


@needs_root
def rediscover():
    """a machine is looked at again, but not while Linux does not see all of it"""
    with Machine('--device') as (d, _):
        path = fixture.ROOT + '/machine'
        check(not d.get(MANAGER, 'Manager', 'Simulated'))
        equal(d.get(path, 'Machine', 'Source'), 'discovered')
        cpus = d.get(path, 'Machine', 'Cpus')
        d.call(path, 'Machine', 'Rediscover')
        equal(d.get(path, 'Machine', 'Cpus'), cpus)
        d.manager('Enable')
        check('disable' in refused('WrongState', d.call, path, 'Machine', 'Rediscover'))
        d.manager('Disable')
        d.call(path, 'Machine', 'Rediscover')


def murmur(data):
    """MurmurHash2 with seed 0, by which listeners filter udev's messages."""
    multiplier, mask = 0x5bd1e995, 0xffffffff
    value, whole = len(data), len(data) & ~3
    for word, in struct.iter_unpack('<I', data[:whole]):
        word = word * multiplier & mask
        value = value * multiplier & mask ^ (word ^ word >> 24) * multiplier & mask
    if data[whole:]:
        value = (value ^ int.from_bytes(data[whole:], 'little')) * multiplier & mask
    value = (value ^ value >> 13) * multiplier & mask
    return value ^ value >> 15


def tell(action, path, subsystem):
    """What udevd sends to all who listen, root only, when the kernel has told it of a device."""
    netlink_kobject_uevent, udevs_group = 15, 2
    properties = ''.join('%s=%s\0' % pair for pair in (
        ('ACTION', action), ('DEVPATH', path), ('SUBSYSTEM', subsystem), ('SEQNUM', 1))).encode()
    header = struct.pack('=8s', b'libudev') + struct.pack('>I', 0xfeedcafe)
    header += struct.pack('=3I', 40, 40, len(properties)) + struct.pack('>I', murmur(subsystem.encode())) + bytes(12)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, netlink_kobject_uevent) as udev:
        udev.sendto(header + properties, (0, udevs_group))


@needs_root
def hotplug():
    """devices and CPUs that come and go are noticed, and clients are told; not while Linux does not see everything"""
    try:
        tell('change', '/devices/none', 'none')
    except OSError as e:
        return 'speaking as udev: ' + e.strerror
    bus = Bus()
    root = os.path.join(bus.directory, 'root')

    def put(path, text):
        path = os.path.join(root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w') as f:
            f.write(text + '\n')

    def plug(address, action='add'):
        device = 'sys/bus/pci/devices/' + address
        if action == 'add':
            for name, value in (('vendor', '0x1234'), ('device', '0x11e8'), ('class', '0x00ff00')):
                put(device + '/' + name, value)
        else:
            shutil.rmtree(os.path.join(root, device))
        tell(action, '/devices/pci0000:00/' + address, 'pci')

    for cpu in range(2):
        put('sys/devices/system/cpu/cpu%d/online' % cpu, '1')
    with Machine('--device', '--root', root, bus=bus) as (d, _):
        path = fixture.ROOT + '/machine'
        told = []
        d.connection.signal_subscribe(
            fixture.NAME, 'org.freedesktop.DBus.Properties', 'PropertiesChanged', path, None, 0,
            lambda *arguments: told.append(arguments[5].unpack()[1]))

        def devices():
            return [device['address'] for device in d.call(path, 'Machine', 'Describe')['devices']]

        equal((devices(), d.get(path, 'Machine', 'Changes'), d.get(path, 'Machine', 'Cpus')), ([], 0, [0, 1]))
        plug('0000:00:04.0')
        wait_for(lambda: told, 'the word of a device')
        equal((told.pop(), devices()), ({'Changes': 1}, ['0000:00:04.0']))
        put('sys/devices/system/cpu/cpu2/online', '1')
        tell('online', '/devices/system/cpu/cpu2', 'cpu')
        wait_for(lambda: told, 'the word of a CPU')
        equal(told.pop(), {'Changes': 2, 'Cpus': [0, 1, 2]})
        # What is the same afterwards is no change; nor is what others have.
        tell('bind', '/devices/pci0000:00/0000:00:04.0', 'pci')
        tell('change', '/devices/virtual/misc/fuse', 'misc')
        d.call(path, 'Machine', 'Rediscover')
        equal((told, d.get(path, 'Machine', 'Changes')), ([], 2))
        # Two at once are one change.
        d.manager('Enable')
        plug('0000:00:05.0')
        plug('0000:00:04.0', 'remove')
        check('disable' in refused('WrongState', d.call, path, 'Machine', 'Rediscover'))
        equal((told, devices()), ([], ['0000:00:04.0']))
        d.manager('Disable')
        wait_for(lambda: told, 'the word of both')
        equal((told.pop(), devices()), ({'Changes': 3}, ['0000:00:05.0']))


fixture.run([autostart, units, journal, rediscover, hotplug])
