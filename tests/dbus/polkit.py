# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may do what: the bus policy that is installed, and a mocked polkit behind a daemon on its system bus."""

import os
import pty
import re
import subprocess
import sys
import time

from gi.repository import Gio, GLib

import fixture
from fixture import MANAGER, NAME, PATIENCE, Bus, Daemon, check, equal, needs, options, plain, wait_for

SOMEBODY = 65534
POLKIT = 'org.freedesktop.PolicyKit1'
MOCK = 'org.freedesktop.DBus.Mock'
BUS_POLICY, INTERFACES = sys.argv[1:3]
REST_SECONDS = 10


class Polkit:
    """dbusmock's polkitd on our bus."""

    def __init__(self, bus):
        self.connection = bus.connect()
        environment = dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=bus.address)
        self.process = fixture.spawn(
            ['/usr/bin/python3', '-m', 'dbusmock', '--system', '--template', 'polkitd'],
            env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: self.connection.call_sync(
            'org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'NameHasOwner',
            GLib.Variant('(s)', (POLKIT,)), None, 0, -1, None).unpack()[0], 'polkit')

    def call(self, method, signature, *arguments):
        return self.connection.call_sync(
            POLKIT, '/org/freedesktop/PolicyKit1/Authority', MOCK, method,
            GLib.Variant(signature, arguments), None, 0, -1, None)

    def allow(self, *actions):
        self.call('SetAllowed', '(as)', ['org.bulkhead1.' + a for a in actions])

    def asked(self):
        """(action, details, flags) of each question."""
        calls = self.call('GetMethodCalls', '(s)', 'CheckAuthorization').unpack()[0]
        return [(a[1], a[2], a[3]) for _, a in calls]

    def end(self):
        self.process.terminate()
        self.process.wait()


class Somebody:
    """A connection of an unprivileged user."""

    def __init__(self, bus):
        if os.geteuid() == 0:
            os.seteuid(SOMEBODY)
        try:
            self.connection = bus.connect()
        finally:
            if os.getuid() == 0:
                os.seteuid(0)

    def call(self, path, interface, method, signature, *arguments, flags=0):
        return self.connection.call_sync(NAME, path, interface, method,
                                         GLib.Variant(signature, arguments) if signature else None,
                                         None, flags, PATIENCE * 1000, None).unpack()


class System:
    """The daemon as on a system bus, with the policy that is installed. There is no /dev/bulkhead: no machine, or a simulated one."""

    def __init__(self, simulated=False):
        self.program = os.environ['TEST_DAEMON'] if simulated else None

    def __enter__(self):
        self.bus = Bus('<include>%s</include>' % BUS_POLICY)
        self.polkit = Polkit(self.bus)
        self.daemon = Daemon(bus=self.bus, arguments=[], system=True, program=self.program)
        self.somebody = Somebody(self.bus)
        return self

    def __exit__(self, *what):
        self.somebody.connection.close_sync(None)
        self.daemon.__exit__(*what)
        self.polkit.end()
        self.bus.end()


needs_root = needs(os.getuid() == 0 and not os.path.exists('/dev/bulkhead'),
                   'needs root, and a machine without Bulkhead')


def error_of(function, *arguments, **more):
    try:
        function(*arguments, **more)
    except GLib.Error as e:
        return Gio.DBusError.get_remote_error(e)
    return None


def methods():
    """(interface, method, signatures, action) of all methods, as documented."""
    for interface, comment, element in fixture.interface_members(INTERFACES):
        if element.tag == 'method':
            yield (interface, element.get('name'),
                   [a.get('type') for a in element.findall('arg') if a.get('direction') == 'in'],
                   re.search(r'the action org\.bulkhead1\.([a-z-]*[a-z])', comment).group(1))


