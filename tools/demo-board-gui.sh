#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What tools/demo --gui does in the board: opens it to ssh, makes two cells, and waits until the window is closed.

set -e
. "$(dirname "$0")/demo-lib.sh"
install -d -m 700 /root/.ssh
install -m 600 /mnt/share/key.pub /root/.ssh/authorized_keys
modprobe bulkhead
mkdir -p /root/cells
cd /root/cells
heart 500 >heart.cell
intruder >intruder.cell
bulkhead enable
bulkhead apply heart.cell intruder.cell
systemctl start bulkhead-cell@heart
: >/mnt/share/up
within 86400 test -e /mnt/share/done
