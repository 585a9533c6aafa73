# SPDX-License-Identifier: GPL-2.0-or-later
"""A systemd on the bus of a test, and the daemon of a system that has one."""

from gi.repository import Gio, GLib

import fixture
from fixture import Bus, system_daemon, wait_for

UNIT = 'bulkhead-cell@%s.service'


class Systemd:
    """As much of systemd as the daemon sees of it. A job ends when the test says so."""

    PATH = '/org/freedesktop/systemd1'
    NAME = 'org.freedesktop.systemd1'
    XML = """<node><interface name='org.freedesktop.systemd1.Manager'>
      <method name='Subscribe'/><method name='Reload'/>
      <method name='GetUnitFileState'><arg type='s' direction='in'/><arg type='s' direction='out'/></method>
      <method name='EnableUnitFiles'><arg type='as' direction='in'/><arg type='b' direction='in'/>
        <arg type='b' direction='in'/><arg type='b' direction='out'/><arg type='a(sss)' direction='out'/></method>
      <method name='DisableUnitFiles'><arg type='as' direction='in'/><arg type='b' direction='in'/>
        <arg type='a(sss)' direction='out'/></method>
      <method name='StartUnit'><arg type='s' direction='in'/><arg type='s' direction='in'/>
        <arg type='o' direction='out'/></method>
      <method name='StopUnit'><arg type='s' direction='in'/><arg type='s' direction='in'/>
        <arg type='o' direction='out'/></method>
      <method name='RestartUnit'><arg type='s' direction='in'/><arg type='s' direction='in'/>
        <arg type='o' direction='out'/></method>
    </interface></node>"""

    def __init__(self, bus):
        self.connection = bus.connect()
        self.enabled, self.refused, self.calls, self.jobs, self.result = set(), set(), [], 0, 'done'
        info = Gio.DBusNodeInfo.new_for_xml(self.XML).interfaces[0]
        self.connection.register_object(self.PATH, info, self.on_call, None, None)
        self.connection.call_sync('org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'RequestName',
                                  GLib.Variant('(su)', (self.NAME, 0)), None, 0, -1, None)

    def emit(self, signal, arguments=None):
        self.connection.emit_signal(None, self.PATH, self.NAME + '.Manager', signal, arguments)

    def on_call(self, connection, sender, path, interface, method, arguments, invocation):
        arguments = arguments.unpack()
        self.calls.append((method, *arguments[:1]))
        if method in self.refused:
            invocation.return_dbus_error('org.freedesktop.DBus.Error.AccessDenied', 'it is not to be')
        elif method == 'GetUnitFileState':
            state = 'enabled' if arguments[0] in self.enabled else 'disabled'
            invocation.return_value(GLib.Variant('(s)', (state,)))
        elif method == 'EnableUnitFiles':
            self.enabled |= set(arguments[0])
            invocation.return_value(GLib.Variant('(ba(sss))', (True, [])))
        elif method == 'DisableUnitFiles':
            self.enabled -= set(arguments[0])
            invocation.return_value(GLib.Variant('(a(sss))', ([],)))
        elif method.endswith('Unit'):
            self.jobs += 1
            job = '%s/job/%d' % (self.PATH, self.jobs)
            # Either may come first.
            removed = GLib.Variant('(uoss)', (self.jobs, job, arguments[0], self.result))
            if self.jobs % 2:
                self.emit('JobRemoved', removed)
            invocation.return_value(GLib.Variant('(o)', (job,)))
            if not self.jobs % 2:
                self.emit('JobRemoved', removed)
        else:
            invocation.return_value(None)

    def take(self, *methods):
        """The calls of these methods since the last time."""
        calls = [call for call in self.calls if call[0] in methods]
        self.calls = [call for call in self.calls if call[0] not in methods]
        return calls


class Machine:
    """A daemon of root's with a systemd."""

    def __init__(self, *arguments, bus=None):
        self.bus = bus or Bus()
        self.systemd = Systemd(self.bus)
        self.daemon = system_daemon('--systemd', *arguments, bus=self.bus)
        self.daemon.call = self.call

    def call(self, path, interface, method, signature='(a{sv})', *arguments, fds=None):
        """As the daemon's, but the systemd, which is in this process, goes on meanwhile."""
        replies = []
        self.daemon.connection.call(fixture.NAME, path, fixture.NAME + '.' + interface, method,
                                    GLib.Variant(signature, arguments or ({},)), None, 0, GLib.MAXINT, None,
                                    lambda _, reply: replies.append(reply))
        wait_for(lambda: replies, 'the answer to ' + method)
        result = self.daemon.connection.call_finish(replies[0]).unpack()
        return result[0] if len(result) == 1 else result

    def __enter__(self):
        return self.daemon, self.systemd

    def __exit__(self, *what):
        self.daemon.__exit__(*what)
        self.systemd.connection.close_sync(None)
        self.bus.end()
