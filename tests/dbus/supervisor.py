# SPDX-License-Identifier: GPL-2.0-or-later
"""The main process of a cell's unit, with a socket of our own in place of systemd's."""

import os
import signal
import sys

from gi.repository import Gio, GLib

import fixture
from fixture import Daemon, Notifications, check, equal, wait_for


class Unit:
    """A supervisor as systemd would run it."""

    def __init__(self, daemon, cell, *arguments, watchdog=0, result=None):
        self.notifications = Notifications(os.path.join(daemon.directory))
        environment = dict(os.environ, NOTIFY_SOCKET=self.notifications.path,
                           G_DEBUG='fatal-criticals')
        if watchdog:
            environment['WATCHDOG_USEC'] = str(watchdog)
        if result:
            environment['SERVICE_RESULT'] = result
        # Appended to: the program's place in the file is ours as well, and reading moves it.
        self.out = open(daemon.path('out'), 'a+b')
        self.out.truncate(0)
        self.process = fixture.spawn(
            [os.environ['SUPERVISOR'], '--address=' + daemon.bus.address, *arguments, cell],
            env=environment, stdout=self.out, stderr=self.out)

    def said(self, line):
        return line in self.notifications.read()

    def wait_said(self, line):
        return wait_for(lambda: self.said(line),
                        '%r among %r' % (line, self.notifications.read()))

    def output(self):
        self.out.seek(0)
        return self.out.read()

    def ended(self):
        return wait_for(lambda: self.process.poll() is not None, 'its end') and \
            self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for line in self.output().splitlines() if _[0] else ():
            print('# supervisor:', line)
        self.out.close()
        self.notifications.close()
        os.unlink(self.notifications.path)


def prepared(script, more=''):
    d = Daemon()
    d.write_cell('c', script, more)
    d.ready()
    return d


def life():
    """starts the cell, is ready when it runs, copies its console, stops it when told to"""
    with prepared('print good morning\nbeat 30') as d, Unit(d, 'c') as u:
        u.wait_said('READY=1')
        equal(d.cell_get('c', 'State'), 'running')
        wait_for(lambda: b'good morning\n' in u.output() and b'heartbeat 2' in u.output(),
                 'the console')
        check(u.said('STATUS=running, heartbeat unwatched'))
        u.process.send_signal(signal.SIGTERM)
        equal(u.ended(), 0)
        check(u.said('STOPPING=1'))
        equal((d.cell_get('c', 'State'), d.cell_get('c', 'StateReason')), ('loadable', 'requested'))


def plain():
    """colours and control characters of a console do not reach the journal; the rest does"""
    with prepared('print \033[1;32mgr\u00fcn\033[0m\a\033]0;title\a\nbeat 30') as d, Unit(d, 'c') as u:
        wait_for(lambda: b'heartbeat 2\n' in u.output(), 'the console')
        check('gr\u00fcn\n'.encode() in u.output(), u.output())
        equal([c for c in u.output() if c < 32 and c != 10], [])
        check(b'\033[1;32m' in bytes(d.cell('c', 'ReadLog')))


def refusing():
    """a cell that denies is asked for as long as its file says, then stopped by force"""
    with prepared('deny-shutdown\nprint no\nbeat 30') as d, Unit(d, 'c') as u:
        u.wait_said('READY=1')
        wait_for(lambda: b'no\n' in u.output(), 'its script')
        u.process.send_signal(signal.SIGTERM)
        equal(u.ended(), 0)
        check(not d.cell_get('c', 'State').startswith('running'))


def crash():
    """a crash ends it with a failure and the reason"""
    with prepared('wait 100\ncrash memory 0xdead0000') as d, Unit(d, 'c') as u:
        u.wait_said('READY=1')
        equal(u.ended(), 1)
        check(b'0xdead0000' in u.output(), u.output())
        check(any('0xdead0000' in line for line in u.notifications.read()))


def by_itself():
    """a cell that shuts down by itself is no failure; its last words are not lost"""
    with prepared('wait 100\nprint last words\nstate shut-down') as d, Unit(d, 'c') as u:
        u.wait_said('READY=1')
        equal(u.ended(), 0)
        check(b'last words\n' in u.output(), u.output())


def invalid():
    """a wrong file, and a cell that is not there, are configuration errors"""
    with prepared('beat 30', more='Nonsense=1') as d:
        with Unit(d, 'c') as u:
            equal(u.ended(), 78)
            check(b'Nonsense' in u.output(), u.output())
            check(not u.said('READY=1'))
        with Unit(d, 'nobody') as u:
            equal(u.ended(), 78)


def disabled():
    """without the hypervisor it fails, and may be tried again"""
    with prepared('beat 30') as d:
        d.manager('Disable')
        with Unit(d, 'c') as u:
            equal(u.ended(), 1)
            check(b'enable' in u.output(), u.output())


