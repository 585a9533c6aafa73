# SPDX-License-Identifier: GPL-2.0-or-later
"""Somebody who uses the configurator as a screen reader does: through AT-SPI, on a bus of its own, and by the keyboard.

The interfaces are called as they are. A library's cache would have to be told what is outdated, and an answer for each
question about each of some hundred widgets takes too long where the machine is loaded: children are asked for many at a time,
and all else comes with the program's own cache."""

import os
import subprocess
import sys
import time
from itertools import takewhile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'dbus'))
import fixture  # noqa: E402
from gi.repository import Gio, GLib  # noqa: E402

LAUNCHER = '/usr/libexec/at-spi-bus-launcher'
PATIENCE = 120  # as long as a loaded machine may need; never waited for otherwise

REGISTRY = 'org.a11y.atspi.Registry'
ROOT = '/org/a11y/atspi/accessible/root'
ATSPI = 'org.a11y.atspi.'

# AtspiRole and AtspiStateType
ROLES = {7: 'check box', 11: 'combo box', 16: 'dialog', 20: 'filler', 23: 'frame', 29: 'label', 31: 'list', 32: 'list item', 33: 'menu', 35: 'menu item',
         37: 'tab', 43: 'button', 44: 'radio button', 52: 'spin button', 61: 'text', 62: 'toggle button', 79: 'entry'}
CHECKED, FOCUSED, SENSITIVE, VISIBLE = 4, 12, 24, 30
SYMBOL = 3  # of AtspiKeySynthType; 0 and 1: a key code is pressed, released
MODIFIERS = {'Control': 37, 'Alt': 64, 'Shift': 50}
RETURN, TAB, ESCAPE, RIGHT = 0xff0d, 0xff09, 0xff1b, 0xff53


def unpacked(connection, name, path, interface, method, arguments=None):
    return connection.call_sync(name, path, interface, method, arguments, None, 0, 10000, None).unpack()


class Widget:
    """What is known of one, as of when it was looked at."""

    def __init__(self, item):
        (_, self.path), _, (_, self.parent), self.index, _, self.interfaces, self.name, role, \
            self.description, states = item
        self.role = ROLES.get(role, str(role))
        self.states = states[0] | states[1] << 32

    def is_called(self, name):
        """GTK 4.8 has the name of an input twice, or once more with the mark of its key."""
        return self.name == name or self.name in (name + ' ' + name, '_%s %s' % (name, name)) \
            or (self.role == 'button' and self.name.endswith(' ' + name))

    def has(self, state):
        return bool(self.states & 1 << state)


class Scene(list):
    """Widgets that were visible at one moment, in the order of their tree."""

    def below(self, widget):
        """Those in it."""
        start = next((i for i, w in enumerate(self) if w.path == widget.path), None)
        if start is None:
            return Scene()
        return Scene(takewhile(lambda w: w.depth > self[start].depth, self[start + 1:]))

    def find(self, role, name, within=None):
        """The first such widget, or None."""
        return next((w for w in (self.below(within) if within else self)
                     if w.role == role and w.is_called(name)), None)

    def says(self, text):
        return any(text in w.name for w in self)

    def tell(self):
        """For whoever looks into why a test failed."""
        for widget in self:
            if widget.name:
                print('#' + ' ' * widget.depth, widget.role, repr(widget.name), widget.description,
                      '' if widget.has(SENSITIVE) else '(insensitive)')


