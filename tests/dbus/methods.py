# SPDX-License-Identifier: GPL-2.0-or-later
"""What each method does, and what it refuses."""

import json
import os
import struct
import tempfile

from gi.repository import Gio, GLib

import fixture
from fixture import Daemon, Notifications, check, equal, options, refused, wait_for

NO = {}


def fd_list(fd):
    fds = Gio.UnixFDList()
    fds.append(fd)
    return fds


def surface():
    """objects and properties say what there is, and that it is simulated"""
    with Daemon() as d:
        d.write_cell('one')
        d.reload()
        objects = d.objects()
        equal(set(objects), {fixture.MANAGER, fixture.ROOT + '/machine', fixture.ROOT + '/health',
                             d.cell_path('one')})
        manager = objects[fixture.MANAGER]['org.bulkhead1.Manager']
        equal(manager['State'], 'disabled')
        check(manager['Simulated'])
        equal(manager['CellsDirectory'], d.cells)
        equal(manager['Features'], ['links'])
        check(manager['Serial'] < 2**53)
        health = objects[fixture.ROOT + '/health']['org.bulkhead1.Health']
        equal(health['Status'], 'off')
        check(any(fact['name'] == 'simulated' for fact in health['Isolation']))
        cell = objects[d.cell_path('one')]['org.bulkhead1.Cell']
        equal((cell['State'], cell['StateReason'], cell['Health'], cell['Unit'], cell['Autostart']),
              ('defined', 'none', 'none', '', 'unavailable'))
        equal(len(cell['Cpus']), 1)
        equal([m[0] for m in cell['Memory']], ['ram', 'comm'])
        check(all(check_['message'] for check_ in d.manager('CheckMachine')))


def files():
    """files that come, change and go are noticed; names find objects"""
    with Daemon() as d:
        refused('NotFound', d.cell_path, 'late')
        serial = d.get(fixture.MANAGER, 'Manager', 'Serial')
        d.write_cell('late')
        wait_for(lambda: any(p.endswith('/cells/late') for p in d.objects()), 'the object')
        check(d.get(fixture.MANAGER, 'Manager', 'Serial') != serial)
        d.write_cell('late', more='Nonsense=1')
        d.wait_cell('late', 'State', 'invalid')
        equal(d.cell_get('late', 'Errors'), 1)
        equal(d.cell_get('late', 'StateReason'), 'file')
        d.manager('Enable')
        message = refused('InvalidConfig', d.cell, 'late', 'Start')
        check('late.cell:5' in message and 'Nonsense' in message, message)
        text, now = d.cell('late', 'ReadFile')
        equal(text, d.read_cell('late'))
        equal(now, d.get(fixture.MANAGER, 'Manager', 'Serial'))
        os.unlink(os.path.join(d.cells, 'late.cell'))
        wait_for(lambda: not any(p.endswith('/cells/late') for p in d.objects()), 'its end')
        equal(d.get(fixture.MANAGER, 'Manager', 'Serial'), serial)


def life():
    """create, load, start, stop, restart, destroy: states, reasons, errors"""
    with Daemon() as d:
        d.write_cell('c')
        d.reload()
        for method in ('Create', 'Load', 'Start', 'Restart'):
            check('enable' in refused('WrongState', d.cell, 'c', method))
        for method in ('Stop', 'Destroy', 'GetStats'):
            refused('WrongState', d.cell, 'c', method)
        d.manager('Enable')
        equal(d.get(fixture.MANAGER, 'Manager', 'State'), 'enabled')
        d.manager('Enable')
        d.cell('c', 'Create')
        equal(d.cell_get('c', 'State'), 'shut-down')
        check(d.cell_get('c', 'Id') > 0)
        refused('Exists', d.cell, 'c', 'Create')
        refused('WrongState', d.cell, 'c', 'Stop')
        d.cell('c', 'Load')
        equal(d.cell_get('c', 'State'), 'loadable')
        d.cell('c', 'Start', '(a{sv})', options(load=('b', False)))
        equal((d.cell_get('c', 'State'), d.cell_get('c', 'StateReason')), ('running', 'requested'))
        check(d.cell_get('c', 'Memory')[0][1] != 2**64 - 1)
        d.cell('c', 'Start')
        for method in ('Load', 'Create'):
            refused('WrongState' if method == 'Load' else 'Exists', d.cell, 'c', method)
        refused('Busy', d.manager, 'Disable')
        wait_for(lambda: d.cell('c', 'GetStats')['exits']['total'] > 0, 'exits')
        stats = d.cell('c', 'GetStats')
        check(stats['console-bytes'] > 0 and stats['heartbeat-age'] >= 0)
        equal(list(stats['cpus']), d.cell_get('c', 'Cpus'))
        d.reload()
        exits = d.cell_get('c', 'Exits')
        check(stats['exits']['total'] <= exits <= d.cell('c', 'GetStats')['exits']['total'], exits)
        d.cell('c', 'Restart')
        equal(d.cell_get('c', 'State'), 'running')
        check(d.cell('c', 'Launch'))
        d.cell('c', 'Stop')
        equal((d.cell_get('c', 'State'), d.cell_get('c', 'StateReason')), ('loadable', 'requested'))
        d.cell('c', 'Shutdown')
        d.cell('c', 'Destroy')
        equal((d.cell_get('c', 'State'), d.cell_get('c', 'Id'), d.cell_get('c', 'Exits')), ('defined', 0, 0))
        check(not d.cell('c', 'Launch'))
        refused('Busy', d.manager, 'Disable')
        d.manager('Disable', '(a{sv})', options(force=('b', True)))
        equal(d.get(fixture.MANAGER, 'Manager', 'State'), 'disabled')
        equal(d.cell_get('c', 'State'), 'defined')
        d.manager('Disable')
        # Another life: what was known of the cells of the first one does not count.
        os.unlink(os.path.join(d.cells, 'c.cell'))
        d.write_cell('other', more='Id=1')
        d.ready()
        d.cell('other', 'Start')
        equal(d.cell_get('other', 'Pending'), False)
        wait_for(lambda: d.cell('other', 'ReadLog'), 'its console')


