#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the manual page org.bulkhead1(5) of the interfaces: make-man.py VERSION FILE... > PAGE"""

import re
import sys
import textwrap
import xml.etree.ElementTree as ET

ORDER = ('Manager', 'Cell', 'Job', 'Health', 'Machine', 'Link')


def escape(text):
    text = text.replace('\\', '\\e').replace('-', '\\-')
    return '\n'.join('\\&' + line if line.startswith(('.', "'")) else line
                     for line in text.splitlines())


def prose(text):
    """Paragraphs; references such as #org.bulkhead1.Job without their mark."""
    text = re.sub(r'#(org\.bulkhead1[\w.]*)(::(\w+))?', lambda m: m[1] + ('.' + m[3] if m[3] else ''),
                  text)
    text = re.sub(r'@(\w+)', r'\1', text)
    paragraphs = re.split(r'\n\s*\n', textwrap.dedent(text).strip('\n'))
    return '\n.PP\n'.join(escape('\n'.join(l.strip() for l in p.splitlines())) for p in paragraphs)


def split(comment, name):
    """What a comment says of the member as a whole, and of each argument."""
    body = re.sub(r'^\s*' + re.escape(name) + r':', '', comment, count=1)
    body = textwrap.dedent(body.lstrip(' ').lstrip('\n'))
    arguments, rest, current = {}, [], None
    for line in body.splitlines():
        match = re.match(r'@(\w+):\s*(.*)', line)
        if match:
            current = match[1]
            arguments[current] = [match[2]]
        elif current and line.startswith(' ') and line.strip():
            arguments[current].append(line.strip())
        else:
            current = None if not line.strip() else current
            if current:
                arguments[current].append(line.strip())
            else:
                rest.append(line)
    return '\n'.join(rest), arguments


def signature(member):
    words = {'in': [], 'out': []}
    for argument in member.findall('arg'):
        words[argument.get('direction', 'out')].append(
            argument.get('type') + ' ' + argument.get('name'))
    text = '(' + ', '.join(words['in'] if member.tag == 'method' else words['out']) + ')'
    if member.tag == 'method' and words['out']:
        text += ' → (' + ', '.join(words['out']) + ')'
    return text


def print_member(member, comment):
    name = member.get('name')
    text, arguments = split(comment, name)
    print('.TP')
    if member.tag == 'property':
        print('.BR %s " %s"' % (name, escape(member.get('type'))))
    else:
        print('.BR %s " %s"' % (name, escape(signature(member))))
    print(prose(text).replace('\n.PP\n', '\n.IP\n'))
    described = [a for a in member.findall('arg') if arguments.get(a.get('name'))]
    if described:
        print('.RS')
        for argument in described:
            print('.TP\n.I %s\n%s' % (argument.get('name'),
                                      prose('\n'.join(arguments[argument.get('name')]))))
        print('.RE')


def print_interface(path):
    builder = ET.TreeBuilder(insert_comments=True)
    root = ET.parse(path, ET.XMLParser(target=builder)).getroot()
    interface = root.find('interface')
    about = [c.text for c in root if c.tag is ET.Comment][-1]
    print('.SH "%s"' % interface.get('name'))
    print(prose(re.sub(r'@short_description:.*', '', split(about, interface.get('name'))[0])))
    members, comment = [], None
    for element in interface:
        if element.tag is ET.Comment:
            comment = element.text
        elif comment:
            members.append((element, comment))
            comment = None
    for tag, title in (('property', 'Properties'), ('method', 'Methods'), ('signal', 'Signals')):
        some = [m for m in members if m[0].tag == tag]
        if some:
            print('.SS ' + title)
        for element, text in some:
            print_member(element, text)


def main():
    version, paths = sys.argv[1], sys.argv[2:]
    print('.\\" SPDX-License-Identifier: GPL-2.0-or-later')
    print('.\\" Made of dbus-interfaces/*.xml by make-man.py.')
    print('.TH ORG.BULKHEAD1 5 "" "Bulkhead %s" "Bulkhead"' % version)
    print('.SH NAME\norg.bulkhead1 \\- the D-Bus interface of the Bulkhead hypervisor')
    print('.SH EXAMPLES\n.nf')
    for line in ('busctl tree org.bulkhead1',
                 'busctl introspect org.bulkhead1 /org/bulkhead1/manager',
                 "busctl call org.bulkhead1 /org/bulkhead1/manager org.bulkhead1.Manager \\",
                 "    Enable 'a{sv}' 1 memory t 268435456",
                 "busctl call org.bulkhead1 /org/bulkhead1/cells/rt org.bulkhead1.Cell \\",
                 "    Start 'a{sv}' 0",
                 'busctl get-property org.bulkhead1 /org/bulkhead1/cells/rt org.bulkhead1.Cell State',
                 "busctl monitor --match \"type='signal',sender='org.bulkhead1'\""):
        print(escape(line))
    print('.fi')
    for name in ORDER:
        for path in paths:
            if path.endswith('.%s.xml' % name):
                print_interface(path)
    print('.SH "SEE ALSO"\n.BR bulkheadd (8),\n.BR bulkhead (1),\n.BR bulkhead.cell (5),\n'
          '.BR polkit (8)')


main()
