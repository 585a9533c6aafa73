// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Images into a cell's memory. Called twice, as by the loader module: first every range of every image is checked,
 * then they are written; what a program changes in between is checked again.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <hv/core/arch.h>
#include "simulated.h"

#define SEGMENTS_MAX 64

struct image_write {
	struct bh_device_error *error;
	const struct cell *cell;
	u32 index; /* of the image */
	bool commit;
	int fd; /* or */
	const char *text;
	u64 size; /* of the file */
};

static const struct bh_memory *image_region(const struct image_write *w, u64 address)
{
	const struct bh_memory *regions = desc_memory(w->cell->desc);

	for (u32 i = 0; i < w->cell->desc->memory.count; i++)
		if (regions[i].flags & BH_MEM_LOADABLE &&
		    !(regions[i].flags & (BH_MEM_COMM | BH_MEM_IO)) &&
		    address - regions[i].virt < regions[i].size)
			return &regions[i];
	return NULL;
}

static int image_read(const struct image_write *w, void *to, u64 size, u64 from)
{
	for (u64 done = 0; done < size;) {
		ssize_t n = pread(w->fd, (char *)to + done, size - done, from + done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return sim_error(w->error, n < 0 ? errno : ENOEXEC, BH_R_IMAGE,
					 "image %u is cut short or cannot be read at byte %llu",
					 w->index, (unsigned long long)(from + done));
		done += n;
	}
	return 0;
}

enum source {
	SOURCE_ZEROS,
	SOURCE_IMAGE,
};

static int image_range(const struct image_write *w, u64 address, u64 size, enum source source,
		       u64 from)
{
	u64 at = address, left = size;

	if (address + size < address)
		return sim_error(w->error, EINVAL, BH_R_IMAGE,
				 "image %u: 0x%llx bytes at 0x%llx wrap around", w->index,
				 (unsigned long long)size, (unsigned long long)address);
	while (left) {
		const struct bh_memory *region = image_region(w, at);
		u64 piece;
		char *to;
		int status;

		if (!region)
			return sim_error(
				w->error, EINVAL, BH_R_IMAGE,
				"image %u: 0x%llx bytes at 0x%llx do not fit: 0x%llx is in no "
				"loadable memory region of cell \"%s\"",
				w->index, (unsigned long long)size, (unsigned long long)address,
				(unsigned long long)at, w->cell->name);
		piece = MIN(left, region->size - (at - region->virt));
		to = phys_to_virt(PADDR(region->phys + (at - region->virt)));
		if (w->commit && source == SOURCE_ZEROS) {
			memset(to, 0, piece);
		} else if (w->commit && w->text) {
			memcpy(to, w->text + from, piece);
		} else if (w->commit) {
			status = image_read(w, to, piece, from);
			if (status)
				return status;
		}
		at += piece;
		left -= piece;
		from += piece;
	}
	return 0;
}

static int image_segment(const struct image_write *w, const Elf64_Phdr *segment, u64 base)
{
	unsigned long long address = base + segment->p_paddr, at = segment->p_paddr;
	int status;

	if (segment->p_type != PT_LOAD || !segment->p_memsz)
		return 0;
	if (segment->p_filesz > segment->p_memsz || segment->p_offset > w->size ||
	    segment->p_filesz > w->size - segment->p_offset)
		return sim_error(w->error, ENOEXEC, BH_R_IMAGE,
				 "image %u: the ELF segment at 0x%llx reaches beyond the file",
				 w->index, at);
	if (address < base || address + segment->p_memsz < address)
		return sim_error(w->error, EINVAL, BH_R_IMAGE,
				 "image %u: the ELF segment at 0x%llx wraps around", w->index, at);
	status = image_range(w, address, segment->p_filesz, SOURCE_IMAGE, segment->p_offset);
	return status ? status
		      : image_range(w, address + segment->p_filesz,
				    segment->p_memsz - segment->p_filesz, SOURCE_ZEROS, 0);
}

/* 32-bit files are widened. */
static int image_elf(const struct image_write *w, u64 base)
{
	union {
		Elf64_Ehdr e64;
		Elf32_Ehdr e32;
	} head;
	union {
		Elf64_Phdr p64;
		Elf32_Phdr p32;
	} part;
	u64 offset, entry, count;
	bool wide;
	int status = image_read(w, &head, sizeof(head), 0);

	if (status)
		return status;
	wide = head.e64.e_ident[EI_CLASS] == ELFCLASS64;
	offset = wide ? head.e64.e_phoff : head.e32.e_phoff;
	entry = wide ? head.e64.e_phentsize : head.e32.e_phentsize;
	count = wide ? head.e64.e_phnum : head.e32.e_phnum;
	if (memcmp(head.e64.e_ident, ELFMAG, SELFMAG) || head.e64.e_ident[EI_DATA] != ELFDATA2LSB ||
	    head.e64.e_machine != (wide ? EM_X86_64 : EM_386))
		return sim_error(w->error, ENOEXEC, BH_R_IMAGE,
				 "image %u is no ELF file for x86: load it as raw, with an address",
				 w->index);
	if (entry != (wide ? sizeof(part.p64) : sizeof(part.p32)) || !count || count > SEGMENTS_MAX)
		return sim_error(w->error, ENOEXEC, BH_R_IMAGE,
				 "image %u: the ELF file has %llu segments of %llu bytes; 1 to %u "
				 "are possible",
				 w->index, (unsigned long long)count, (unsigned long long)entry,
				 SEGMENTS_MAX);
	for (u64 i = 0; i < count && !status; i++) {
		status = image_read(w, &part, entry, offset + i * entry);
		if (status)
			break;
		if (!wide) {
			Elf32_Phdr p = part.p32;

			part.p64 = (Elf64_Phdr){
				.p_type = p.p_type,
				.p_offset = p.p_offset,
				.p_paddr = p.p_paddr,
				.p_filesz = p.p_filesz,
				.p_memsz = p.p_memsz,
			};
		}
		status = image_segment(w, &part.p64, base);
	}
	return status;
}

static int image_one(struct image_write *w, const struct bh_image *image)
{
	struct stat file;
	int flags;

	if (image->reserved || image->type > BH_IMAGE_TEXT)
		return sim_error(w->error, EINVAL, BH_R_ARGUMENT,
				 "image %u: type %u is unknown or a reserved field is set",
				 w->index, image->type);
	w->text = image->type == BH_IMAGE_TEXT ? (const char *)(uintptr_t)image->text : NULL;
	w->fd = image->fd;
	if (image->type == BH_IMAGE_TEXT)
		return image_range(w, image->address, image->text_size, SOURCE_IMAGE, 0);
	flags = fcntl(w->fd, F_GETFL);
	if (flags < 0 || fstat(w->fd, &file))
		return sim_error(w->error, EBADF, BH_R_ARGUMENT, "image %u: %d is no open file",
				 w->index, w->fd);
	if (!S_ISREG(file.st_mode) || (flags & O_ACCMODE) == O_WRONLY)
		return sim_error(w->error, EINVAL, BH_R_IMAGE,
				 "image %u is not a regular file open for reading", w->index);
	w->size = file.st_size;
	if (image->type == BH_IMAGE_ELF)
		return image_elf(w, image->address);
	if (!w->size)
		return sim_error(w->error, ENOEXEC, BH_R_IMAGE, "image %u is empty", w->index);
	return image_range(w, image->address, w->size, SOURCE_IMAGE, 0);
}

int sim_image_load(const struct cell *cell, const struct bh_image *images, size_t count,
		   bool commit, struct bh_device_error *error)
{
	struct image_write w = {.error = error, .cell = cell, .commit = commit};
	int status = 0;

	for (w.index = 0; w.index < count && !status; w.index++)
		status = image_one(&w, &images[w.index]);
	return status;
}