def refusal():
    """a cell that denies to stop is asked again, then forced; one that does not answer has failed"""
    with Daemon() as d:
        d.write_cell('deny', 'deny-shutdown\nbeat 50')
        d.write_cell('mute', 'ignore-shutdown\nbeat 50')
        d.manager('Enable')
        d.reload()
        d.cell('deny', 'Start')
        d.cell('mute', 'Start')
        wait_for(lambda: d.cell('deny', 'ReadLog') and d.cell('mute', 'ReadLog'), 'their scripts')
        refused('Denied', d.cell, 'deny', 'Stop')
        equal(d.cell_get('deny', 'State'), 'running')
        check(d.cell_get('deny', 'LastError'))
        refused('Denied', d.cell, 'deny', 'Destroy')
        d.cell('deny', 'Stop', '(a{sv})', options(timeout=('u', 1)))
        check(d.cell_get('deny', 'State') != 'running')
        equal(d.cell_get('deny', 'LastError'), '')
        d.cell('mute', 'Stop')
        d.wait_cell('mute', 'StateReason', 'no-answer')
        d.cell('mute', 'Start')
        d.cell('mute', 'Stop', '(a{sv})', options(force=('b', True)))
        check(not d.cell_get('mute', 'State').startswith('running'))
        d.cell('deny', 'Start')
        d.cell('deny', 'Destroy', '(a{sv})', options(force=('b', True)))
        equal(d.cell_get('deny', 'State'), 'defined')


def crash():
    """a violation is an event, a reason, a count, and ill health"""
    with Daemon() as d:
        d.write_cell('bad', 'print here it comes\ncrash pio 0x3f8')
        d.ready()
        d.cell('bad', 'Start')
        d.wait_cell('bad', 'State', 'failed')
        d.wait_cell('bad', 'StateReason', 'violation')
        wait_for(lambda: [e for e in d.events if e['type'] == 'cell-state' and
                          e['state'] == 'failed'], 'the event')
        event = [e for e in d.events if e['type'] == 'violation'][0]
        equal((event['cell'], event['kind'], event['address'], event['stopped']),
              ('bad', 'pio', 0x3f8, True))
        check('0x3f8' in event['message'])
        equal(d.cell_get('bad', 'Violations'), 1)
        equal(d.cell_get('bad', 'LastViolation')['address'], 0x3f8)
        equal(d.get(fixture.ROOT + '/health', 'Health', 'FailedCells'), [d.cell_path('bad')])
        equal(d.get(fixture.ROOT + '/health', 'Health', 'Status'), 'degraded')
        equal(d.cell('bad', 'GetStats')['violations']['pio'], 1)
        kept = d.manager('ReadEvents', '(a{sv})', options(cell=('s', 'bad')))
        equal([e['number'] for e in kept], [e['number'] for e in d.events])
        equal(len(d.manager('ReadEvents', '(a{sv})', options(maximum=('u', 1)))), 1)
        equal(d.manager('ReadEvents', '(a{sv})', {'from': GLib.Variant('t', 10**6)}), [])
        equal(d.manager('ReadEvents', '(a{sv})', options(cell=('s', 'other'))), [])
        check(b'here it comes' in bytes(d.cell('bad', 'ReadLog')))
        d.cell('bad', 'Start')
        d.wait_cell('bad', 'Violations', 2)


