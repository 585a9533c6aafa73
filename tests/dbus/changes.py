# SPDX-License-Identifier: GPL-2.0-or-later
"""Apply in all its modes: all files or none, by serial, confirmed or rolled back, through kills of the daemon."""

import os
import subprocess
import time

from gi.repository import GLib

import fixture
from fixture import MANAGER, Daemon, check, equal, options, refused, wait_for


def serial(d):
    return d.get(MANAGER, 'Manager', 'Serial')


def apply(d, changes, mode='persistent', base=0, **more):
    return d.manager('Apply', '(a{ss}tsa{sv})', changes, base, mode, options(**more))


def listing(d):
    return {name: open(os.path.join(d.cells, name)).read() for name in os.listdir(d.cells)}


def persistent():
    """files are written as given, replaced, and removed; serials order changes"""
    with Daemon() as d:
        d.write_cell('a')
        d.reload()
        text = '# a comment that stays\n' + d.cell_text('a') + '\n\n#  and  another\n'
        before = serial(d)
        findings, now = apply(d, {'b': text, 'a': text}, base=before)
        equal(listing(d), {'a.cell': text, 'b.cell': text})
        check(now != before and now == serial(d))
        check(any(f['cell'] == 'b' for f in findings) or findings == [])
        message = refused('Conflict', apply, d, {'a': ''}, base=before)
        check(str(now) in message, message)
        apply(d, {'a': ''}, base=now)
        equal(listing(d), {'b.cell': text})
        wait_for(lambda: not any(p.endswith('/cells/a') for p in d.objects()), 'its end')
        # An edit nobody announced counts as well.
        now = serial(d)
        d.write_cell('c')
        refused('Conflict', apply, d, {'a': text}, base=now)
        check(not os.path.exists(d.path('state', 'journal')))


def refusals():
    """a change with an error changes nothing; an old error elsewhere does not matter"""
    with Daemon() as d:
        d.write_cell('good')
        d.reload()
        before, old = serial(d), listing(d)
        text = d.cell_text('good')
        message = refused('InvalidConfig', apply, d,
                          {'good': text + '# new\n', 'bad': text + 'Nonsense=1\n'})
        check('bad.cell' in message and 'Nonsense' in message, message)
        refused('InvalidArgument', apply, d, {'../x': text})
        refused('InvalidArgument', apply, d, {'good': text}, mode='sometimes')
        for seconds in (0, 86401):
            refused('InvalidArgument', apply, d, {'good': text}, timeout=('u', seconds))
        refused('InvalidArgument', apply, d, {'good': '#' * (2 << 20)})
        equal((serial(d), listing(d)), (before, old))
        findings, now = apply(d, {'bad': 'nothing'}, mode='verify')
        check(any(f['severity'] == 'error' and f['cell'] == 'bad' for f in findings))
        equal((now, listing(d)), (before, old))
        d.write_cell('wrong', more='Nonsense=1')
        apply(d, {'good': text + '# new\n'})


def confirmed():
    """a change that is confirmed stays"""
    with Daemon() as d:
        refused('WrongState', d.manager, 'Confirm', '(ta{sv})', 1, {})
        refused('WrongState', d.manager, 'Revert')
        d.write_cell('a')
        d.reload()
        text = d.cell_text('a') + '# new\n'
        _, now = apply(d, {'a': text, 'b': text}, mode='until-confirmed', timeout=('u', 2))
        equal(sorted(d.get(MANAGER, 'Manager', 'Unconfirmed')), ['a', 'b'])
        check(0 < d.get(MANAGER, 'Manager', 'UnconfirmedUntil') - time.time() * 1e6 <= 2e6)
        refused('Busy', apply, d, {'a': text})
        apply(d, {'a': text}, mode='verify')
        refused('Conflict', d.manager, 'Confirm', '(ta{sv})', now + 1, {})
        d.manager('Confirm', '(ta{sv})', now, {})
        equal(d.get(MANAGER, 'Manager', 'Unconfirmed'), [])
        equal(d.get(MANAGER, 'Manager', 'UnconfirmedUntil'), 0)
        # One that would have been rolled back by now.
        apply(d, {'c': text}, mode='until-confirmed', timeout=('u', 3))
        wait_for(lambda: not d.get(MANAGER, 'Manager', 'Unconfirmed'), 'the roll-back')
        equal(listing(d), {'a.cell': text, 'b.cell': text})