@needs_root
def each():
    """each method asks for its action, is refused without it, whatever else is allowed, and let through with it; root is not asked"""
    with System(simulated=True) as s:
        d = s.daemon
        d.write_cell('a')
        with open(os.path.join(d.cells, 'a.cell'), 'a') as f:
            f.write('[Link talk]\nPeers=root\n')
        d.reload()
        # A job that waits as long as this takes; it is the worker that all work waits for.
        d.manager('Enable')
        cell = d.cell_path('a')
        d.hold()
        d.call_later(cell, 'Cell', 'Create')
        paths = {'Cell': cell, 'Link': fixture.ROOT + '/links/talk', 'Manager': MANAGER,
                 'Machine': fixture.ROOT + '/machine', 'Job': d.wait_job('create', cell)}
        # To learn the objects nobody needs anything.
        s.somebody.call(fixture.ROOT, 'org.freedesktop.DBus.ObjectManager', 'GetManagedObjects', None)
        every = sorted({action for _, _, _, action in methods()})
        equal(len(every), 7)
        expected, count = [], 0

        def call(interface, method, signatures):
            details = {'method': method}
            if interface.endswith('.Cell'):
                details['cell'] = 'a'
            expected.append((NAME + '.' + action, details, 0))
            return error_of(s.somebody.call, paths[interface.rpartition('.')[2]], interface, method,
                            '(' + ''.join(signatures) + ')', *map(plain, signatures))

        for interface, method, signatures, action in methods():
            for others in ([], [a for a in every if a != action]):
                s.polkit.allow(*others)
                equal(call(interface, method, signatures), NAME + '.Error.NotAuthorized', method)
            count += 1
        equal(s.polkit.asked(), expected)
        check(count > 30, count)
        equal(d.cell_get('a', 'State'), 'defined')
        # What is allowed is answered: well, or by the method itself.
        d.release()
        d.wait_cell('a', 'State', 'shut-down')
        for interface, method, signatures, action in methods():
            if interface.endswith('.Job'):
                continue
            s.polkit.allow(action)
            error = call(interface, method, signatures) or ''
            check('NotAuthorized' not in error and not error.startswith('org.freedesktop'), interface, method, error)
        equal(s.polkit.asked(), expected)
        d.cell('a', 'ReadLog')
        equal(len(s.polkit.asked()), len(expected))


@needs_root
def jobs():
    """who asked for work may cancel it; others need what they would need to ask for it"""
    with System(simulated=True) as s:
        d = s.daemon
        text = d.write_cell('a')
        d.reload()
        refused = NAME + '.Error.NotAuthorized'

        def cancel(job):
            return error_of(s.somebody.call, job, NAME + '.Job', 'Cancel', '(a{sv})', {})

        def others(job, answer, action):
            """Of root's: refused with any other action, cancelled with this one."""
            equal(d.get(job, 'Job', 'Requester'), 0)
            s.polkit.allow(*({'enable', 'control-cells', 'edit-config'} - {action}))
            equal(cancel(job), refused, action)
            equal(s.polkit.asked()[-1][0], NAME + '.' + action)
            s.polkit.allow(action)
            equal(cancel(job), None, action)
            d.release()
            wait_for(lambda: answer, 'the answer')
            equal(answer, ['Cancelled'])

        d.hold()
        answer = d.call_later(MANAGER, 'Manager', 'Enable')
        others(d.wait_job('enable', MANAGER), answer, 'enable')
        d.manager('Enable')
        d.hold()
        answer = d.call_later(d.cell_path('a'), 'Cell', 'Start')
        others(d.wait_job('start', d.cell_path('a')), answer, 'control-cells')
        d.cell('a', 'Create')
        d.hold()
        answer = d.call_later(MANAGER, 'Manager', 'Apply', '(a{ss}tsa{sv})',
                              {'a': text + '# new\n', 'b': text}, 0, 'persistent', options(restart=('b', True)))
        # The cell that is there is made anew in any case by then, the job itself is told before the one that is not.
        d.wait_job('load', d.cell_path('a'))
        others(d.wait_job('apply', MANAGER), answer, 'edit-config')
        # One's own.
        s.polkit.allow('control-cells')
        d.hold()
        answers = []
        s.somebody.connection.call(
            NAME, d.cell_path('a'), NAME + '.Cell', 'Start', GLib.Variant('(a{sv})', ({},)), None, 0, -1, None,
            lambda c, r: answers.append(error_of(c.call_finish, r)))
        job = d.wait_job('start', d.cell_path('a'))
        equal(d.get(job, 'Job', 'Requester'), SOMEBODY)
        s.polkit.allow()
        before = len(s.polkit.asked())
        equal(cancel(job), None)
        equal(len(s.polkit.asked()), before)
        d.release()
        wait_for(lambda: answers, 'the answer')
        equal(answers, [NAME + '.Error.Cancelled'])