def health():
    """Health says what memory there is and what of it is used, counts lost events, and knows a core that has failed"""
    with Daemon() as d:
        path = fixture.ROOT + '/health'

        def get():
            return d.objects()[path]['org.bulkhead1.Health']

        def memory():
            h = get()
            return h['CoreMemory'], h['CoreMemoryUsed'], h['CellMemory']

        d.write_cell('small')
        # More at once than the core can keep, and none stops the cell.
        d.write_cell('noisy', '\n'.join(['crash pio 0x3f8'] * 600), more='[Policy]\nPorts=ignore')
        d.write_cell('fatal', 'print before it\ncore-fault 0xdead0000')
        d.reload()
        equal((get()['Status'], memory(), get()['EventsLost']), ('off', (0, 0, 0), 0))
        d.manager('Enable', '(a{sv})', options(memory=('t', 128 << 20)))
        equal(get()['Status'], 'good')
        core, used, cells = memory()
        check(0 < used < core < 128 << 20, core, used)
        check(64 << 20 < cells < 128 << 20, cells)
        d.cell('small', 'Create')
        check(used < memory()[1] < core, 'a cell uses memory of the core')
        d.cell('small', 'Destroy')
        equal(memory(), (core, used, cells))
        d.cell('noisy', 'Start')
        d.wait_cell('noisy', 'Violations', 600)
        lost = wait_for(lambda: get()['EventsLost'], 'lost events')
        equal(get()['Status'], 'degraded')
        wait_for(lambda: len([e for e in d.events if e['type'] == 'violation']) == 600 - lost, 'the other events')
        d.manager('Disable', '(a{sv})', options(force=('b', True)))
        d.manager('Enable')
        equal((get()['Status'], get()['EventsLost']), ('good', 0))
        d.cell('fatal', 'Start')
        wait_for(lambda: get()['Status'] == 'failed', 'the failure')
        equal(get()['CoreFaults'], 1)
        d.wait_cell('fatal', 'State', 'failed')
        event = wait_for(lambda: [e for e in d.events if e['type'] == 'core-fault'], 'the event')[0]
        check('0xdead0000' in event['message'] and event['cell'] == 'fatal', event)
        wait_for(lambda: b'core fault' in bytes(d.manager('ReadLog')), 'the log of the core')
        d.manager('Disable', '(a{sv})', options(force=('b', True)))
        equal((get()['Status'], memory()), ('off', (0, 0, 0)))


def process():
    """systemd hears when the daemon is ready, that its main loop goes round, and when it stops"""
    with Daemon(start=False) as d:
        notifications = Notifications(d.directory)
        d.environment = {'NOTIFY_SOCKET': notifications.path, 'WATCHDOG_USEC': '200000'}
        d.start()
        wait_for(lambda: 'READY=1' in notifications.read(), 'READY=1')
        wait_for(lambda: notifications.read().count('WATCHDOG=1') >= 3, 'the watchdog')
        check('STOPPING=1' not in notifications.read())
        d.stop()
        check('STOPPING=1' in notifications.read(), notifications.lines)
        notifications.close()
    with Daemon(start=False) as d:
        notifications = Notifications(d.directory)
        d.environment = {'NOTIFY_SOCKET': notifications.path}
        d.start()
        wait_for(lambda: 'READY=1' in notifications.read(), 'READY=1')
        d.stop()
        equal([line for line in notifications.read() if line.startswith('WATCHDOG')], [])
        notifications.close()


def by_itself():
    """a cell that shuts down unasked has done it by itself"""
    with Daemon() as d:
        d.write_cell('brief', 'print done\nstate shut-down')
        d.ready()
        d.cell('brief', 'Start')
        d.wait_cell('brief', 'State', 'shut-down')
        d.wait_cell('brief', 'StateReason', 'by-itself')


