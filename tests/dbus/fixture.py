# SPDX-License-Identifier: GPL-2.0-or-later
"""A private bus, a daemon on it, and results in the Test Anything Protocol."""

import ctypes
import functools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import xml.etree.ElementTree as ET

import gi
gi.require_version('Gio', '2.0')
from gi.repository import Gio, GLib

NAME = 'org.bulkhead1'
ROOT = '/org/bulkhead1'
MANAGER = ROOT + '/manager'
PATIENCE = 30 * int(os.environ.get('BULKHEAD_TEST_PATIENCE', '1'))

BUS_CONFIG = '''<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=%(directory)s/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true"/>
    <allow receive_type="*"/>
    <allow send_destination="*"/>
  </policy>
  <policy user="%(user)d">
    <allow own="*"/>
  </policy>
  %(more)s
</busconfig>
'''

CELL = '''[Cell]
Description=A cell for a test
Cpus=count:1
ShutdownTimeoutSec=%(patience)s
%(more)s
[Memory ram]
Size=512K
GuestAddress=0
[Memory comm]
Type=comm
[Image main]
File=%(image)s
Address=0
'''


class Failed(Exception):
    """An assertion that does not hold."""


def check(condition, *what):
    if not condition:
        raise Failed(' '.join(str(w) for w in what) or 'it is not so')


def equal(got, expected, what=''):
    check(got == expected, what, 'expected', repr(expected)[:2000], 'got', repr(got)[:2000])


def wait_for(condition, what='nothing'):
    """Runs the main loop until the condition holds; its value."""
    context = GLib.MainContext.default()
    deadline = time.monotonic() + PATIENCE
    ticks = GLib.timeout_add(10, lambda: True)
    try:
        while time.monotonic() < deadline:
            value = condition()
            if value:
                return value
            context.iteration(True)
    finally:
        GLib.source_remove(ticks)
    raise Failed('waited in vain for: ' + what)


def run(tests):
    """Runs functions, each one result."""
    bad = 0
    print('TAP version 13')
    print('1..%d' % len(tests))
    for number, test in enumerate(tests, 1):
        title = (test.__doc__ or test.__name__).strip()
        try:
            skipped = test()
            print('ok %d - %s%s' % (number, title, ' # SKIP ' + skipped if skipped else ''))
        except Exception:
            bad += 1
            for line in traceback.format_exc().splitlines():
                print('# ' + line)
            print('not ok %d - %s' % (number, title))
        sys.stdout.flush()
    sys.exit(bad != 0)


def needs(condition, why):
    """Of a test that is skipped where the condition does not hold."""
    return lambda test: test if condition else functools.wraps(test)(lambda: why)


needs_root = needs(os.getuid() == 0, 'needs root')


def spawn(command, **more):
    """A process that does not outlive the test, however that ends."""
    library = ctypes.CDLL(None)
    die_with_parent = 1  # PR_SET_PDEATHSIG
    return subprocess.Popen(command, **more,
                            preexec_fn=lambda: library.prctl(die_with_parent, signal.SIGKILL))


def interface_members(directory):
    """(interface, comment above it, member) for all interfaces and all members."""
    for name in sorted(os.listdir(directory)):
        if not name.endswith('.xml'):
            continue
        parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))
        root = ET.parse(os.path.join(directory, name), parser).getroot()
        for parent in (root, root.find('interface')):
            comment = None
            for element in parent:
                if element.tag is ET.Comment:
                    comment = element.text
                elif element.tag in ('interface', 'method', 'signal', 'property'):
                    yield root.find('interface').get('name'), comment, element
                    comment = None


def plain(signature):
    """A harmless value of each type that methods take."""
    return {'a{sv}': {}, 'a{ss}': {}, 's': 'none', 't': 0, 'b': False, 'h': 0, 'ay': b''}[signature]


