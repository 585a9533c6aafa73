# SPDX-License-Identifier: GPL-2.0-or-later
"""Wrong arguments of every kind, and many random calls: clear errors, no crash, no growth."""

import os
import random
import sys

from gi.repository import Gio, GLib

import fixture
from fixture import NAME, Daemon, check, equal, plain, refused, wait_for

CALLS = int(os.environ.get('BULKHEAD_TEST_CALLS', '10000'))
GROWTH_KB = 4096
HUGE = 'x' * (4 << 20)


LINK = '[Link talk]\nPeers=b root\n'
OPTIONS = {'force': 'b', 'timeout': 'u', 'memory': 't', 'reserved': '(tt)', 'cell': 's', 'machine': 'b',
           'restart': 'b', 'maximum': 'u', 'from': 't', 'load': 'b', 'from-start': 'b', 'format': 's',
           'heartbeat': 'b', 'generation': 't', 'position': 't'}


def methods():
    """[(interface, method, signatures)] of all methods."""
    found = [(interface.rpartition('.')[2], element.get('name'),
              [a.get('type') for a in element.findall('arg') if a.get('direction') == 'in'])
             for interface, _, element in fixture.interface_members(sys.argv[1]) if element.tag == 'method']
    equal({interface for interface, _, _ in found}, {'Cell', 'Job', 'Link', 'Machine', 'Manager'})
    return found


def write_cells(d):
    """As many as there are CPUs for, and no others."""
    for name in os.listdir(d.cells):
        os.unlink(os.path.join(d.cells, name))
    for name in ('a', 'b'):
        d.write_cell(name, 'beat 5')
    with open(os.path.join(d.cells, 'a.cell'), 'a') as f:
        f.write(LINK)
    d.write_cell('deny', 'deny-shutdown\nbeat 50')
    d.reload()


def begin_job(d):
    """The path of a job that does not end by itself: a cell that denies is asked for an hour."""
    if d.cell_get('deny', 'State') != 'running':
        d.cell('deny', 'Start')
        wait_for(lambda: d.cell('deny', 'ReadLog'), 'its script')
    d.call_later(d.cell_path('deny'), 'Cell', 'Stop', '(a{sv})', {'timeout': GLib.Variant('u', 3600)})
    return d.wait_job('stop', d.cell_path('deny'))


def end_job(d):
    d.manager('Disable', '(a{sv})', {'force': GLib.Variant('b', True)})
    wait_for(lambda: not any('/jobs/' in path for path in d.objects()), 'the end of all jobs')


class Everything:
    """A daemon with an object of each kind: its path by interface."""

    def __enter__(self):
        self.daemon = d = Daemon()
        write_cells(d)
        d.manager('Enable')
        d.cell('b', 'Create')
        self.paths = {'Cell': d.cell_path('a'), 'Link': fixture.ROOT + '/links/talk', 'Manager': fixture.MANAGER,
                      'Machine': fixture.ROOT + '/machine', 'Job': begin_job(d)}
        check(set(self.paths.values()) <= set(d.objects()), self.paths)
        return d, self.paths

    def __exit__(self, kind, *more):
        if not kind:
            end_job(self.daemon)
        self.daemon.__exit__(kind, *more)


def wrong_types():
    """arguments of wrong types or numbers are refused"""
    with Everything() as (d, paths):
        for interface, method, signatures in methods():
            path = paths[interface]
            for signature, values in (('(i)', (1,)), ('(a{sv}s)', ({}, 'x')),
                                      ('(' + 's' * 20 + ')', ('x',) * 20)):
                refused('org.freedesktop.DBus.Error.InvalidArgs', d.call, path, interface, method,
                        signature, *values)
            refused('org.freedesktop.DBus.Error.InvalidArgs', d.connection.call_sync, NAME, path,
                    NAME + '.' + interface, method, None, None, 0, fixture.PATIENCE * 1000, None)
            refused('org.freedesktop.DBus.Error.UnknownMethod', d.call, path, interface,
                    method + 'X')
        check(paths['Job'] in d.objects(), 'a wrong call has ended the job')