@needs_root
def too_late():
    """work that comes to its end while polkit thinks is over: it cannot be cancelled"""
    with System(simulated=True) as s:
        d = s.daemon
        d.hold()
        enable = d.call_later(MANAGER, 'Manager', 'Enable')
        job = d.wait_job('enable', MANAGER)
        s.polkit.allow('enable')
        s.polkit.call('SimulateHangActions', '(as)', ['org.bulkhead1.enable'])
        answers = []
        s.somebody.connection.call(
            NAME, job, NAME + '.Job', 'Cancel', GLib.Variant('(a{sv})', ({},)), None, 0, -1, None,
            lambda c, r: answers.append(error_of(c.call_finish, r)))
        wait_for(lambda: s.polkit.asked(), 'the question')
        d.release()
        wait_for(lambda: enable, 'the end of it')
        equal((enable, answers), ([''], []))
        s.polkit.call('ReleaseHangingCalls', '()')
        wait_for(lambda: answers, 'the answer')
        equal(answers, [NAME + '.Error.WrongState'])


@needs_root
def allowed():
    """what polkit allows is done; nothing else is"""
    with System() as s:
        s.daemon.write_cell('a')
        s.daemon.reload()
        s.polkit.allow('inspect', 'edit-config')
        path, = s.somebody.call(fixture.MANAGER, NAME + '.Manager', 'GetCell', '(sa{sv})', 'a', {})
        text, serial = s.somebody.call(path, NAME + '.Cell', 'ReadFile', '(a{sv})', {})
        s.somebody.call(fixture.MANAGER, NAME + '.Manager', 'Apply', '(a{ss}tsa{sv})',
                        {'a': text + '# by somebody\n'}, serial, 'persistent', {})
        check(s.daemon.read_cell('a').endswith('# by somebody\n'))
        equal(error_of(s.somebody.call, path, NAME + '.Cell', 'Start', '(a{sv})', {}),
              NAME + '.Error.NotAuthorized')


@needs_root
def interaction():
    """polkit may ask the person only if the message says so"""
    with System() as s:
        for flags in (Gio.DBusCallFlags.NONE, Gio.DBusCallFlags.ALLOW_INTERACTIVE_AUTHORIZATION):
            error_of(s.somebody.call, fixture.MANAGER, NAME + '.Manager', 'Enable', '(a{sv})', {},
                     flags=flags)
        equal([question[2] for question in s.polkit.asked()], [0, 1])


@needs_root
def responsive():
    """a polkit that does not answer holds nobody else up"""
    with System() as s:
        s.daemon.write_cell('a')
        s.daemon.reload()
        s.polkit.call('SimulateHangActions', '(as)', ['org.bulkhead1.control-cells'])
        answers = []
        s.somebody.connection.call(
            NAME, s.daemon.cell_path('a'), NAME + '.Cell', 'Start',
            GLib.Variant('(a{sv})', ({},)), None, 0, -1, None, lambda c, r: answers.append(r))
        wait_for(lambda: s.polkit.asked(), 'the question')
        equal(s.daemon.cell_get('a', 'State'), 'defined')
        s.daemon.manager('CheckMachine')
        equal(answers, [])


@needs_root
def absent():
    """without polkit everybody but root is refused"""
    bus = Bus('<include>%s</include>' % BUS_POLICY)
    with Daemon(bus=bus, arguments=[], system=True) as d:
        somebody = Somebody(bus)
        equal(error_of(somebody.call, fixture.MANAGER, NAME + '.Manager', 'Enable', '(a{sv})', {}),
              NAME + '.Error.NotAuthorized')
        somebody.connection.close_sync(None)
        equal(d.get(fixture.MANAGER, 'Manager', 'State'), 'absent')
        equal(error_of(d.manager, 'Enable'), NAME + '.Error.Machine')
        check(any(c['name'] == 'module' and c['result'] == 'missing'
                  for c in d.manager('CheckMachine')))
    bus.end()