def failures():
    """a cell that has failed says why: the core's fault, its own word, or an access of which no event has come"""
    with Daemon() as d:
        d.manager('Enable')

        def end(script, state, reason, more=''):
            d.write_cell('c', script, more)
            d.reload()
            d.cell('c', 'Start')
            d.wait_cell('c', 'State', state)
            d.wait_cell('c', 'StateReason', reason)

        end('core-fault 0x1000', 'failed', 'core-fault')
        end('state failed', 'failed', 'gave-up')
        # More at once than the core can keep, and the last of them stops it.
        end('\n'.join(['crash pio 0x3f8'] * 600 + ['crash memory 0xdead0000']), 'failed', 'violation',
            more='[Policy]\nPorts=ignore')
        check(not any(e['type'] == 'violation' and e['stopped'] for e in d.events), 'no event was lost')
        end('state failed/comm-revision', 'failed-comm-revision', 'gave-up')
        # One that is asked, and does not answer.
        d.write_cell('c', 'ignore-shutdown\nbeat 50')
        d.reload()
        d.cell('c', 'Start')
        wait_for(lambda: b'heartbeat' in bytes(d.cell('c', 'ReadLog')), 'its script')
        d.cell('c', 'Stop')
        d.wait_cell('c', 'StateReason', 'no-answer')

        # What the daemon reads of it may be older than what it has heard.
        d.write_cell('c', 'ignore-shutdown\nbeat 50', patience='1ms')
        d.reload()
        for _ in range(25):
            d.cell('c', 'Start')
            d.cell('c', 'Stop')
            d.wait_cell('c', 'StateReason', 'no-answer')

        # Being asked ends with the life that was: what it says in the next one is its own word.
        d.write_cell('c', 'wait 2000\nstate failed')
        d.reload()
        d.cell('c', 'Start')
        d.cell('c', 'Restart')
        d.wait_cell('c', 'State', 'failed')
        d.wait_cell('c', 'StateReason', 'gave-up')

        # One that refuses, and gives up later: on a busy host perhaps before it is asked.
        def refuses(wait):
            d.write_cell('c', 'deny-shutdown\nprint ready %d\nwait %d\nstate failed' % (wait, wait))
            d.reload()
            d.cell('c', 'Start')
            wait_for(lambda: b'ready %d' % wait in bytes(d.cell('c', 'ReadLog')), 'its script')
            answer = d.call_later(d.cell_path('c'), 'Cell', 'Stop')
            wait_for(lambda: answer, 'the answer')
            return answer == ['Denied']

        check(any(refuses(wait) for wait in (200, 2000, 20000)), 'it never refused')
        d.wait_cell('c', 'State', 'failed')
        d.wait_cell('c', 'StateReason', 'gave-up')


def heartbeat():
    """beats are seen, missed, and seen again"""
    with Daemon() as d:
        d.write_cell('heart', 'beat 50\nwait 400\nbeat 0\nwait 1500\nbeat 50',
                     more='HeartbeatSec=500ms')
        d.write_cell('free', 'beat 0')
        d.ready()
        d.cell('heart', 'Start')
        d.cell('free', 'Start')
        equal(d.cell_get('free', 'Health'), 'unwatched')
        equal(d.cell_get('heart', 'HeartbeatTimeout'), 500000)
        d.wait_cell('heart', 'Health', 'good')
        check(d.cell_get('heart', 'LastHeartbeat') > 0)
        d.wait_cell('heart', 'Health', 'late')
        equal(d.get(fixture.ROOT + '/health', 'Health', 'FailedCells'), [d.cell_path('heart')])
        d.wait_cell('heart', 'Health', 'good')
        equal(d.get(fixture.ROOT + '/health', 'Health', 'FailedCells'), [])
        d.cell('heart', 'Shutdown', '(a{sv})', options(heartbeat=('b', True), force=('b', True)))
        equal(d.cell_get('heart', 'StateReason'), 'heartbeat')
        equal(d.cell_get('heart', 'Health'), 'none')


def console():
    """consoles are terminals; several may be open; what is kept can be read again"""
    with Daemon() as d:
        d.write_cell('talk', 'print first words\nbeat 20')
        d.ready()

        def open_console(**more):
            handle = d.cell('talk', 'OpenConsole', '(a{sv})', options(**more))
            fd = d.fds.get(handle)
            check(os.isatty(fd))
            os.set_blocking(fd, False)
            return fd

        def read(fd, text):
            got[fd] = got.get(fd, b'')
            try:
                got[fd] += os.read(fd, 4096)
            except BlockingIOError:
                pass
            return text in got[fd]

        got = {}
        early = open_console()
        d.cell('talk', 'Start')
        wait_for(lambda: read(early, b'first words\n'), 'the console')
        wait_for(lambda: read(early, b'heartbeat 3'), 'the console')
        late = open_console(from_start=('b', True))
        wait_for(lambda: read(late, b'first words\n'), 'what was kept')
        os.write(late, b'ignored')
        d.cell('talk', 'Restart')
        got.clear()
        wait_for(lambda: read(late, b'first words\n'), 'the console after a restart')
        log = bytes(d.cell('talk', 'ReadLog'))
        equal(log.count(b'first words\n'), 2)
        # The cell goes on talking meanwhile.
        tail = bytes(d.cell('talk', 'ReadLog', '(a{sv})', options(maximum=('u', 5))))
        equal(len(tail), 5)
        check(tail in bytes(d.cell('talk', 'ReadLog')), tail)
        os.close(early)
        os.close(late)
        fds = []
        for _ in range(16):
            wait_for(lambda: try_open(fds, open_console), 'a place')
        refused('Busy', open_console)
        for fd in fds:
            os.close(fd)
        d.cell('talk', 'Destroy')
        check(b'first words' in bytes(d.cell('talk', 'ReadLog')))