def wrong_options():
    """unknown options, and options of wrong types, are refused by every method"""
    with Everything() as (d, paths):
        seen = set()
        for interface, method, signatures in methods():
            path = paths[interface]
            signature = '(' + ''.join(signatures) + ')'
            values = [plain(s) for s in signatures[:-1]]
            refused('UnknownOption', d.call, path, interface, method, signature, *values,
                    {'no-such-option': GLib.Variant('s', 'x')})
            refused('UnknownOption', d.call, path, interface, method, signature, *values,
                    {HUGE: GLib.Variant('s', HUGE)})
            for key in OPTIONS:
                try:
                    d.call(path, interface, method, signature, *values,
                           {key: GLib.Variant('ai', [1])})
                    raise fixture.Failed('%s accepted %s' % (method, key))
                except GLib.Error as e:
                    name = Gio.DBusError.get_remote_error(e)
                    check(name.endswith(('.UnknownOption', '.InvalidArgument')), method, key, name)
                    if name.endswith('.InvalidArgument'):
                        seen.add(key)
        equal(seen, set(OPTIONS), 'options that some method knows')
        check(paths['Job'] in d.objects(), 'a wrong call has ended the job')


def sizes():
    """huge strings, many changes and long arrays are refused or served, never fatal"""
    with Daemon() as d:
        d.write_cell('a')
        d.reload()
        message = refused('NotFound', d.manager, 'GetCell', '(sa{sv})', HUGE, {})
        check(len(message) < 300, 'the answer repeats it all')
        refused('InvalidArgument', d.manager, 'Validate', '(a{ss}a{sv})', {HUGE: 'x'}, {})
        refused('InvalidArgument', d.manager, 'Validate', '(a{ss}a{sv})', {'a': HUGE}, {})
        many = {'c%d' % i: d.cell_text('a') for i in range(200)}
        findings, _ = d.manager('Validate', '(a{ss}a{sv})', many, {})
        check(len(findings) > 0)
        huge = {'c%d' % i: HUGE for i in range(4)}
        check('bytes' in refused('InvalidArgument', d.manager, 'Validate', '(a{ss}a{sv})', huge, {}))
        refused('InvalidArgument', d.manager, 'Apply', '(a{ss}tsa{sv})', {}, 0, HUGE, {})
        refused('InvalidArgument', d.import_file, bytes(1 << 20))
        equal(d.manager('ReadEvents', '(a{sv})', {'cell': GLib.Variant('s', HUGE)}), [])
        message = refused('NotFound', d.manager, 'Validate', '(a{ss}a{sv})', {}, {'cell': GLib.Variant('s', HUGE)})
        check(len(message) < 300, 'the answer repeats it all')
        fds = Gio.UnixFDList()
        with open(d.path('a.sim')) as f:
            fds.append(f.fileno())
        message = refused('InvalidArgument', d.cell, 'a', 'LoadImage', '(hta{sv})', 0, 0,
                          {'format': GLib.Variant('s', HUGE)}, fds=fds)
        check('format' in message and len(message) < 300, message[:300])


def properties():
    """properties cannot be written, and only known ones be read"""
    with Daemon() as d:
        for name, value in (('Version', GLib.Variant('s', 'x')), ('Serial', GLib.Variant('t', 1)),
                            ('State', GLib.Variant('s', 'enabled'))):
            refused('org.freedesktop.DBus.Error.InvalidArgs', d.connection.call_sync, NAME,
                    fixture.MANAGER, 'org.freedesktop.DBus.Properties', 'Set',
                    GLib.Variant('(ssv)', (NAME + '.Manager', name, value)), None, 0, 1000, None)
        refused('org.freedesktop.DBus.Error.InvalidArgs', d.get, fixture.MANAGER, 'Manager', 'Nope')
        refused('org.freedesktop.DBus.Error.UnknownMethod', d.call, '/', 'Manager', 'Enable')
        refused('org.freedesktop.DBus.Error.UnknownMethod', d.call, fixture.ROOT + '/cells/zz',
                'Cell', 'Start')