def attaches():
    """one that comes after a killed one attaches; the cell is not disturbed"""
    with prepared('print only once\nbeat 30') as d:
        with Unit(d, 'c') as u:
            u.wait_said('READY=1')
        equal(d.cell_get('c', 'State'), 'running')
        with Unit(d, 'c') as u:
            u.wait_said('READY=1')
            wait_for(lambda: b'was running already' in u.output(), 'its word')
            wait_for(lambda: b'heartbeat' in u.output(), 'the console')
        equal(bytes(d.cell('c', 'ReadLog')).count(b'only once'), 1)


def restarts():
    """a restart somebody asks for is no end; destruction is, and the unit is not to bring it back"""
    with prepared('print hello\nbeat 30') as d, Unit(d, 'c') as u:
        u.wait_said('READY=1')
        for _ in range(5):
            d.cell('c', 'Restart')
        wait_for(lambda: u.output().count(b'hello\n') == 6, 'six greetings')
        equal(u.process.poll(), None)
        d.cell('c', 'Destroy')
        equal(u.ended(), 79)


def watchdog():
    """the watchdog is fed while the heart beats, and rung when it stops; then the cell is killed"""
    with prepared('beat 20\nwait 1000\nbeat 0', more='HeartbeatSec=300ms') as d, \
            Unit(d, 'c', watchdog=200000) as u:
        u.wait_said('READY=1')
        u.wait_said('WATCHDOG=1')
        check(not u.said('WATCHDOG=trigger'))
        u.wait_said('WATCHDOG=trigger')
        fed = u.notifications.read().count('WATCHDOG=1')
        u.process.send_signal(signal.SIGTERM)
        equal(u.ended(), 1)
        equal(u.notifications.read().count('WATCHDOG=1'), fed)
        equal(d.cell_get('c', 'StateReason'), 'heartbeat')
        check(not d.cell_get('c', 'State').startswith('running'))


def without_daemon():
    """it lives on and feeds the watchdog while the daemon is away, and stops the cell when it is back"""
    with prepared('beat 30', more='HeartbeatSec=5') as d, Unit(d, 'c', watchdog=100000) as u:
        u.wait_said('READY=1')
        d.kill()
        u.wait_said('STATUS=Running; waiting for the daemon')
        count = u.notifications.read().count('WATCHDOG=1')
        wait_for(lambda: u.notifications.read().count('WATCHDOG=1') > count + 3, 'the watchdog')
        equal(u.process.poll(), None)
        u.process.send_signal(signal.SIGTERM)
        u.wait_said('STOPPING=1')
        equal(u.process.poll(), None)
        d.start()
        equal(u.ended(), 0)


def clean_up():
    """what systemd had to kill leaves no cell running; what somebody killed does"""
    with prepared('beat 30') as d:
        d.cell('c', 'Start')
        for result in ('success', 'exit-code', 'signal'):
            with Unit(d, 'c', '--clean-up', result=result) as u:
                equal(u.ended(), 0)
            equal(d.cell_get('c', 'State'), 'running')
        with Unit(d, 'c', '--clean-up', result='watchdog') as u:
            equal(u.ended(), 0)
        equal(d.cell_get('c', 'StateReason'), 'heartbeat')
        d.cell('c', 'Start')
        with Unit(d, 'c', '--clean-up', result='timeout') as u:
            equal(u.ended(), 0)
        check(not d.cell_get('c', 'State').startswith('running'))


