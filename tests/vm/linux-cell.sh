# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tests with Linux in a cell, sourced: an initial file system whose one script does what the kernel's command line
# says (do=…), and then what end=… says.

kernel=/mnt/share/vmlinuz
# Its console, and where its memory is.
case $arch in
amd64) tty=ttyS0 ram=2M ;;
arm64) tty=ttyAMA0 ram=0x40000000 ;;
esac

# Of x86, the ELF file that is in it, which a test has to ask for (share: vmlinux): it starts without unpacking itself.
kernel_unpacked=/mnt/share/vmlinux
[ $arch = amd64 ] || kernel_unpacked=$kernel

# linux_initrd FILE [TREE]: makes it of busybox, the script, and what lies in TREE.
linux_initrd()
{
	local fs
	fs=$(mktemp -d)
	[ -z "${2-}" ] || cp -a "$2/." "$fs/"
	mkdir -p "$fs/bin" "$fs/dev" "$fs/proc" "$fs/sys"
	cp /bin/busybox "$fs/bin/"
	mknod "$fs/dev/console" c 5 1
	cp /mnt/share/linux-init.sh "$fs/init"
	chmod +x "$fs/init"
	(cd "$fs" && find . | cpio -o -H newc >"$1" 2>/dev/null)
	rm -rf "$fs"
}

# linux_modules TREE MODULE…: those of the running kernel, with what they need, for the initial file system.
linux_modules()
{
	local tree=$1 file
	shift
	for module; do
		modprobe -D "$module" 2>/dev/null | sed -n 's/^insmod //p'
	done | while read -r file _; do
		cp "$file" "$tree/"
	done
}

# Checks run in subshells, and none of the starts may be taken for another.
echo 0 >/run/linux-boots

# linux_load CELL COMMAND-LINE…
linux_load()
{
	local cell=$1
	shift
	boot=$(($(cat /run/linux-boots) + 1))
	echo $boot >/run/linux-boots
	bulkhead-ctl linux "$cell" --kernel "$kernel" --initrd /tmp/initrd \
		--cmdline "console=$tty quiet panic=-1 word=$boot $*"
}

# linux_boot CELL TEXT COMMAND-LINE…: loads and starts it, and waits until its script says the text.
linux_boot()
{
	local cell=$1 text=$2
	shift 2
	linux_load "$cell" "$@" && bulkhead-ctl start "$cell" && cell_says "$cell" "cell $boot: $text"
}

# cell_says CELL TEXT
cell_says()
{
	bulkhead-ctl console --until "$2" --timeout 120 "$1"
}

cell_state_is()
{
	bulkhead-ctl --plain list | grep -q "name=$1 state=$2 "
}

cell_violations()
{
	bulkhead-ctl --plain list | sed -n "s/.*name=$1 .*violations=\([0-9]*\).*/\1/p"
}