def follow():
    """who follows a console goes on where it was; too slow, or with a cell made anew, it is hung up on"""
    with Daemon() as d:
        d.write_cell('tick', '\n'.join(['print tick'] * 100) + '\nbeat 20')
        d.ready()

        def open_pipe(**more):
            handle, generation, position = d.cell('tick', 'FollowConsole', '(a{sv})',
                                                  {k: GLib.Variant('t', v) for k, v in more.items()})
            fd = d.fds.get(handle)
            os.set_blocking(fd, False)
            return fd, generation, position

        def read(fd, least):
            """At least so many bytes, or all to the end."""
            data = b''

            def some():
                nonlocal data
                try:
                    more = os.read(fd, 4096)
                    data += more
                    return not more or len(data) >= least
                except BlockingIOError:
                    return False
            wait_for(some, '%d bytes of the console' % least)
            return data

        early, _, _ = open_pipe()
        d.cell('tick', 'Start')
        # It was opened before there was a cell: that life has ended.
        equal(read(early, 1), b'')
        fd, generation, position = open_pipe(generation=0, position=0)
        equal(position, 0)
        text = read(fd, 500)
        check(text.startswith(b'tick\n' * 100), text)
        os.close(fd)
        again, same, position = open_pipe(generation=generation, position=7)
        equal((same, position), (generation, 7))
        check(read(again, 500).startswith(text[7:500]))
        check(d.cell('tick', 'GetStats')['console-bytes'] >= 500)
        # Beyond the end: with what comes next.
        later, _, position = open_pipe(generation=generation, position=1 << 50)
        check(500 <= position < 1 << 50, position)
        os.close(later)
        d.write_cell('tick', 'print tock\nbeat 20')
        d.cell('tick', 'Stop')
        d.cell('tick', 'Destroy')
        d.cell('tick', 'Start')
        read(again, 1 << 40)
        fd, other, position = open_pipe(generation=generation, position=3)
        check(other != generation)
        equal(position, 0)
        check(read(fd, 5).startswith(b'tock\n'))
        os.close(fd)
        os.close(again)
        os.close(early)


def slow_follower():
    """one who does not read is hung up on at a known place, and can go on from there"""
    with Daemon() as d:
        line = 'x' * 99
        d.write_cell('loud', '\n'.join((['print ' + line] * 100 + ['wait 1']) * 4))
        d.ready()
        d.cell('loud', 'Start')
        handle, generation, start = d.cell('loud', 'FollowConsole', '(a{sv})',
                                           {'generation': GLib.Variant('t', 0),
                                            'position': GLib.Variant('t', 0)})
        slow = d.fds.get(handle)
        total = 0
        for _ in range(8):
            total += 400 * 100
            wait_for(lambda: d.cell('loud', 'GetStats')['console-bytes'] == total, 'all of it')
            d.cell('loud', 'Restart')
        total += 400 * 100
        wait_for(lambda: d.cell('loud', 'GetStats')['console-bytes'] == total, 'all of it')
        text = b''

        def ended():
            nonlocal text
            try:
                more = os.read(slow, 65536)
            except BlockingIOError:
                return False
            text += more
            return not more
        wait_for(ended, 'the end of the pipe')
        equal(text, ((line + '\n').encode() * 3600)[start:start + len(text)])
        check(start + len(text) < total)
        handle, same, position = d.cell('loud', 'FollowConsole', '(a{sv})',
                                        {'generation': GLib.Variant('t', generation),
                                         'position': GLib.Variant('t', start + len(text))})
        equal(same, generation)
        check(total - 65536 <= position < total, position)
        rest = d.fds.get(handle)
        text = b''

        def complete():
            nonlocal text
            try:
                text += os.read(rest, 65536)
            except BlockingIOError:
                pass
            return len(text) >= total - position
        wait_for(complete, 'the rest')
        equal(text, ((line + '\n').encode() * 3600)[position:])
        os.close(slow)
        os.close(rest)


def try_open(fds, open_console):
    """The daemon hears of closed terminals in its own time."""
    try:
        fds.append(open_console())
        return True
    except GLib.Error:
        return False


