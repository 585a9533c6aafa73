// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Images into a cell's memory, straight from the page cache. Called twice: first every range of every
 * image is checked, then they are written; what a program changes in between is checked again.
 */

#include <linux/elf.h>
#include <linux/file.h>
#include <linux/io.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "arch.h"
#include "core.h"

#define SEGMENTS_MAX 64
#define CHUNK SZ_4M /* mapped and read at once */

struct image_write {
	struct bh_call *call;
	const struct bh_cell *cell;
	u32 index; /* of the image */
	bool commit;
	struct file *file; /* or */
	const void __user *text;
};

static const struct bh_memory *image_region(const struct image_write *w, u64 address)
{
	const struct bh_memory *memory = desc_memory(w->cell->desc);
	u32 i;

	for (i = 0; i < w->cell->desc->memory.count; i++)
		if (memory[i].flags & BH_MEM_LOADABLE &&
		    !(memory[i].flags & (BH_MEM_COMM | BH_MEM_IO)) && address >= memory[i].virt &&
		    address - memory[i].virt < memory[i].size)
			return &memory[i];
	return NULL;
}

/* One piece inside one region; from < 0 clears. */
static int image_piece(struct image_write *w, u64 phys, u64 size, loff_t from)
{
	u64 shift = offset_in_page(phys);
	void *map = memremap(phys - shift, PAGE_ALIGN(size + shift), MEMREMAP_WB);
	int ret = 0;
	u64 done;

	if (!map)
		return error_set(w->call, ENOMEM, BH_R_OTHER,
				 "the kernel could not map the cell's memory at 0x%llx", phys);
	if (from < 0) {
		memset(map + shift, 0, size);
	} else if (w->text) {
		if (copy_from_user(map + shift, w->text + from, size))
			ret = error_set(w->call, EFAULT, BH_R_ARGUMENT,
					"image %u: the text is not the program's memory", w->index);
	} else {
		for (done = 0; done < size && !ret;) {
			ssize_t n = kernel_read(w->file, map + shift + done, size - done, &from);

			if (n > 0)
				done += n;
			else
				ret = error_set(w->call, n ? -n : EIO, BH_R_IMAGE,
						"image %u: the file could not be read at byte %lld "
						"(error %zd)",
						w->index, from, -n);
		}
	}
	arch_memory_written(map + shift, size);
	memunmap(map);
	return ret;
}

static int image_range(struct image_write *w, u64 address, u64 size, loff_t from)
{
	u64 at = address, left = size;

	if (address + size < address)
		return error_set(w->call, EINVAL, BH_R_IMAGE,
				 "image %u: 0x%llx bytes at 0x%llx wrap around", w->index, size,
				 address);
	while (left) {
		const struct bh_memory *region = image_region(w, at);
		u64 piece;
		int ret;

		if (!region)
			return error_set(
				w->call, EINVAL, BH_R_IMAGE,
				"image %u: 0x%llx bytes at 0x%llx do not fit: 0x%llx is in no "
				"loadable memory region of cell \"%s\"",
				w->index, size, address, at, w->cell->name);
		piece = min3(left, region->size - (at - region->virt), (u64)CHUNK);
		if (w->commit) {
			if (fatal_signal_pending(current))
				return error_set(
					w->call, EINTR, BH_R_INTERRUPTED,
					"the call was killed while images were being loaded; the "
					"cell is loadable still");
			ret = image_piece(w, region->phys + (at - region->virt), piece, from);
			if (ret)
				return ret;
		}
		at += piece;
		left -= piece;
		if (from >= 0)
			from += piece;
		cond_resched();
	}
	return 0;
}

static int image_read(struct image_write *w, void *to, size_t size, loff_t from)
{
	ssize_t n = kernel_read(w->file, to, size, &from);

	if (n == size)
		return 0;
	return error_set(w->call, n < 0 ? -n : ENOEXEC, BH_R_IMAGE,
			 "image %u is cut short or not an ELF file", w->index);
}