class Person:
    """A configurator, and what can be seen and done in it."""

    def __init__(self, daemon, command):
        # It is looked for there; the bus of accessibility has its socket in the runtime directory.
        self.environment = dict(os.environ, DBUS_SESSION_BUS_ADDRESS=daemon.bus.address,
                                XDG_RUNTIME_DIR=daemon.directory, XDG_STATE_HOME=daemon.path('home'))
        self.command = command
        self.launcher = fixture.spawn([LAUNCHER, '--launch-immediately'], env=self.environment,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait(lambda: unpacked(daemon.connection, 'org.freedesktop.DBus', '/', 'org.freedesktop.DBus',
                                   'NameHasOwner', GLib.Variant('(s)', ('org.a11y.Bus',)))[0],
                  'the bus of accessibility')
        address, = unpacked(daemon.connection, 'org.a11y.Bus', '/org/a11y/bus', 'org.a11y.Bus', 'GetAddress')
        self.bus = Gio.DBusConnection.new_for_address_sync(
            address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT |
            Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
        self.bus.set_exit_on_close(False)
        self.start()

    def start(self):
        """Also again, after it has ended."""
        self.leaves = set()  # which have no children, and need not be asked
        self.started = time.monotonic()
        self.program = fixture.spawn(self.command, env=self.environment)
        self.name = self.wait(self._look_for_program, 'the configurator')

    def kill(self):
        """Without a word to it."""
        self.program.kill()
        self.program.wait()
        self.wait(lambda: not self._programs(), 'that nobody is there any more')

    def close(self):
        """Ends it, and all that it needed."""
        for process in (self.program, self.launcher):
            process.terminate()
            process.wait()

    def _look_for_program(self):
        fixture.check(self.program.poll() is None, 'the configurator has ended')
        programs = self._programs()
        return programs and programs[0][0]

    def _programs(self):
        return unpacked(self.bus, REGISTRY, ROOT, ATSPI + 'Accessible', 'GetChildren')[0]

    # ---- seeing ----

    def wait(self, condition, what, patience=PATIENCE):
        """Its value, once it has one that is true."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            try:
                value = condition()
            except GLib.Error:
                value = None  # what was looked at went away
            if value:
                return value
            time.sleep(0.03)
        if hasattr(self, 'name'):
            self.look().tell()
        raise fixture.Failed('waited in vain for: ' + what)

    def _children(self, paths):
        """Of all these; a call for each, at the same time."""
        context = GLib.MainContext.default()
        answers = {path: [] for path in paths if path in self.leaves}
        asked = [path for path in paths if path not in self.leaves]

        def on_answer(bus, result, path):
            try:
                answers[path] = [child for _, child in bus.call_finish(result).unpack()[0]]
            except GLib.Error:
                answers[path] = []

        for path in asked:
            self.bus.call(self.name, path, ATSPI + 'Accessible', 'GetChildren', None, None, 0, 10000, None,
                          on_answer, path)
        while len(answers) < len(paths):
            context.iteration(True)
        return answers

    def look(self):
        """What is visible now."""
        tree, level = {}, [ROOT]
        while level:
            children = self._children(level)
            tree.update(children)
            level = [child for path in level for child in children[path]]
        items, = unpacked(self.bus, self.name, '/org/a11y/atspi/cache', ATSPI + 'Cache', 'GetItems')
        known = {item[0][1]: Widget(item) for item in items}
        self.leaves = {path for path, widget in known.items() if widget.role == 'label'}
        seen = Scene()

        def visit(path, depth):
            widget = known.get(path)
            if depth and not (widget and widget.has(VISIBLE)):
                return
            if widget:
                widget.depth = depth
                seen.append(widget)
            for child in tree.get(path, []):
                visit(child, depth + 1)

        visit(ROOT, 0)
        return seen

    def see(self, role, name, within=None):
        """A widget, once it is there."""
        return self.wait(lambda: self.look().find(role, name, within), '%s “%s”' % (role, name))

    def at(self, name, there=True):
        """Waits until the keyboard is there, or no longer there."""
        self.wait(lambda: any(w.is_called(name) for w in self.look() if w.has(FOCUSED)) == there,
                  'the focus %s “%s”' % ('at' if there else 'elsewhere than at', name))

    def focused(self):
        """Path and name of what the keyboard is at; None while it is nowhere."""
        return next(((w.path, w.name) for w in self.look() if w.has(FOCUSED)), None)

    def tab_to(self, condition, what):
        """Tab, until it holds of the name of what has the focus; for as many as a page may have."""
        for _ in range(40):
            now = self.wait(self.focused, 'the focus')
            if condition(now[1]):
                return
            self.key(TAB)
            self.wait(lambda: self.focused() not in (now, None), 'another focus than ' + now[1])
        raise fixture.Failed('the Tab key does not lead to ' + what)

    def read(self, text):
        """Waits until it can be read somewhere."""
        self.wait(lambda: self.look().says(text), '“%s”' % text)

    def text_of(self, widget):
        """What is written in it."""
        count, = unpacked(self.bus, self.name, widget.path, 'org.freedesktop.DBus.Properties', 'Get',
                          GLib.Variant('(ss)', (ATSPI + 'Text', 'CharacterCount')))
        return self.call(widget, 'Text', 'GetText', GLib.Variant('(ii)', (0, count)))[0]

    # ---- doing ----

    def call(self, widget, interface, method, arguments=None):
        return unpacked(self.bus, self.name, widget.path, ATSPI + interface, method, arguments)

    def click(self, name, role='button', within=None):
        """Its first action, once it can be done."""
        self.wait(lambda: self.try_click(name, role, within),
                  '%s “%s” that can be used' % (role, name))

    def try_click(self, name, role='button', within=None):
        """Its first action, if it can be done."""
        scene = self.look()
        for widget in scene.below(within) if within else scene:
            if widget.role == role and widget.is_called(name) and widget.has(SENSITIVE):
                try:
                    if self.call(widget, 'Action', 'DoAction', GLib.Variant('(i)', (0,)))[0]:
                        return True
                except GLib.Error:
                    pass  # a menu button has none, but the button in it
        return False

    def write(self, widget, text):
        """In place of what is in it."""
        return self.call(widget, 'EditableText', 'SetTextContents', GLib.Variant('(s)', (text,)))[0]

    def set_value(self, name, number):
        """Of a spin button."""
        widget = self.see('spin button', name)
        unpacked(self.bus, self.name, widget.path, 'org.freedesktop.DBus.Properties', 'Set',
                 GLib.Variant('(ssv)', (ATSPI + 'Value', 'CurrentValue', GLib.Variant('d', number))))

    def key(self, *symbols):
        """Presses them, releases them the other way round."""
        def send(number, kind):
            unpacked(self.bus, REGISTRY, '/org/a11y/atspi/registry/deviceeventcontroller',
                     ATSPI + 'DeviceEventController', 'GenerateKeyboardEvent',
                     GLib.Variant('(isu)', (number, '', kind)))

        for symbol in symbols[:-1]:
            send(MODIFIERS[symbol], 0)
        send(symbols[-1] if isinstance(symbols[-1], int) else ord(symbols[-1]), SYMBOL)
        for symbol in reversed(symbols[:-1]):
            send(MODIFIERS[symbol], 1)

    def choose(self, row, of):
        """A row of a list, by its first line."""
        def do():
            scene = self.look()
            rows = scene.find('list', of)
            number = next((w.index for w in scene if rows and w.parent == rows.path and
                           w.name.split('\n')[0] == row), None)
            return number is not None and self.call(rows, 'Selection', 'SelectChild',
                                                    GLib.Variant('(i)', (number,)))[0]

        self.wait(do, 'the row “%s”' % row)