class StandIn:
    """As much of a daemon as a supervisor sees of it; its cell outlives it, as a real one does."""

    PATH = fixture.ROOT + '/cells/c'
    PROPERTIES = {'State': ('s', 'running'), 'StateReason': ('s', 'requested'), 'Busy': ('s', ''),
                  'Health': ('s', 'good'), 'StopTimeout': ('u', 1)}

    def __init__(self, bus, text):
        self.bus, self.text, self.connection = bus, text, None
        self.generation, self.gone = 1, 0

    def begin(self, running):
        """Takes the name. running: whether the cell has been started already."""
        self.running = running
        self.connection = self.bus.connect()
        for name, path in (('Manager', fixture.MANAGER), ('Cell', self.PATH)):
            with open(os.path.join(INTERFACES, 'org.bulkhead1.%s.xml' % name)) as f:
                self.info = Gio.DBusNodeInfo.new_for_xml(f.read()).interfaces[0]
            self.connection.register_object(path, self.info, self.on_call, self.on_get, None)
        self.connection.call_sync('org.freedesktop.DBus', '/', 'org.freedesktop.DBus',
                                  'RequestName', GLib.Variant('(su)', (fixture.NAME, 0)), None, 0,
                                  -1, None)

    def end(self):
        os.close(self.writer)
        self.connection.close_sync(None)

    def on_get(self, connection, sender, path, interface, name):
        if name in self.PROPERTIES:
            return GLib.Variant(*self.PROPERTIES[name])
        signature = self.info.lookup_property(name).signature
        return GLib.Variant(signature, {'s': '', 'u': 0, 't': 0, 'b': False,
                                        'a{sv}': {}}.get(signature, []))

    def on_call(self, connection, sender, path, interface, method, arguments, invocation):
        if method == 'GetCell':
            invocation.return_value(GLib.Variant('(o)', (self.PATH,)))
        elif method == 'Launch':
            invocation.return_value(GLib.Variant('(b)', (self.running,)))
        elif method == 'FollowConsole':
            asked = arguments.unpack()[0]
            at = asked.get('position', len(self.text))
            if asked.get('generation', self.generation) != self.generation:
                at = 0
            at = max(at, self.gone)
            reader, self.writer = os.pipe()
            os.write(self.writer, self.text[at:])
            fds = Gio.UnixFDList()
            fds.append(reader)
            os.close(reader)
            invocation.return_value_with_unix_fd_list(
                GLib.Variant('(htt)', (0, self.generation, at)), fds)

    def say(self, text):
        self.text += text
        os.write(self.writer, text)

    def hang_up(self):
        os.close(self.writer)
        self.writer = os.open('/dev/null', os.O_WRONLY)


def said(unit):
    """What the cell said, without the words of the supervisor."""
    return b''.join(l for l in unit.output().splitlines(True) if b'supervisor' not in l)


def catches_up():
    """what the cell says while the daemon is away is in the journal, once and in order"""
    bus = fixture.Bus()
    with Daemon(bus=bus, start=False) as d:
        daemon = StandIn(bus, b'of an earlier life\n')
        daemon.begin(False)
        with Unit(d, 'c') as u:
            u.wait_said('READY=1')
            expected = b''
            for number in range(100):
                daemon.say(b'line %d\n' % number)
                expected += b'line %d\n' % number
            wait_for(lambda: b'line 99\n' in u.output(), 'the console')
            for life in range(3):
                daemon.end()
                u.wait_said('STATUS=Running; waiting for the daemon')
                u.notifications.lines.clear()
                missed = b''.join(b'missed %d.%d\n' % (life, n) for n in range(50))
                daemon.text += missed
                expected += missed
                daemon.begin(True)
                wait_for(lambda: b'missed %d.49\n' % life in u.output(), 'what was missed')
                daemon.say(b'and on\n')
                expected += b'and on\n'
                wait_for(lambda: u.output().endswith(b'and on\n'), 'the console')
            equal(said(u), expected)
        daemon.end()
    bus.end()


def same_again():
    """a cell whose lines are all alike loses none of them over ends of the daemon, and none is there twice"""
    bus = fixture.Bus()
    with Daemon(bus=bus, start=False) as d:
        daemon = StandIn(bus, b'tick\n' * 300)
        daemon.begin(False)
        with Unit(d, 'c') as u:
            u.wait_said('READY=1')
            daemon.say(b'tick\n' * 200)
            wait_for(lambda: said(u).count(b'tick\n') == 200, 'the console')
            for _ in range(3):
                daemon.end()
                u.wait_said('STATUS=Running; waiting for the daemon')
                u.notifications.lines.clear()
                daemon.text += b'tick\n' * 150
                daemon.begin(True)
                u.wait_said('READY=1')
                daemon.say(b'tick\n' * 50)
                u.notifications.lines.clear()
            wait_for(lambda: said(u).count(b'tick\n') >= 800, 'all lines')
            equal(said(u), b'tick\n' * 800)
            # Hung up on, as it is when it is too slow: it goes on where it was, or says what is missing.
            daemon.hang_up()
            daemon.text += b'tick\n' * 10
            wait_for(lambda: said(u).count(b'tick\n') == 810, 'the rest')
            equal(said(u), b'tick\n' * 810)
            daemon.hang_up()
            daemon.text += b'tick\n' * 10
            daemon.gone = len(daemon.text) - 15
            wait_for(lambda: b'[35 bytes are missing here]\n' + b'tick\n' * 3 in u.output(), 'a word of it')
            # Made anew: all of its new life.
            daemon.generation, daemon.gone, daemon.text = 2, 0, b'tock\n'
            daemon.hang_up()
            wait_for(lambda: u.output().endswith(b'tick\ntock\n'), 'the new life')
        daemon.end()
    bus.end()


INTERFACES = sys.argv[1]
fixture.run([life, plain, refusing, crash, by_itself, invalid, disabled, attaches, restarts, watchdog,
             without_daemon, clean_up, catches_up, same_again])