class Bus:
    """A message bus of our own. more: for its configuration."""

    def __init__(self, more=''):
        self.directory = tempfile.mkdtemp(prefix='bulkhead-bus-')
        os.chmod(self.directory, 0o755)
        config = os.path.join(self.directory, 'config')
        with open(config, 'w') as f:
            f.write(BUS_CONFIG % {'directory': self.directory, 'user': os.getuid(), 'more': more})
        self.process = spawn(
            ['dbus-daemon', '--config-file=' + config, '--nofork', '--print-address=1'],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.address = self.process.stdout.readline().strip()
        check(self.address, 'the bus does not start')

    def connect(self):
        flags = (Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT |
                 Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)
        connection = Gio.DBusConnection.new_for_address_sync(self.address, flags, None, None)
        connection.set_exit_on_close(False)
        return connection

    def end(self):
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.process.stdout.close()
        shutil.rmtree(self.directory)


class Daemon:
    """bulkheadd with directories of its own, on a simulated machine if nothing else is said."""

    def __init__(self, bus=None, arguments=('--simulate',), system=False, environment=None,
                 start=True, program=None):
        self.own_bus = bus is None
        self.bus = bus or Bus()
        self.directory = tempfile.mkdtemp(prefix='bulkhead-daemon-')
        os.chmod(self.directory, 0o755)
        self.cells = self.path('cells')
        os.mkdir(self.cells)
        self.arguments = list(arguments)
        self.system = system
        self.program = program or os.environ['BULKHEADD']
        self.environment = environment or {}
        self.process = None
        # Appended to: the program's place in the file is ours as well, and reading moves it.
        self.log = open(self.path('log'), 'a+')
        self.connection = self.bus.connect()
        self.events = []
        self.connection.signal_subscribe(
            NAME, NAME + '.Manager', 'Event', None, None, Gio.DBusSignalFlags.NONE,
            lambda c, s, p, i, n, parameters: self.events.append(parameters.unpack()[0]))
        if start:
            self.start()

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def start(self):
        environment = dict(os.environ, G_DEBUG='fatal-criticals', **self.environment)
        where = [] if self.system else ['--address=' + self.bus.address]
        if self.system:
            environment['DBUS_SYSTEM_BUS_ADDRESS'] = self.bus.address
        self.process = spawn(
            [self.program, *where, *self.arguments,
             '--cells-directory=' + self.cells, '--state-directory=' + self.path('state'),
             '--runtime-directory=' + self.path('run')],
            env=environment, stdout=self.log, stderr=self.log)
        wait_for(self.is_there, 'the daemon')

    def is_there(self):
        check(self.process.poll() is None, 'the daemon has ended:', self.read_log())
        return self.connection.call_sync(
            'org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'NameHasOwner',
            GLib.Variant('(s)', (NAME,)), None, 0, -1, None).unpack()[0]

    def read_log(self):
        self.log.seek(0)
        return self.log.read()

    def kill(self):
        check(self.process.poll() is None, 'the daemon has ended:', self.read_log())
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Ends it in order; it must not have found anything wrong with itself."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE)
        log = self.read_log()
        check(status == 0, 'the daemon ended with', status, log)
        check('Sanitizer' not in log and 'CRITICAL' not in log, log)

    def end(self):
        if self.process and self.process.poll() is None:
            self.stop()
        self.connection.close_sync(None)
        self.log.close()
        shutil.rmtree(self.directory)
        if self.own_bus:
            self.bus.end()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind and self.process:
            for line in self.read_log().splitlines()[-40:]:
                print('# daemon: ' + line)
            self.process.kill()
            self.process.wait()
        self.end()

    # Files.

    def write_cell(self, name, script='beat 50', more='', patience='1'):
        with open(self.path(name + '.sim'), 'w') as f:
            f.write('#!bulkhead-simulated\n' + script + '\n')
        text = self.cell_text(name, more, patience)
        temporary = self.path(name + '.new')
        with open(temporary, 'w') as f:
            f.write(text)
        os.rename(temporary, os.path.join(self.cells, name + '.cell'))
        return text

    def cell_text(self, name, more='', patience='1'):
        return CELL % {'image': self.path(name + '.sim'), 'more': more, 'patience': patience}

    def read_cell(self, name):
        with open(os.path.join(self.cells, name + '.cell')) as f:
            return f.read()

    # Calls.

    def call(self, path, interface, method, signature='(a{sv})', *arguments, fds=None):
        arguments = arguments or ({},)
        reply, out = self.connection.call_with_unix_fd_list_sync(
            NAME, path, NAME + '.' + interface, method, GLib.Variant(signature, arguments), None,
            Gio.DBusCallFlags.NONE, PATIENCE * 1000, fds, None)
        self.fds = out
        result = reply.unpack()
        return result[0] if len(result) == 1 else result

    def manager(self, method, signature='(a{sv})', *arguments):
        return self.call(MANAGER, 'Manager', method, signature, *arguments)

    def import_file(self, data):
        """Manager.Import(): a variant of many bytes is not made byte by byte."""
        data = GLib.Variant.new_from_bytes(GLib.VariantType('ay'), GLib.Bytes.new(data), True)
        return self.connection.call_sync(
            NAME, MANAGER, NAME + '.Manager', 'Import',
            GLib.Variant.new_tuple(data, GLib.Variant('a{sv}', {})), None, 0, PATIENCE * 1000,
            None).unpack()[0]

    def call_later(self, path, interface, method, signature='(a{sv})', *arguments):
        """A list that gets the name of the error, or '', when the answer is there."""
        answer = []

        def done(connection, result):
            try:
                connection.call_finish(result)
                answer.append('')
            except GLib.Error as e:
                answer.append((Gio.DBusError.get_remote_error(e) or e.message).replace(NAME + '.Error.', ''))
        self.connection.call(NAME, path, NAME + '.' + interface, method,
                             GLib.Variant(signature, arguments or ({},)), None, 0, GLib.MAXINT, None, done)
        return answer

    def wait_job(self, operation, path):
        """The path of the job that does this to the object."""
        def find():
            for job, interfaces in self.objects().items():
                properties = interfaces.get(NAME + '.Job')
                if properties and (properties['Operation'], properties['Objects']) == (operation, [path]):
                    return job
            return None
        return wait_for(find, 'a job that does "%s" to %s' % (operation, path))

    def hold(self):
        """Of the test's own program: work waits until released."""
        self.process.send_signal(signal.SIGUSR1)
        wait_for(lambda: os.path.exists(self.path('run', 'held')), 'the worker to be held')

    def release(self):
        self.process.send_signal(signal.SIGUSR2)

    def cell_path(self, name):
        return self.manager('GetCell', '(sa{sv})', name, {})

    def cell(self, name, method, signature='(a{sv})', *arguments, fds=None):
        return self.call(self.cell_path(name), 'Cell', method, signature, *arguments, fds=fds)

    def get(self, path, interface, name):
        return self.connection.call_sync(
            NAME, path, 'org.freedesktop.DBus.Properties', 'Get',
            GLib.Variant('(ss)', (NAME + '.' + interface, name)), None, 0, PATIENCE * 1000,
            None).unpack()[0]

    def cell_get(self, name, what):
        return self.get(self.cell_path(name), 'Cell', what)

    def objects(self):
        return self.connection.call_sync(
            NAME, ROOT, 'org.freedesktop.DBus.ObjectManager', 'GetManagedObjects', None, None, 0,
            PATIENCE * 1000, None).unpack()[0]

    def reload(self):
        self.manager('Reload')

    def ready(self):
        """As far as cells can be started: their files are read, and Bulkhead is enabled."""
        self.reload()
        self.manager('Enable')

    def wait_cell(self, name, what, value):
        return wait_for(lambda: self.cell_get(name, what) == value,
                        '%s of %s to be %r, not %r' % (what, name, value,
                                                       self.cell_get(name, what)))


def system_daemon(*arguments, **more):
    """The test's own program, of which see daemon.c; root's, as that asks no polkit."""
    return Daemon(arguments=arguments, system=True, program=os.environ['TEST_DAEMON'], **more)


def options(**values):
    """A dictionary of options: name=(signature, value)."""
    return {key.replace('_', '-'): GLib.Variant(*value) for key, value in values.items()}


def refused(error, function, *arguments, **more):
    """The call fails with this error of ours; its sentence."""
    try:
        result = function(*arguments, **more)
    except GLib.Error as e:
        name = Gio.DBusError.get_remote_error(e)
        prefix = '' if '.' in error else NAME + '.Error.'
        equal(name, prefix + error, e.message)
        return e.message
    raise Failed('it was not refused but answered %r' % (result,))


class Notifications:
    """A socket as systemd gives it to a service."""

    def __init__(self, directory):
        self.path = os.path.join(directory, 'notify')
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)
        self.lines = []

    def read(self):
        while True:
            try:
                self.lines += self.socket.recv(65536).decode().splitlines()
            except BlockingIOError:
                return self.lines

    def close(self):
        self.socket.close()