def rolled_back():
    """a change that is not confirmed, or reverted, is undone; what was edited meanwhile stays"""
    with Daemon() as d:
        old = d.write_cell('a')
        d.reload()
        before = serial(d)
        text = old + '# new\n'
        apply(d, {'a': text, 'b': text}, mode='until-confirmed', timeout=('u', 60))
        equal(d.manager('Revert'), before)
        equal(listing(d), {'a.cell': old})
        apply(d, {'a': text, 'b': text}, mode='until-confirmed', timeout=('u', 1))
        with open(os.path.join(d.cells, 'b.cell'), 'w') as f:
            f.write(text + '# by hand\n')
        wait_for(lambda: not d.get(MANAGER, 'Manager', 'Unconfirmed'), 'the roll-back')
        equal(listing(d), {'a.cell': old, 'b.cell': text + '# by hand\n'})


def restarted():
    """cells are made anew with the change, and again with what was before"""
    with Daemon() as d:
        old = d.write_cell('run')
        d.write_cell('idle')
        d.write_cell('gone')
        d.ready()
        for name in ('run', 'gone'):
            d.cell(name, 'Start')
        d.cell('idle', 'Create')
        larger = old.replace('512K', '768K')

        def sizes():
            return [d.cell_get(name, 'Memory')[0][3] >> 10 for name in ('run', 'idle')]

        apply(d, {'run': larger, 'idle': d.read_cell('idle').replace('512K', '768K'), 'gone': ''},
              mode='until-confirmed', restart=('b', True))
        equal(sizes(), [768, 768])
        equal(d.cell_get('run', 'State'), 'running')
        check(not any(p.endswith('/cells/gone') for p in d.objects()))
        d.manager('Revert')
        equal(sizes(), [512, 512])
        equal(d.cell_get('run', 'State'), 'running')
        apply(d, {'run': larger})
        equal(sizes()[0], 512)
        equal(d.cell_get('run', 'Pending'), True)


def failing_restart():
    """if a cell cannot be made with the change, an unconfirmed change is undone at once"""
    with Daemon() as d:
        old = d.write_cell('a')
        d.ready()
        d.cell('a', 'Start')
        # Validation warns of a missing image; loading it fails.
        broken = old.replace('a.sim', 'missing.sim')
        try:
            apply(d, {'a': broken}, mode='until-confirmed', restart=('b', True))
            raise fixture.Failed('it was accepted')
        except GLib.Error:
            pass
        wait_for(lambda: not d.get(MANAGER, 'Manager', 'Unconfirmed'), 'the roll-back')
        equal(listing(d), {'a.cell': old})


def killed_waiting():
    """a daemon that comes after a killed one keeps the time of an unconfirmed change"""
    with Daemon() as d:
        old = d.write_cell('a')
        d.reload()
        apply(d, {'a': old + '# 1\n'}, mode='until-confirmed', timeout=('u', 60))
        d.kill()
        d.start()
        equal(d.get(MANAGER, 'Manager', 'Unconfirmed'), ['a'])
        d.manager('Confirm', '(ta{sv})', serial(d), {})
        apply(d, {'a': old + '# 2\n'}, mode='until-confirmed', timeout=('u', 1))
        d.kill()
        deadline = time.monotonic() + 1.1
        wait_for(lambda: time.monotonic() > deadline, 'the time to pass')
        d.start()
        wait_for(lambda: d.read_cell('a') == old + '# 1\n', 'the roll-back')