def random_value(dice, signature, d):
    if signature == 's':
        return dice.choice(['a', 'b', 'c', '', 'root', 'verify', 'persistent', 'until-confirmed',
                            '../a', 'ä' * 50, '%s%n'])
    if signature == 't':
        return dice.choice([0, 1, 2**63, 2**64 - 1, dice.getrandbits(64)])
    if signature == 'b':
        return dice.random() < 0.5
    if signature == 'h':
        return dice.randrange(-1, 3)
    if signature == 'ay':
        return dice.randbytes(dice.choice([0, 1, 64, 1000]))
    if signature == 'a{ss}':
        return {random_value(dice, 's', d): dice.choice(
            ['', 'x', d.cell_text('a'), d.cell_text('a') + LINK, d.cell_text('a').replace('512K', '1M'),
             dice.randbytes(40).hex(), '[Cell]\nCpus=9999999999999999999999'])
            for _ in range(dice.randrange(3))}
    keys = [*OPTIONS, 'other']
    values = [('b', True), ('b', False), ('u', 0), ('u', 1), ('t', 0), ('t', 2**64 - 1),
              ('s', 'a'), ('s', 'elf'), ('(tt)', (0, 4096)), ('(tt)', (2**64 - 1, 2)), ('v',
              GLib.Variant('s', 'x')), ('as', ['x'])]
    return {dice.choice(keys): GLib.Variant(*dice.choice(values))
            for _ in range(dice.choice([0, 0, 0, 1, 1, 2]))}


def one_call(dice, d, choices, paths):
    """(interface, whether it succeeded)"""
    interface, method, signatures = dice.choice(choices)
    arguments = [random_value(dice, s, d) for s in signatures]
    path = dice.choice(paths[interface])
    try:
        d.call(path, interface, method, '(' + ''.join(signatures) + ')', *arguments)
        return interface, True
    except GLib.Error as e:
        name = Gio.DBusError.get_remote_error(e)
        check(name and name.startswith((NAME + '.Error.', 'org.freedesktop.DBus.Error.Unknown',
                                        'org.freedesktop.DBus.Error.InvalidArgs')),
              interface, method, arguments, e.message)
        return interface, False


def resident_kb(process):
    with open('/proc/%d/status' % process.pid) as f:
        return [int(line.split()[1]) for line in f if line.startswith('VmRSS')][0]


def many():
    """thousands of random calls leave the daemon alive, unharmed and no larger"""
    seed = int(os.environ.get('BULKHEAD_TEST_SEED', random.randrange(2**32)))
    print('# BULKHEAD_TEST_SEED=%d, %d calls' % (seed, CALLS))
    dice = random.Random(seed)
    with Daemon() as d:
        write_cells(d)
        d.manager('Enable')
        paths = {'Cell': [fixture.ROOT + '/cells/' + name for name in ('a', 'b', 'c')],
                 'Link': [fixture.ROOT + '/links/talk', fixture.ROOT + '/links/number_2d0'],
                 'Job': [begin_job(d), fixture.ROOT + '/jobs/1'],
                 'Manager': [fixture.MANAGER], 'Machine': [fixture.ROOT + '/machine']}
        choices = methods()
        good, early = dict.fromkeys(paths, 0), None
        for number in range(CALLS):
            interface, answered = one_call(dice, d, choices, paths)
            good[interface] += answered
            if number == CALLS // 2:
                early = resident_kb(d.process)
            if number % 500 == 499:
                # Whatever was done, there is something to do again.
                over = paths['Job'][0] not in d.objects()
                if over:
                    end_job(d)
                write_cells(d)
                d.manager('Enable')
                if over:
                    paths['Job'][0] = begin_job(d)
        end_job(d)
        growth = resident_kb(d.process) - early
        print('# %d calls succeeded, %d were refused; %d kB at half, %+d kB since' %
              (sum(good.values()), CALLS - sum(good.values()), early, growth))
        check(sum(good.values()) > CALLS // 20)
        check(all(good.values()), good)
        if 'BULKHEAD_TEST_SANITIZED' not in os.environ:
            check(growth < GROWTH_KB, 'it grew by', growth, 'kB')


fixture.run([wrong_types, wrong_options, sizes, properties, many])