static int image_segment(struct image_write *w, const Elf64_Phdr *segment, u64 base)
{
	u64 size = i_size_read(file_inode(w->file)), address = base + segment->p_paddr;
	int ret;

	if (segment->p_type != PT_LOAD || !segment->p_memsz)
		return 0;
	if (segment->p_filesz > segment->p_memsz || segment->p_offset > size ||
	    segment->p_filesz > size - segment->p_offset)
		return error_set(w->call, ENOEXEC, BH_R_IMAGE,
				 "image %u: the ELF segment at 0x%llx reaches beyond the file",
				 w->index, (u64)segment->p_paddr);
	if (address < base)
		return error_set(w->call, EINVAL, BH_R_IMAGE,
				 "image %u: the ELF segment at 0x%llx wraps around", w->index,
				 (u64)segment->p_paddr);
	ret = image_range(w, address, segment->p_filesz, segment->p_offset);
	if (!ret && segment->p_memsz > segment->p_filesz && address + segment->p_filesz >= address)
		ret = image_range(w, address + segment->p_filesz,
				  segment->p_memsz - segment->p_filesz, -1);
	return ret;
}

/* 32-bit files, as boot protocols for payloads often use, are widened. */
static int image_elf(struct image_write *w, u64 base)
{
	union {
		Elf64_Ehdr e64;
		Elf32_Ehdr e32;
	} head;
	union {
		Elf64_Phdr p64;
		Elf32_Phdr p32;
	} part;
	u64 offset, entry, count, i;
	bool wide;
	int ret = image_read(w, &head, sizeof(head), 0);

	if (ret)
		return ret;
	wide = head.e64.e_ident[EI_CLASS] == ELFCLASS64;
	offset = wide ? head.e64.e_phoff : head.e32.e_phoff;
	entry = wide ? head.e64.e_phentsize : head.e32.e_phentsize;
	count = wide ? head.e64.e_phnum : head.e32.e_phnum;
	if (memcmp(head.e64.e_ident, ELFMAG, SELFMAG) || head.e64.e_ident[EI_DATA] != ELFDATA2LSB ||
	    head.e64.e_machine != (wide ? ELF_ARCH : ARCH_ELF32))
		return error_set(w->call, ENOEXEC, BH_R_IMAGE,
				 "image %u is no ELF file for " ARCH_NAME
				 ": load it as raw, with an address",
				 w->index);
	if (entry != (wide ? sizeof(part.p64) : sizeof(part.p32)) || !count || count > SEGMENTS_MAX)
		return error_set(
			w->call, ENOEXEC, BH_R_IMAGE,
			"image %u: the ELF file has %llu segments of %llu bytes; 1 to %u are "
			"possible",
			w->index, count, entry, SEGMENTS_MAX);
	for (i = 0; i < count && !ret; i++) {
		ret = image_read(w, &part, entry, offset + i * entry);
		if (ret)
			break;
		if (!wide) {
			Elf32_Phdr p = part.p32;

			part.p64 = (Elf64_Phdr){.p_type = p.p_type,
						.p_offset = p.p_offset,
						.p_paddr = p.p_paddr,
						.p_filesz = p.p_filesz,
						.p_memsz = p.p_memsz};
		}
		ret = image_segment(w, &part.p64, base);
	}
	return ret;
}

static int image_one(struct image_write *w, const struct bh_image *image)
{
	u64 size;
	int ret;

	if (image->reserved || image->type > BH_IMAGE_TEXT)
		return error_set(w->call, EINVAL, BH_R_ARGUMENT,
				 "image %u: type %u is unknown or a reserved field is set",
				 w->index, image->type);
	if (image->type == BH_IMAGE_TEXT) {
		w->text = u64_to_user_ptr(image->text);
		w->file = NULL;
		return image_range(w, image->address, image->text_size, 0);
	}
	w->text = NULL;
	w->file = fget(image->fd);
	if (!w->file)
		return error_set(w->call, EBADF, BH_R_ARGUMENT, "image %u: %d is no open file",
				 w->index, image->fd);
	size = i_size_read(file_inode(w->file));
	if (!S_ISREG(file_inode(w->file)->i_mode) || !(w->file->f_mode & FMODE_READ))
		ret = error_set(w->call, EINVAL, BH_R_IMAGE,
				"image %u is not a regular file open for reading", w->index);
	else if (image->type == BH_IMAGE_ELF)
		ret = image_elf(w, image->address);
	else if (!size)
		ret = error_set(w->call, ENOEXEC, BH_R_IMAGE, "image %u is empty", w->index);
	else
		ret = image_range(w, image->address, size, 0);
	fput(w->file);
	return ret;
}

int image_load(struct bh_call *call, const struct bh_cell *cell, const struct bh_image *images,
	       u32 count, bool commit)
{
	struct image_write w = {.call = call, .cell = cell, .commit = commit};
	int ret = 0;

	for (w.index = 0; w.index < count && !ret; w.index++)
		ret = image_one(&w, &images[w.index]);
	return ret;
}