def killed_writing():
    """a change that was half written is undone"""
    with Daemon(start=False) as d:
        old = d.write_cell('a')
        other = d.write_cell('c')
        new = old + '# new\n'
        files = [('a', old.encode(), new.encode()), ('b', None, new.encode()),
                 ('c', other.encode(), new.encode())]
        journal = GLib.Variant('(stba(smaymay))', ('writing', 0, False, files))
        os.mkdir(d.path('state'))
        with open(d.path('state', 'journal'), 'wb') as f:
            f.write(journal.get_data_as_bytes().get_data())
        for name in ('a', 'b'):
            with open(os.path.join(d.cells, name + '.cell'), 'w') as f:
                f.write(new)
        d.start()
        equal(listing(d), {'a.cell': old, 'c.cell': other})
        check(not os.path.exists(d.path('state', 'journal')))


def leftovers():
    """what a daemon that was killed while it wrote has left is removed, and nothing that somebody else may have put there"""
    with Daemon(start=False) as d:
        text = d.write_cell('a')

        def put(*names):
            os.makedirs(os.path.dirname(d.path(*names)), exist_ok=True)
            with open(d.path(*names), 'w') as f:
                f.write('[Cell]\nCpus=half a fi')
            return d.path(*names)

        ours = [put('cells', '.a.cell.bulkheadd.X1yZ9a'), put('cells', '.b.cell.bulkheadd'),
                put('state', 'placement.aB3dE6'), put('state', 'journal.123456'),
                put('run', 'machine.json.aaaaaa'), put('run', 'loaded', 'a.cell.aB3dE6')]
        others = [put('cells', 'a.cell.new'), put('cells', 'a.cell.aB3dE6'), put('cells', '.a.cell.swp'),
                  put('cells', '.a.cell.bulkheadd.old'), put('state', 'notes.aB3dE6'), put('state', 'placement.bak'),
                  put('run', 'loaded', 'rt.aB3dE6.cell')]
        d.start()
        equal([path for path in ours + others if os.path.exists(path)], others)
        equal([p for p in d.objects() if '/cells/' in p], [d.cell_path('a')])
        equal(d.read_cell('a'), text)
        # Another daemon may have the same cells, but not be sure of what it finds; what is remembered is one daemon's.
        theirs = put('cells', '.a.cell.bulkheadd.X1yZ9a')
        with Daemon(start=False) as other:
            arguments = [other.program, '--simulate', '--address=' + other.bus.address, '--cells-directory=' + d.cells,
                         '--runtime-directory=' + other.path('run')]
            refusal = subprocess.run([*arguments, '--state-directory=' + d.path('state')], capture_output=True, text=True,
                                     timeout=fixture.PATIENCE, check=False)
            equal((refusal.returncode, d.path('state') in refusal.stderr, 'stop it' in refusal.stderr), (1, True, True))
            os.rmdir(other.cells)
            os.symlink(d.cells, other.cells)
            other.start()
            equal([p for p in other.objects() if '/cells/' in p], [d.cell_path('a')])
            other.stop()
            os.unlink(other.cells)
        check(os.path.exists(theirs))
        d.stop()
        d.start()
        check(not os.path.exists(theirs))


def damaged():
    """damaged journals and memories of placements are no reason not to start"""
    with Daemon(start=False) as d:
        text = d.write_cell('a')
        os.mkdir(d.path('state'))
        for name in ('journal', 'placement'):
            with open(d.path('state', name), 'wb') as f:
                f.write(os.urandom(1000))
        d.start()
        equal(listing(d), {'a.cell': text})
        d.manager('Enable')
        d.cell('a', 'Start')


fixture.run([persistent, refusals, confirmed, rolled_back, restarted, failing_restart,
             killed_waiting, killed_writing, leftovers, damaged])
