# SPDX-License-Identifier: GPL-2.0-or-later
#
# Places and helpers that the tools share; sourced, not run.

# shellcheck disable=SC2034
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Of the board and of all that runs on it: amd64 or arm64.
arch=${BULKHEAD_ARCH:-amd64}
build=${BULKHEAD_BUILD:-$top/build}
[ "$arch" = amd64 ] || build=$build/$arch
stage=${BULKHEAD_STAGE:-$build/stage}
cache=${BULKHEAD_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/bulkhead}

say()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die()
{
	say "$@"
	exit 1
}

# choose_arch NAME: makes it the architecture from here on, also for the tools that are called.
choose_arch()
{
	case $1 in
	amd64 | arm64) ;;
	*) die "--arch $1 is not known: say amd64 or arm64" ;;
	esac
	[ "$1" != "$arch" ] || return 0
	export BULKHEAD_ARCH=$1
	. "$top/tools/common.sh"
}

# The kernel series that tools/packages names, one per line.
kernel_series()
{
	sed -n "s/^kernel $arch \([^ ]*\) .*/\1/p" "$top/tools/packages"
}

# kernel_root SERIES: the directory where tools/setup unpacked that kernel.
kernel_root()
{
	local other=
	[ "$arch" = amd64 ] || other=-$arch
	printf '%s/kernel-%s%s\n' "$cache" "$1" "$other"
}

# source_root NAME: the directory where tools/setup unpacked that source package.
source_root()
{
	printf '%s/source-%s\n' "$cache" "$1"
}

# sysroot ARCH: where tools/setup unpacked the libraries of another architecture that are linked into what its board gets.
sysroot()
{
	printf '%s/sysroot-%s\n' "$cache" "$1"
}

# cross_libraries: for meson, where the libraries of the other architecture are. Those that libraries need themselves are looked
# for by the linker alone.
cross_libraries()
{
	local root
	root=$(sysroot "$arch")
	[ -f "$root/packages" ] || die "the libraries of $arch are not in $cache; run tools/setup --arch $arch"
	cat <<END
[properties]
sys_root = '$root'
pkg_config_libdir = '$root/usr/lib/aarch64-linux-gnu/pkgconfig'

[built-in options]
c_link_args = ['-Wl,-rpath-link,$root/usr/lib/aarch64-linux-gnu']
END
}

# kernel_release SERIES: the release (uname -r) of the unpacked kernel; fails if there is none.
kernel_release()
{
	local file
	file=$(kernel_root "$1")/release
	[ -r "$file" ] && cat "$file"
}

# kernel_image SERIES: the file of the package that boots.
kernel_image()
{
	printf '%s/boot/vmlinuz-%s\n' "$(kernel_root "$1")" "$(kernel_release "$1")"
}

# kernel_elf SERIES: the ELF file in that of x86, which starts without having to unpack itself; kept, as it takes a second.
kernel_elf()
{
	local image elf offset size sectors unpack
	image=$(kernel_image "$1")
	elf=$build/board/vmlinux-$(kernel_release "$1")
	if [ ! "$elf" -nt "$image" ]; then
		# Linux/x86 boot protocol: payload_offset and payload_length, setup_sects.
		read -r offset size < <(od -An -tu4 -j $((0x248)) -N 8 "$image")
		read -r sectors < <(od -An -tu1 -j $((0x1f1)) -N 1 "$image")
		offset=$((offset + (sectors + 1) * 512))
		case $(od -An -tx4 -j $offset -N 4 "$image") in
		*587a37fd) unpack='xz -dc --single-stream' ;;
		*fd2fb528) unpack='zstd -dcq' ;;
		*) die "$image is packed neither by xz nor by zstd" ;;
		esac
		mkdir -p "$build/board"
		# Behind it comes its size, which is not of what was packed: the unpacker says so, when all of it is there.
		tail -c +$((offset + 1)) "$image" | head -c $((size - 4)) | $unpack >"$elf.$$" &&
			mv "$elf.$$" "$elf" || die "$image cannot be unpacked"
	fi
	printf '%s\n' "$elf"
}

# The series that are unpacked and can be built for and booted.
kernels_available()
{
	local series
	for series in $(kernel_series); do
		if kernel_release "$series" >/dev/null; then
			echo "$series"
		fi
	done
}

# The busybox that runs on the board.
board_busybox()
{
	if [ "$arch" = amd64 ]; then
		command -v busybox
	elif [ -x "$cache/busybox-$arch" ]; then
		echo "$cache/busybox-$arch"
	else
		return 1
	fi
}

# needed_libraries FILE: prints the names of the libraries that an ELF file of another architecture asks for.
needed_libraries()
{
	aarch64-linux-gnu-readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]$/\1/p'
}

# with_foreign_libraries DIRECTORY PROGRAM…: those that tools/setup has unpacked. Programs that are built here are in stage, and so on
# the board: only libraries go along for them.
with_foreign_libraries()
{
	local dir=$1 root program file name directory libraries=usr/lib/aarch64-linux-gnu asked=
	local wanted=()
	root=$(sysroot "$arch")
	shift
	for program; do
		file=
		for directory in "$stage/usr/bin" "$stage/usr/libexec" "$root/usr/bin"; do
			[ -n "$file" ] || [ ! -f "$directory/$program" ] || file=$directory/$program
		done
		[ -n "$file" ] || die "there is no $program for $arch; run tools/setup --arch $arch and tools/build --arch $arch"
		case $file in
		"$root"/*) install -D "$file" "$dir/usr/bin/$program" ;;
		esac
		wanted+=("$file")
	done
	while [ ${#wanted[@]} -gt 0 ]; do
		file=${wanted[0]}
		wanted=("${wanted[@]:1}")
		for name in $(needed_libraries "$file"); do
			case " $asked " in
			*" $name "*) continue ;;
			esac
			asked+=" $name"
			file=$root/$libraries/$name
			[ -f "$file" ] || die "$name is not among the libraries of $arch; tools/packages has to list its package"
			install -D "$file" "$dir/$libraries/$name"
			wanted+=("$file")
		done
	done
	# Programs ask for the one that loads the others by this name.
	ln -sf aarch64-linux-gnu/ld-linux-aarch64.so.1 "$dir/usr/lib/"
}

# with_libraries DIRECTORY PROGRAM…: copies programs of this machine, or of the architecture, and the libraries they load into a file
# system that lies there, to the places where they are found. As on Debian, /bin, /sbin and /lib are those of /usr.
with_libraries()
{
	local dir=$1 program file
	if [ "$arch" != amd64 ]; then
		with_foreign_libraries "$@"
		return
	fi
	shift
	for program; do
		file=$(PATH=$PATH:/usr/sbin:/sbin command -v "$program") || die "$program is not installed; run tools/setup"
		for file in "$file" $(ldd "$file" | sed -n 's/.*[[:space:]]\(\/[^ ]*\) (0x.*/\1/p'); do
			case $file in
			/bin/* | /sbin/* | /lib/*) install -D "$file" "$dir/usr$file" ;;
			*) install -D "$file" "$dir$file" ;;
			esac
		done
	done
}