@needs_root
def bus_policy():
    """only root owns the name, and only our interfaces and the usual ones are let through"""
    with System() as s:
        equal(error_of(s.somebody.call, fixture.MANAGER, 'com.example.Other', 'Method', '()'),
              'org.freedesktop.DBus.Error.AccessDenied')
        s.somebody.call(fixture.MANAGER, 'org.freedesktop.DBus.Introspectable', 'Introspect', None)
        s.somebody.call(fixture.MANAGER, 'org.freedesktop.DBus.Peer', 'Ping', None)
        s.somebody.call(fixture.MANAGER, 'org.freedesktop.DBus.Properties', 'GetAll', '(s)',
                        NAME + '.Manager')
        s.daemon.stop()
        request = GLib.Variant('(su)', (NAME, 0))
        equal(error_of(s.somebody.connection.call_sync, 'org.freedesktop.DBus', '/',
                       'org.freedesktop.DBus', 'RequestName', request, None, 0, -1, None),
              'org.freedesktop.DBus.Error.AccessDenied')


@needs_root
def own_user():
    """on a private bus only the daemon's own user is served"""
    with Daemon() as d:
        somebody = Somebody(d.bus)
        equal(error_of(somebody.call, fixture.MANAGER, NAME + '.Manager', 'Enable', '(a{sv})', {}),
              NAME + '.Error.NotAuthorized')
        somebody.connection.close_sync(None)


class Authority:
    """As much of polkitd as an agent sees of it: it lets a person be asked, and then decides by itself."""

    XML = """<node><interface name='org.freedesktop.PolicyKit1.Authority'>
      <property name='BackendName' type='s' access='read'/>
      <property name='BackendVersion' type='s' access='read'/>
      <property name='BackendFeatures' type='u' access='read'/>
      <method name='CheckAuthorization'><arg type='(sa{sv})' direction='in'/><arg type='s' direction='in'/>
        <arg type='a{ss}' direction='in'/><arg type='u' direction='in'/><arg type='s' direction='in'/>
        <arg type='(bba{ss})' direction='out'/></method>
      <method name='RegisterAuthenticationAgent'><arg type='(sa{sv})' direction='in'/>
        <arg type='s' direction='in'/><arg type='s' direction='in'/></method>
      <method name='RegisterAuthenticationAgentWithOptions'><arg type='(sa{sv})' direction='in'/>
        <arg type='s' direction='in'/><arg type='s' direction='in'/><arg type='a{sv}' direction='in'/></method>
      <method name='UnregisterAuthenticationAgent'><arg type='(sa{sv})' direction='in'/>
        <arg type='s' direction='in'/></method>
    </interface></node>"""
    PATH = '/org/freedesktop/PolicyKit1/Authority'

    def __init__(self, bus):
        self.connection = bus.connect()
        self.agent, self.asked, self.verdict = None, [], False
        info = Gio.DBusNodeInfo.new_for_xml(self.XML).interfaces[0]
        self.connection.register_object(self.PATH, info, self.on_call, self.on_get, None)
        self.connection.call_sync('org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'RequestName',
                                  GLib.Variant('(su)', (POLKIT, 0)), None, 0, -1, None)

    def on_get(self, connection, sender, path, interface, name):
        return GLib.Variant('u', 0) if name == 'BackendFeatures' else GLib.Variant('s', 'test')

    def on_call(self, connection, sender, path, interface, method, arguments, invocation):
        if method.startswith('Register'):
            self.agent = (sender, arguments.unpack()[2])
            invocation.return_value(None)
        elif method.startswith('Unregister'):
            self.agent = None
            invocation.return_value(None)
        else:
            _, action, _, flags, _ = arguments.unpack()
            self.ask(action, flags, lambda: invocation.return_value(
                GLib.Variant('((bba{ss}))', ((self.verdict, False, {}),))))

    def ask(self, action, flags, answer):
        if not self.agent or not flags & 1:
            answer()
            return
        name, path = self.agent
        self.asked.append(action)
        question = GLib.Variant('(sssa{ss}sa(sa{sv}))', (
            action, 'The message of the action', '', {}, 'cookie',
            [('unix-user', {'uid': GLib.Variant('u', 0)})]))
        self.connection.call(name, path, 'org.freedesktop.PolicyKit1.AuthenticationAgent',
                             'BeginAuthentication', question, None, 0, PATIENCE * 1000, None,
                             lambda *_: answer())

    def end(self):
        self.connection.close_sync(None)