def links():
    """links are objects: what files say of them, who is there, what they have done"""
    link_of = '[Link talk]\nPeers=b root\nSharedSize=8K\nOutputSize=4K\nProtocol=0x4001\nVectors=4\n'
    with Daemon() as d:
        path = fixture.ROOT + '/links/talk'

        def get(name):
            return d.get(path, 'Link', name)

        def describe(name, more):
            d.write_cell(name)
            with open(os.path.join(d.cells, name + '.cell'), 'a') as f:
                f.write(more)
            d.reload()

        describe('b', '')
        check(path not in d.objects())
        describe('a', link_of)
        link = d.objects()[path][fixture.NAME + '.Link']
        equal((link['Name'], link['Number'], link['Peers'], link['Present'], link['PeerStates']),
              ('talk', 0, ['a', 'b', 'root'], [], [0, 0, 0]))
        equal((link['Size'], link['SharedSize'], link['OutputSize'], link['Protocol']),
              (4096 + 8192 + 3 * 4096, 8192, 4096, '0x4001'))
        equal((link['State'], link['Health'], link['File']),
              ('down', 'good', os.path.join(d.cells, 'a.cell')))
        refused('WrongState', d.call, path, 'Link', 'GetStats')
        d.manager('Enable')
        d.cell('b', 'Start')
        equal((get('Present'), get('State')), (['b', 'root'], 'up'))
        d.cell('a', 'Start')
        equal(get('Present'), ['a', 'b', 'root'])
        stats = d.call(path, 'Link', 'GetStats')
        equal([(p['name'], p['present'], p['state'], p['rung'], p['received']) for p in stats['peers']],
              [(name, True, 0, 0, 0) for name in ('a', 'b', 'root')])
        check(stats['time'] > 0)
        check(not d.cell_get('a', 'Pending') and not d.cell_get('b', 'Pending'))
        # What runs is shown until it does not run any more; the others have to be made anew as well.
        describe('a', link_of.replace('8K', '16K'))
        check(d.cell_get('a', 'Pending') and d.cell_get('b', 'Pending'))
        equal(get('SharedSize'), 8192)
        message = refused('Machine', d.cell, 'a', 'Restart', '(a{sv})', options(force=('b', True)))
        check('link' in message, message)
        d.cell('b', 'Destroy')
        d.cell('a', 'Start')
        equal(get('SharedSize'), 16384)
        # A link of a file that has gone has its cells still.
        os.unlink(os.path.join(d.cells, 'a.cell'))
        d.reload()
        other = fixture.ROOT + '/links/number_2d0'
        check(path not in d.objects() and other in d.objects(), d.objects().keys())
        equal((d.get(other, 'Link', 'Name'), d.get(other, 'Link', 'File'), d.get(other, 'Link', 'Peers')),
              ('number-0', '', ['a', '', 'root']))
        d.cell('a', 'Destroy', '(a{sv})', options(force=('b', True)))
        check(other not in d.objects())


def link_counters():
    """doorbells and states of links are counted and shown"""
    with Daemon() as d:
        path = fixture.ROOT + '/links/x'
        d.write_cell('b', 'ring 0')
        d.write_cell('a', 'link-state 7\nring 1\nring 1\nring 1')
        with open(os.path.join(d.cells, 'a.cell'), 'a') as f:
            f.write('[Link x]\nPeers=b\n')
        d.ready()
        d.cell('b', 'Create')
        d.cell('a', 'Start')

        def peers():
            return d.call(path, 'Link', 'GetStats')['peers']
        wait_for(lambda: peers()[1]['received'] == 3, 'three doorbells')
        one, two = peers()
        equal((one['state'], one['rung'], one['received']), (7, 3, 0))
        equal((two['state'], two['rung']), (0, 0))
        check('age' in one and 'age' not in two)
        d.cell('b', 'Start')
        wait_for(lambda: peers()[0]['received'] == 1, 'the answer')
        equal(d.get(path, 'Link', 'PeerStates'), [7, 0])
        d.cell('a', 'Stop', '(a{sv})', options(force=('b', True)))
        equal((peers()[0]['state'], d.get(path, 'Link', 'PeerStates')), (0, [0, 0]))


def failed_link():
    """a link whose cell has failed is not well"""
    with Daemon() as d:
        d.write_cell('a', 'wait 50\ncrash memory 0xdead0000')
        with open(os.path.join(d.cells, 'a.cell'), 'a') as f:
            f.write('[Link x]\nPeers=root\n')
        d.ready()
        d.cell('a', 'Start')
        wait_for(lambda: d.get(fixture.ROOT + '/links/x', 'Link', 'Health') == 'failed', 'the end')


