# SPDX-License-Identifier: GPL-2.0-or-later
"""Every member of every interface is documented, read-only, takes options and has its action, which exists."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import fixture
from fixture import check

DIRECTORY, POLICY, ACTIONS, LINGUAS = sys.argv[1:5]


def members():
    return fixture.interface_members(DIRECTORY)


def documented():
    """each member has a comment that begins with its name and says something"""
    count = 0
    for interface, comment, element in members():
        name = element.get('name')
        check(comment, interface, name, 'has no comment')
        check(re.match(r'\s*' + re.escape(name) + r':', comment), interface, name,
              'has a comment that is about something else:', comment)
        check(len(comment.split()) > 3, interface, name, 'has an empty comment')
        count += 1
    check(count > 80, 'only', count, 'members were found')


def arguments():
    """each argument is named and described"""
    for interface, comment, element in members():
        for argument in element.findall('arg'):
            name = argument.get('name')
            check(name, interface, element.get('name'), 'has an argument without name')
            check('@%s:' % name in comment, interface, element.get('name'),
                  'does not describe', name)


def read_only():
    """no property can be written"""
    for interface, _, element in members():
        if element.tag == 'property':
            check(element.get('access') == 'read', interface, element.get('name'))


def options():
    """each method ends with a dictionary of options"""
    for interface, _, element in members():
        if element.tag == 'method':
            last = [a for a in element.findall('arg') if a.get('direction') == 'in'][-1:]
            check(last and last[0].get('type') == 'a{sv}' and last[0].get('name') == 'options',
                  interface, element.get('name'), 'takes no options')


def table():
    out = subprocess.run([ACTIONS], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {line.split()[0]: line.split()[1] for line in out.splitlines()}


def actions():
    """each method has an action, the one its comment names, and no action is for nothing"""
    have = table()
    seen = set()
    for interface, comment, element in members():
        if element.tag != 'method':
            continue
        method = interface + '.' + element.get('name')
        action = have.get(method)
        check(action, method, 'has no action')
        words = re.findall(r'org\.bulkhead1\.([a-z][a-z-]*[a-z])', comment)
        check(action.rpartition('.')[2] in words, method, 'needs', action, 'but says', words)
        seen.add(method)
    check(set(have) == seen, 'there are actions for', set(have) - seen)


# From elsewhere, at the machine but not in front, in front of the machine. Only who sits there may look without a password.
DEFAULTS = dict(dict.fromkeys(('console', 'enable', 'control-cells', 'load-image', 'edit-config'),
                              ('auth_admin', 'auth_admin', 'auth_admin_keep')),
                inspect=('auth_admin_keep', 'auth_admin_keep', 'yes'), supervise=('no', 'no', 'no'))


def policy():
    """the polkit policy has these actions and no others, each with the defaults it shall have"""
    root = ET.parse(POLICY).getroot()
    with open(LINGUAS, encoding='utf-8') as file:
        wanted = {None} | set(line.strip() for line in file if not line.startswith('#'))
    have = {action.get('id'): action for action in root.findall('action')}
    check(set(have) == set(table().values()), set(have) ^ set(table().values()))
    for name, action in have.items():
        languages = {m.get('{http://www.w3.org/XML/1998/namespace}lang')
                     for m in action.findall('message')}
        check(languages == wanted, name, 'has messages in', languages)
        defaults = action.find('defaults')
        got = tuple(defaults.find(who).text for who in ('allow_any', 'allow_inactive', 'allow_active'))
        check(got == DEFAULTS[name.rpartition('.')[2]], name, got)
        check(len(defaults) == len(got), name)


fixture.run([documented, arguments, read_only, options, actions, policy])