def on_terminal(bus, *arguments):
    """The command on a terminal of an unprivileged user's: its process and the terminal."""
    pid, master = pty.fork()
    if pid == 0:
        os.setgid(SOMEBODY)
        os.setuid(SOMEBODY)
        os.environ.update(DBUS_SYSTEM_BUS_ADDRESS=bus.address, LC_ALL='C.UTF-8', PAGER='cat')
        try:
            os.execv(os.environ['BULKHEAD'], ['bulkhead', *arguments])
        finally:
            os._exit(126)
    os.set_blocking(master, False)
    return pid, master


@needs_root
def agent():
    """on a terminal the command asks for the password itself; without that, or with the wrong one, it is refused"""
    bus = Bus('<include>%s</include>' % BUS_POLICY)
    authority = Authority(bus)
    with Daemon(bus=bus, arguments=[], system=True):
        def run(*arguments):
            pid, master = on_terminal(bus, *arguments)
            text, status, answered = b'', None, False

            def ended():
                nonlocal text, status, answered
                try:
                    text += os.read(master, 65536)
                except (BlockingIOError, OSError):
                    pass
                if text.endswith(b'assword: ') and not answered:
                    os.write(master, b'not the password\n')
                    answered = True
                done, code = os.waitpid(pid, os.WNOHANG)
                status = os.waitstatus_to_exitcode(code) if done else None
                return bool(done)
            wait_for(ended, 'the end of ' + ' '.join(arguments))
            os.close(master)
            return status, text.decode()

        status, text = run('--no-ask-password', 'events')
        if status == 126:
            return 'others may not run what has been built here'
        equal((status, authority.asked), (77, []))
        status, text = run('events')
        equal((status, authority.asked), (77, [NAME + '.inspect']), text)
        check('AUTHENTICATING FOR' in text and 'The message of the action' in text, text)
        authority.verdict = True
        status, text = run('events')
        equal((status, authority.asked), (0, 2 * [NAME + '.inspect']), text)
        wait_for(lambda: authority.agent is None or not has_owner(authority, authority.agent[0]),
                 'the end of the agent')
    authority.end()
    bus.end()


def has_owner(authority, name):
    return authority.connection.call_sync(
        'org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'NameHasOwner',
        GLib.Variant('(s)', (name,)), None, 0, -1, None).unpack()[0]


@needs_root
@needs('BULKHEAD_TEST_SANITIZED' not in os.environ, 'sanitizers need more')
def rest():
    """the daemon at rest, with a hundred cells, is not woken, uses no CPU, and less than 15 MB"""
    with System() as s:
        for number in range(100):
            s.daemon.write_cell('cell%d' % number)
        s.daemon.reload()

        def ticks():
            with open('/proc/%d/stat' % s.daemon.process.pid) as f:
                fields = f.read().rpartition(')')[2].split()
            return int(fields[11]) + int(fields[12])

        def waits():
            """How often its threads, each by its number, have gone to sleep: once more for each time they were woken."""
            found = {}
            task = '/proc/%d/task' % s.daemon.process.pid
            for thread in os.listdir(task):
                with open(os.path.join(task, thread, 'status')) as f:
                    found[thread] = [int(line.split()[1]) for line in f if line.startswith('voluntary')][0]
            return found

        def pause(seconds):
            """Without a word to anybody."""
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                time.sleep(max(0, end - time.monotonic()))

        def settled():
            """Threads of a pool that has nothing to do end by themselves."""
            before = waits()
            pause(1)
            return waits() == before

        deadline = time.monotonic() + PATIENCE
        while not settled():
            check(time.monotonic() < deadline, 'the daemon does not come to rest')
        before, begin = ticks(), waits()
        pause(REST_SECONDS)
        after = waits()
        woken = sum(count - begin.get(thread, 0) for thread, count in after.items())
        with open('/proc/%d/status' % s.daemon.process.pid) as f:
            kb = [int(line.split()[1]) for line in f if line.startswith('VmRSS')][0]
        print('# %d kB, woken %d times in %d s' % (kb, woken, REST_SECONDS))
        check(woken <= 2, 'it was woken', woken, 'times:', begin, after)
        check(ticks() - before <= 0, ticks() - before, 'ticks')
        check(kb < 15 * 1024, kb)


fixture.run([each, jobs, too_late, allowed, interaction, responsive, absent, bus_policy, own_user, agent, rest])