def images():
    """images of one's own are loaded by descriptor, and only proper ones"""
    with Daemon() as d:
        d.write_cell('own', 'print from the file')
        d.ready()

        def load(fd, more=NO, address=0):
            d.cell('own', 'LoadImage', '(hta{sv})', 0, address, more, fds=fd_list(fd))

        sealed = os.memfd_create('image', os.MFD_ALLOW_SEALING)
        os.write(sealed, b'#!bulkhead-simulated\nprint from memory\n')
        refused('InvalidArgument', load, sealed)
        import fcntl
        fcntl.fcntl(sealed, 1033, 0x2 | 0x8)  # F_ADD_SEALS: SHRINK, WRITE
        refused('WrongState', load, sealed)
        d.cell('own', 'Create')
        load(sealed)
        d.cell('own', 'Start', '(a{sv})', options(load=('b', False)))
        wait_for(lambda: b'from memory' in bytes(d.cell('own', 'ReadLog')), 'its words')
        refused('WrongState', load, sealed)
        d.cell('own', 'Stop')
        with tempfile.TemporaryFile() as file:
            refused('InvalidArgument', load, file.fileno())
            file.write(b'#!bulkhead-simulated\nprint from a file\n')
            file.flush()
            load(file.fileno())
            refused('InvalidArgument', load, file.fileno(), options(format=('s', 'zip')))
            refused('Machine', load, file.fileno(), NO, 1 << 40)
        reading, writing = os.pipe()
        refused('InvalidArgument', load, reading)
        path = os.open('/', os.O_PATH)
        refused('InvalidArgument', load, path)
        for fd in (reading, writing, path, sealed):
            os.close(fd)
        try:
            d.cell('own', 'LoadImage', '(hta{sv})', 5, 0, {})
            raise fixture.Failed('a handle without descriptor was accepted')
        except GLib.Error:
            pass


def elf_file(segment, address):
    """An ELF file with one segment."""
    head = struct.pack('<4s5B7x2HI3QI6H', b'\x7fELF', 2, 1, 1, 0, 0, 2, 62, 1, address, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return head + struct.pack('<2I6Q', 1, 7, 120, address, address, len(segment), len(segment) + 4096, 4096) + segment


def elf():
    """ELF images are loaded where they say, moved by the address given; what is none is refused"""
    with Daemon() as d:
        d.write_cell('own')
        d.ready()
        d.cell('own', 'Create')

        def load(data, address=0, **more):
            with tempfile.TemporaryFile() as file:
                file.write(data)
                file.flush()
                d.cell('own', 'LoadImage', '(hta{sv})', 0, address, options(**more), fds=fd_list(file.fileno()))

        good = elf_file(b'\xf4' * 100, 0x1000)
        load(good, format=('s', 'elf'))
        load(good, 0x2000, format=('s', 'elf'))
        equal(d.cell_get('own', 'State'), 'loadable')
        # The region has 512 KiB; as bytes the file has room before its end, as an ELF it has not.
        load(good, 0x7f000)
        message = refused('Machine', load, good, 0x7f000, format=('s', 'elf'))
        check('0x80' in message, message)
        for bad in (b'#!bulkhead-simulated\n', good[:60], good.replace(b'\x7fELF', b'\x7fELK')):
            refused('Machine', load, bad, format=('s', 'elf'))
        d.cell('own', 'Start', '(a{sv})', options(load=('b', False)))
        wait_for(lambda: b'a heartbeat stands for it' in bytes(d.cell('own', 'ReadLog')), 'its word')


def pending():
    """a file that changes under a cell is pending until the next start"""
    with Daemon() as d:
        d.write_cell('p')
        d.ready()
        d.cell('p', 'Start')
        equal(d.cell_get('p', 'Pending'), False)
        path = os.path.join(d.cells, 'p.cell')
        text = d.read_cell('p')
        with open(path, 'a') as f:
            f.write('# only a comment\n')
        d.reload()
        equal(d.cell_get('p', 'Pending'), False)
        with open(path, 'w') as f:
            f.write(text.replace('512K', '768K'))
        d.reload()
        equal(d.cell_get('p', 'Pending'), True)
        d.cell('p', 'Restart')
        equal(d.cell_get('p', 'Pending'), False)
        equal(d.cell_get('p', 'Memory')[0][3], 768 << 10)
        with open(path, 'w') as f:
            f.write(text.replace('512K', '768K').replace('[Memory ram]',
                                                         'CommandLine=new\n[Memory ram]'))
        d.reload()
        equal(d.cell_get('p', 'Pending'), True)
        d.cell('p', 'Restart')
        equal(d.cell_get('p', 'Pending'), False)
        os.unlink(path)
        d.reload()
        equal(d.cell_get('p', 'File'), '')
        equal(d.cell_get('p', 'State'), 'running')
        d.cell('p', 'Stop')
        refused('InvalidConfig', d.cell, 'p', 'Start')
        path = d.cell_path('p')
        d.call(path, 'Cell', 'Destroy')
        wait_for(lambda: path not in d.objects(), 'the end of the object')


def machine():
    """the machine is described, and saved for planning elsewhere"""
    with Daemon() as d:
        path = fixture.ROOT + '/machine'
        description = d.call(path, 'Machine', 'Describe')
        equal(len(description['cpus']), len(d.get(path, 'Machine', 'Cpus')))
        saved = d.call(path, 'Machine', 'Save')
        equal(set(json.loads(saved)) >= {'cpus', 'blocks'}, True)
        refused('NotSupported', d.call, path, 'Machine', 'Rediscover')
        with open(d.path('machine.json'), 'w') as f:
            f.write(json.dumps(dict(json.loads(saved), simulated=False)))
        with Daemon(bus=fixture.Bus(), arguments=['--simulate', d.path('machine.json')]) as other:
            equal(other.call(path, 'Machine', 'Save'), saved)
            check(other.call(path, 'Machine', 'Describe')['simulated'])
            check(any(c['name'] == 'simulated' for c in other.manager('CheckMachine')))
            equal(other.get(path, 'Machine', 'Source'), d.path('machine.json'))
            other.own_bus = True


def validate():
    """findings have their place, worst first; nothing is changed"""
    with Daemon() as d:
        d.write_cell('a', more='Id=3')
        d.reload()
        text = d.cell_text('a')
        findings, serial = d.manager('Validate', '(a{ss}a{sv})',
                                     {'b': text.replace('count:1', 'many'), 'c': '[Cell'}, {})
        equal(serial, d.get(fixture.MANAGER, 'Manager', 'Serial'))
        value = [f for f in findings if f['cell'] == 'b'][0]
        equal((value['severity'], value['code'], value['line'], value['key']),
              ('error', 'bad-value', 3, 'Cpus'))
        ranks = [('error', 'warning', 'note').index(f['severity']) for f in findings]
        equal(ranks, sorted(ranks))
        only, _ = d.manager('Validate', '(a{ss}a{sv})', {'b': 'x'}, options(cell=('s', 'b')))
        equal({f['cell'] for f in only}, {'b'})
        refused('NotFound', d.manager, 'Validate', '(a{ss}a{sv})', {}, options(cell=('s', 'zz')))
        refused('InvalidArgument', d.manager, 'Validate', '(a{ss}a{sv})', {'a/b': 'x'}, {})
        equal(os.listdir(d.cells), ['a.cell'])
        refused('InvalidArgument', d.import_file, b'not a cell file')
        check('bytes' in refused('InvalidArgument', d.import_file, bytes(2 << 20)))


def imported():
    """a Jailhouse cell becomes the text of a cell file, which is a good one"""
    cell = b'JHCELL' + struct.pack('<H', 13) + struct.pack('<32s11I', b'drive', 0, 0, 8, 2, *[0] * 7)
    cell += struct.pack('<QQQIHHIIQ', 0, 0, 0, 0, 0, 0, 0, 0, 0) + struct.pack('<Q', 1 << 2)
    cell += struct.pack('<4Q', 0x3f000000, 0, 0x100000, 0x4f)
    cell += struct.pack('<4Q', 0, 0x100000, 0x1000, 0x23)
    with Daemon() as d:
        text = d.import_file(cell)
        check(text.startswith('# From ') and 'revision 13' in text.splitlines()[0], text)
        d.manager('Apply', '(a{ss}tsa{sv})', {'drive': text}, 0, 'persistent', {})
        equal(d.cell_get('drive', 'Cpus'), [2])
        d.manager('Enable')
        d.cell('drive', 'Start')
        refused('InvalidArgument', d.import_file, cell[:-1])


def log():
    """the core's log can be read, or the end of it, also when the core has left"""
    with Daemon() as d:
        d.write_cell('bad', 'core-fault 0x1234000')
        d.ready()
        equal(d.manager('ReadLog'), [])
        d.cell('bad', 'Start')
        d.wait_cell('bad', 'State', 'failed')
        text = b'core fault: simulated, address 0000000001234000, CPU %d of cell %d "bad"\n' % (
            d.cell_get('bad', 'Cpus')[0], d.cell_get('bad', 'Id'))
        wait_for(lambda: text in bytes(d.manager('ReadLog')), 'the log, not %r' % bytes(d.manager('ReadLog')))
        equal(bytes(d.manager('ReadLog', '(a{sv})', options(maximum=('u', 6)))), text[-6:])
        d.manager('Disable', '(a{sv})', options(force=('b', True)))
        check(text in bytes(d.manager('ReadLog')))


fixture.run([surface, files, life, refusal, crash, by_itself, failures, health, process, heartbeat, console, follow,
             slow_follower, links, link_counters, failed_link, images, elf, pending,
             machine, validate, imported, log])
