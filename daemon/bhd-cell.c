// SPDX-License-Identifier: GPL-2.0-or-later

#include "bhd-cell-private.h"
#include "bhd-error.h"
#include "bhd-loaded.h"

#define BEAT_PUBLISHED_US (1 * G_USEC_PER_SEC)

G_DEFINE_FINAL_TYPE_WITH_CODE(BhdCell, bhd_cell, BH_DBUS_TYPE_CELL_SKELETON,
			      G_IMPLEMENT_INTERFACE(BH_DBUS_TYPE_CELL, bhd_cell_methods_init))

guint64 bhd_cell_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (guint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

const char *bhd_cell_get_name(BhdCell *self)
{
	return self->name;
}

const char *bhd_cell_get_path(BhdCell *self)
{
	return self->path;
}

gboolean bhd_cell_runs(BhdCell *self)
{
	return g_str_has_prefix(bh_dbus_cell_get_state(BH_DBUS_CELL(self)), "running");
}

gboolean bhd_cell_exists(BhdCell *self)
{
	return self->descriptor != NULL;
}

gboolean bhd_cell_has_failed(BhdCell *self)
{
	return g_str_has_prefix(bh_dbus_cell_get_state(BH_DBUS_CELL(self)), "failed");
}

gboolean bhd_cell_is_unwell(BhdCell *self)
{
	return bhd_cell_has_failed(self) ||
	       !strcmp(bh_dbus_cell_get_health(BH_DBUS_CELL(self)), "late");
}

/* --- heartbeat ------------------------------------------------------------------------------- */

static guint64 heartbeat_timeout(BhdCell *self)
{
	return self->config ? (guint64)self->config->heartbeat_ms * 1000 : 0;
}

static void set_health(BhdCell *self, const char *health)
{
	BhDbusCell *cell = BH_DBUS_CELL(self);
	const char *former = bh_dbus_cell_get_health(cell);

	if (!g_strcmp0(former, health))
		return;
	if (!strcmp(health, "late"))
		g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "BULKHEAD_CELL", self->name,
				 "MESSAGE", "Cell %s: no heartbeat within the expected %u ms",
				 self->name, self->config ? self->config->heartbeat_ms : 0);
	else if (!g_strcmp0(former, "late") && !strcmp(health, "good"))
		g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "BULKHEAD_CELL", self->name,
				 "MESSAGE", "Cell %s: the heartbeat has come back", self->name);
	bh_dbus_cell_set_health(cell, health);
	bhd_daemon_update_health(self->daemon);
}

static void watch_heartbeat(BhdCell *self);

static gboolean on_heartbeat_due(gpointer data)
{
	BhdCell *self = data;

	self->heartbeat = 0;
	watch_heartbeat(self);
	return G_SOURCE_REMOVE;
}

/* One timer, set for the latest time the next beat may come; beats do not touch it. */
static void watch_heartbeat(BhdCell *self)
{
	guint64 timeout = heartbeat_timeout(self);
	guint64 due = MAX(self->started, self->beat) + timeout;
	guint64 now = bhd_cell_now();

	bh_dbus_cell_set_heartbeat_timeout(BH_DBUS_CELL(self), timeout);
	if (!bhd_cell_runs(self) || !timeout) {
		g_clear_handle_id(&self->heartbeat, g_source_remove);
		set_health(self, bhd_cell_runs(self) ? "unwatched" : "none");
		return;
	}
	if (now >= due) {
		g_clear_handle_id(&self->heartbeat, g_source_remove);
		set_health(self, "late");
		return;
	}
	set_health(self, self->beat >= self->started && self->beat ? "good" : "waiting");
	if (!self->heartbeat)
		self->heartbeat = g_timeout_add((due - now) / 1000 + 1, on_heartbeat_due, self);
}

static void take_beat(BhdCell *self)
{
	self->beat = bhd_cell_now();
	if (self->beat - self->beat_published >= BEAT_PUBLISHED_US) {
		self->beat_published = self->beat;
		bh_dbus_cell_set_last_heartbeat(BH_DBUS_CELL(self), self->beat);
	}
	if (!self->heartbeat || strcmp(bh_dbus_cell_get_health(BH_DBUS_CELL(self)), "good"))
		watch_heartbeat(self);
}

static void on_output(BhdStream *console, guint bytes, BhdCell *self)
{
	(void)console;
	(void)bytes;
	take_beat(self);
}

static void on_console_ended(BhdStream *console, BhdCell *self)
{
	(void)console;
	bhd_daemon_refresh(self->daemon, NULL, NULL);
}

static gboolean is_pending(BhdCell *self);

void bhd_cell_attach_console(BhdCell *self, int fd, const BhdStreamPlace *place)
{
	bhd_stream_attach(self->console, fd, place);
	if (self->loaded)
		return;
	/* A cell from before our time. */
	self->loaded = bhd_loaded_read(bhd_daemon_get_settings(self->daemon)->runtime_directory,
				       self->name, place->generation);
	bh_dbus_cell_set_pending(BH_DBUS_CELL(self), is_pending(self));
}

guint32 bhd_cell_get_deaf(BhdCell *self)
{
	return bhd_stream_is_attached(self->console) ? 0 : bh_dbus_cell_get_id(BH_DBUS_CELL(self));
}

/* --- what is true ---------------------------------------------------------------------------- */

/* Events may be on their way still, or lost; the core's own counters are not. */
static const char *reason_for_failure(BhdCell *self, const char *state)
{
	gboolean by_name = strcmp(state, "failed") != 0; /* nobody but the cell says that */

	if (self->stopped)
		return self->stopped;
	if (self->cpu_failed)
		return bh_dbus_cell_get_violations(BH_DBUS_CELL(self)) ? "violation" : "core-fault";
	if (!by_name && (self->no_answer || self->asked))
		return "no-answer";
	return by_name || self->watched ? "gave-up" : "unknown";
}

static const char *reason_for(BhdCell *self, const char *former, const char *state)
{
	gboolean ran = former && g_str_has_prefix(former, "running");

	if (g_str_has_prefix(state, "running"))
		return ran	     ? bh_dbus_cell_get_state_reason(BH_DBUS_CELL(self))
		       : self->cause ? self->cause
				     : "unknown";
	if (g_str_has_prefix(state, "failed"))
		return reason_for_failure(self, state);
	if (!strcmp(state, "defined"))
		return "none";
	if (!strcmp(state, "invalid"))
		return "file";
	if (self->no_answer)
		return "no-answer";
	if (self->by_itself || (!self->cause && ran))
		return self->reset ? "reset" : "by-itself";
	return self->cause ? self->cause : "unknown";
}

/* What events have told of it is of the life before. */
static void begin_life(BhdCell *self)
{
	self->by_itself = self->reset = self->cpu_failed = self->no_answer = FALSE;
	self->stopped = NULL;
}

/* The only place where State changes. */
static void set_state(BhdCell *self, const char *state)
{
	BhDbusCell *cell = BH_DBUS_CELL(self);
	g_autofree char *former = g_strdup(bh_dbus_cell_get_state(cell));
	gboolean runs = g_str_has_prefix(state, "running");
	const char *reason;

	if (!g_strcmp0(former, state)) {
		/* It has run in between, and nobody has seen it. */
		if (self->anew && bhd_cell_has_failed(self))
			bh_dbus_cell_set_state_reason(cell, reason_for_failure(self, state));
		return;
	}
	self->anew = FALSE;
	/* Whoever hears of it can have read the cell's last words. */
	bhd_stream_drain(self->console);
	reason = reason_for(self, former, state);
	if (runs && (!former || !g_str_has_prefix(former, "running"))) {
		self->started = bhd_cell_now();
		self->watched = TRUE;
		if (self->begun <= self->rested) {
			begin_life(self);
			self->asked = self->stops > 0;
		}
	}
	bh_dbus_cell_set_state(cell, state);
	bh_dbus_cell_set_state_reason(cell, reason);
	if (former)
		g_log_structured(G_LOG_DOMAIN,
				 g_str_has_prefix(state, "failed") ? G_LOG_LEVEL_WARNING
								   : G_LOG_LEVEL_MESSAGE,
				 "BULKHEAD_CELL", self->name, "MESSAGE", "Cell %s: %s (%s)",
				 self->name, state, reason);
}

static void append_memory(GVariantBuilder *builder, const char *name, guint64 physical,
			  guint64 guest, guint64 size, guint32 flags)
{
	static const struct {
		guint32 flag;
		char letter;
	} letters[] = {
		{BH_MEM_READ, 'r'},	{BH_MEM_WRITE, 'w'},	  {BH_MEM_EXECUTE, 'x'},
		{BH_MEM_DMA, 'd'},	{BH_MEM_IO, 'i'},	  {BH_MEM_COMM, 'c'},
		{BH_MEM_LOADABLE, 'l'}, {BH_MEM_ROOTSHARED, 's'},
	};
	char text[G_N_ELEMENTS(letters) + 1];
	guint n = 0;

	for (guint i = 0; i < G_N_ELEMENTS(letters); i++)
		if (flags & letters[i].flag)
			text[n++] = letters[i].letter;
	text[n] = 0;
	g_variant_builder_add(builder, "(sttts)", name, physical, guest, size, text);
}

static GVariant *describe_memory(BhdCell *self)
{
	BhPlacement *placement = bhd_config_get_placement(bhd_daemon_get_config(self->daemon));
	GVariantBuilder builder;
	const struct bh_memory *memory;
	guint count;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("a(sttts)"));
	memory = bhd_descriptor_memory(self->descriptor, &count);
	for (guint i = 0; i < count; i++) {
		/* Names are in the file only; it may be another one by now. */
		const BhCellMemory *named = self->config && i < self->config->memory->len
						    ? self->config->memory->pdata[i]
						    : NULL;

		append_memory(&builder,
			      named && named->guest_address == memory[i].virt ? named->name : "",
			      memory[i].phys, memory[i].virt, memory[i].size, memory[i].flags);
	}
	for (guint i = 0; !self->descriptor && self->config && i < self->config->memory->len; i++) {
		const BhCellMemory *named = self->config->memory->pdata[i];

		append_memory(&builder, named->name,
			      bh_placement_get_memory(placement, self->config, named),
			      named->guest_address, named->size, named->flags);
	}
	return g_variant_builder_end(&builder);
}

static GVariant *describe_cpus(BhdCell *self)
{
	BhPlacement *placement = bhd_config_get_placement(bhd_daemon_get_config(self->daemon));
	const guint32 *cpus;
	guint count;

	cpus = bhd_descriptor_cpus(self->descriptor, &count);
	if (!self->descriptor && self->config) {
		g_autoptr(GArray) placed = bh_placement_get_cpus(placement, self->config);

		return g_variant_new_fixed_array(G_VARIANT_TYPE_UINT32, placed->data, placed->len,
						 sizeof(guint32));
	}
	return g_variant_new_fixed_array(G_VARIANT_TYPE_UINT32, cpus, count, sizeof(guint32));
}

static void set_devices(BhdCell *self)
{
	BhPlacement *placement = bhd_config_get_placement(bhd_daemon_get_config(self->daemon));
	g_autoptr(GPtrArray) devices = g_ptr_array_new_with_free_func(g_free);
	const struct bh_pci *pci;
	guint count;

	pci = bhd_descriptor_pci(self->descriptor, &count);
	for (guint i = 0; i < count; i++)
		g_ptr_array_add(devices, g_strdup_printf("%04x:%02x:%02x.%x", pci[i].segment,
							 pci[i].bdf >> 8, pci[i].bdf >> 3 & 0x1f,
							 pci[i].bdf & 7));
	for (guint i = 0; !self->descriptor && self->config && i < self->config->devices->len;
	     i++) {
		const char *address = bh_placement_get_device(placement, self->config,
							      self->config->devices->pdata[i]);

		if (address)
			g_ptr_array_add(devices, g_strdup(address));
	}
	g_ptr_array_add(devices, NULL);
	bh_dbus_cell_set_devices(BH_DBUS_CELL(self), (const char *const *)devices->pdata);
}

/* What is loaded, apart from what is in the images. */
static char *describe_images(const BhCell *config)
{
	g_autoptr(GString) text = g_string_new(config->command_line);

	if (config->linux_kernel)
		g_string_append_printf(text, "\n%s\n%s\n%s", config->linux_kernel,
				       config->linux_initrd ? config->linux_initrd : "",
				       config->linux_command_line ? config->linux_command_line
								  : "");
	for (guint i = 0; i < config->images->len; i++) {
		const BhCellImage *image = config->images->pdata[i];

		g_string_append_printf(text, "\n%s %u 0x%" G_GINT64_MODIFIER "x", image->path,
				       image->type, image->address);
	}
	return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Whether the file would make another cell than the one that exists. What it leaves open is no difference. */
static gboolean has_other_descriptor(BhdCell *self)
{
	BhPlacement *placement = bhd_config_get_placement(bhd_daemon_get_config(self->daemon));
	g_autoptr(GBytes) compiled = NULL;
	g_autoptr(GBytes) normal = NULL;
	g_autofree struct bh_cell_desc *descriptor = NULL;
	const struct bh_cell_desc *have;
	const struct bh_memory *had;
	const struct bh_link *had_links;
	struct bh_memory *memory;
	struct bh_link *links;
	guint count, old_count, link_count, old_link_count;

	if (!self->descriptor || !self->config || bh_dbus_cell_get_errors(BH_DBUS_CELL(self)))
		return FALSE;
	compiled = bh_compile(self->config, placement, NULL);
	if (!compiled || g_bytes_get_size(compiled) != g_bytes_get_size(self->descriptor))
		return TRUE;
	descriptor = g_memdup2(g_bytes_get_data(compiled, NULL), g_bytes_get_size(compiled));
	normal = g_bytes_new_static(descriptor, g_bytes_get_size(compiled));
	have = g_bytes_get_data(self->descriptor, NULL);
	had = bhd_descriptor_memory(self->descriptor, &old_count);
	memory = (struct bh_memory *)bhd_descriptor_memory(normal, &count);
	had_links = bhd_descriptor_links(self->descriptor, &old_link_count);
	links = (struct bh_link *)bhd_descriptor_links(normal, &link_count);
	if (count != old_count || link_count != old_link_count)
		return TRUE;
	for (guint i = 0; i < count; i++)
		if (memory[i].phys == BH_PHYS_ANY || memory[i].flags & BH_MEM_COMM)
			memory[i].phys = had[i].phys;
	for (guint i = 0; i < link_count; i++)
		links[i].phys = had_links[i].phys;
	if (!descriptor->id)
		descriptor->id = have->id;
	return memcmp(descriptor, have, descriptor->size) != 0;
}

static gboolean is_pending(BhdCell *self)
{
	g_autofree char *images = NULL;

	if (!self->descriptor && self->loaded) {
		g_clear_pointer(&self->loaded, g_free);
		bhd_loaded_remove(bhd_daemon_get_settings(self->daemon)->runtime_directory,
				  self->name);
	}
	if (has_other_descriptor(self))
		return TRUE;
	if (!self->config || !self->loaded)
		return FALSE;
	images = describe_images(self->config);
	return strcmp(images, self->loaded) != 0;
}

static void update_config(BhdCell *self)
{
	BhdConfig *config = bhd_daemon_get_config(self->daemon);
	GPtrArray *findings = bhd_config_get_findings(config);
	BhCell *cell = bh_cell_set_find(bhd_config_get_set(config), self->name);
	BhDbusCell *object = BH_DBUS_CELL(self);
	guint errors = 0, warnings = 0;

	if (cell)
		bh_cell_ref(cell);
	g_clear_pointer(&self->config, bh_cell_unref);
	self->config = cell;
	for (guint i = 0; i < findings->len; i++) {
		const BhFinding *finding = findings->pdata[i];

		if (g_strcmp0(finding->cell, self->name))
			continue;
		errors += finding->severity == BH_SEVERITY_ERROR;
		warnings += finding->severity == BH_SEVERITY_WARNING;
	}
	bh_dbus_cell_set_errors(object, errors);
	bh_dbus_cell_set_warnings(object, warnings);
	bh_dbus_cell_set_description(object, cell ? cell->description : "");
	bh_dbus_cell_set_file(object, cell ? cell->path : "");
	bh_dbus_cell_set_stop_timeout(object, cell ? (cell->shutdown_timeout_ms + 999) / 1000 : 0);
}

/* As it was made, or as it will be. */
static gboolean takes_input(BhdCell *self)
{
	const struct bh_cell_desc *desc =
		self->descriptor ? g_bytes_get_data(self->descriptor, NULL) : NULL;
	guint32 flags = desc ? desc->flags : self->config ? self->config->flags : 0;

	return (flags & BH_CELL_PC) != 0;
}

void bhd_cell_update(BhdCell *self)
{
	const BhdSnapshot *snapshot = bhd_daemon_get_snapshot(self->daemon);
	const struct bh_info_cell *info = bhd_snapshot_find(snapshot, self->name);
	const BhdSnapshotCell *more = info ? &snapshot->cell[info->id] : NULL;
	BhDbusCell *object = BH_DBUS_CELL(self);
	guint64 violations = 0;

	update_config(self);
	g_clear_pointer(&self->descriptor, g_bytes_unref);
	if (more && more->descriptor)
		self->descriptor = g_bytes_ref(more->descriptor);
	self->cpu_failed = more && more->cpu_failed;
	for (guint i = 0; info && i < BH_KINDS; i++)
		violations += info->violations[i];
	if (!info) {
		bhd_stream_attach(self->console, -1, NULL);
		bh_dbus_cell_set_last_violation(object, g_variant_new("a{sv}", NULL));
	}
	bh_dbus_cell_set_id(object, info ? info->id : 0);
	bh_dbus_cell_set_cpus(object, describe_cpus(self));
	bh_dbus_cell_set_memory(object, describe_memory(self));
	set_devices(self);
	bh_dbus_cell_set_takes_input(object, takes_input(self));
	bh_dbus_cell_set_violations(object, violations);
	bh_dbus_cell_set_exits(object, more ? more->exits : 0);
	bh_dbus_cell_set_pending(object, is_pending(self));
	if (info)
		set_state(self, info->loadable ? "loadable" : bhd_state_word(info->state));
	else
		set_state(self, bh_dbus_cell_get_errors(object) ? "invalid" : "defined");
	if (!info)
		self->begun = 0;
	if (!bhd_cell_runs(self))
		self->rested = snapshot ? snapshot->info.events_next : 0;
	watch_heartbeat(self);
}

/*
 * States are read from the core, and may have changed several times in between. Why they did is in the events, which come in
 * order.
 */
static void take_state_event(BhdCell *self, const struct bh_event *event)
{
	BhDbusCell *object = BH_DBUS_CELL(self);
	const char *state = bh_dbus_cell_get_state(object);
	gboolean ran =
		event->address == BH_CELL_RUNNING || event->address == BH_CELL_RUNNING_LOCKED;
	const char *reason;

	if (event->value == BH_CELL_RUNNING && !ran) {
		begin_life(self);
		self->begun = event->number + 1;
		/* Otherwise State was read since, and who has asked for what has acted by it. */
		if (event->number >= bhd_daemon_get_snapshot(self->daemon)->info.events_next) {
			self->asked = self->stops > 0;
			self->anew = TRUE;
		}
	} else if (event->value == BH_CELL_SHUT_DOWN && ran && !self->asked) {
		self->by_itself = TRUE;
		if (!strcmp(state, "shut-down"))
			bh_dbus_cell_set_state_reason(object, self->reset ? "reset" : "by-itself");
	} else if (event->value >= BH_CELL_FAILED) {
		reason = reason_for_failure(self, bhd_state_word(event->value));
		self->no_answer = !strcmp(reason, "no-answer");
		self->anew = FALSE;
		if (bhd_cell_has_failed(self) || (self->no_answer && (!strcmp(state, "shut-down") ||
								      !strcmp(state, "loadable"))))
			bh_dbus_cell_set_state_reason(object, reason);
	}
}

static void take_stop(BhdCell *self, const char *reason)
{
	BhDbusCell *object = BH_DBUS_CELL(self);

	self->stopped = reason;
	if (bhd_cell_has_failed(self))
		bh_dbus_cell_set_state_reason(object, reason);
}

void bhd_cell_take_event(BhdCell *self, const struct bh_event *event, GVariant *variant)
{
	BhDbusCell *object = BH_DBUS_CELL(self);
	const char *message = "";

	g_variant_lookup(variant, "message", "&s", &message);
	switch (event->type) {
	case BH_EVENT_VIOLATION:
		bh_dbus_cell_set_last_violation(object, variant);
		if (event->flags & BH_EVENT_STOPPED)
			take_stop(self, "violation");
		g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "BULKHEAD_CELL", self->name,
				 "MESSAGE", "Forbidden access: %s", message);
		break;
	case BH_EVENT_CPU_FAILED:
		self->cpu_failed = TRUE;
		break;
	case BH_EVENT_CORE_FAULT:
		take_stop(self, "core-fault");
		break;
	case BH_EVENT_CELL_POWER: /* its new state follows */
		self->reset = event->value == BH_POWER_RESET;
		break;
	case BH_EVENT_CELL_STATE:
		take_state_event(self, event);
		take_beat(self);
		break;
	default:
		break;
	}
}

/* --- operations ------------------------------------------------------------------------------ */

static gboolean is_start(BhdOperationKind kind)
{
	return kind == BHD_OPERATION_START || kind == BHD_OPERATION_RESTART;
}

static gboolean is_stop(BhdOperationKind kind)
{
	return kind == BHD_OPERATION_STOP || kind == BHD_OPERATION_RESTART ||
	       kind == BHD_OPERATION_DESTROY;
}

void bhd_cell_begin(BhdCell *self, BhdOperationKind kind)
{
	self->operations++;
	self->watched |= is_start(kind);
	if (is_stop(kind)) {
		self->stops++;
		self->asked = !bhd_cell_has_failed(self);
	}
	if (!self->cause)
		self->cause = "requested";
	bh_dbus_cell_set_busy(BH_DBUS_CELL(self), bhd_operation_word(kind));
}

void bhd_cell_end(BhdCell *self, const BhdOperation *operation, const GError *error)
{
	BhdOperationKind kind = operation->kind;
	BhDbusCell *object = BH_DBUS_CELL(self);

	g_clear_error(&self->error);
	if (error)
		self->error = g_error_copy(error);
	bh_dbus_cell_set_last_error(object, error ? error->message : "");
	if (error && is_start(kind) && !bhd_cell_runs(self) &&
	    strcmp(bh_dbus_cell_get_state(object), "invalid"))
		bh_dbus_cell_set_state_reason(object, "start-failed");
	if (error)
		g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "BULKHEAD_CELL", self->name,
				 "MESSAGE", "Cell %s: %s failed: %s", self->name,
				 bhd_operation_word(kind), error->message);
	if (operation->loaded) {
		g_free(self->loaded);
		self->loaded = describe_images(operation->config);
		bhd_loaded_write(bhd_daemon_get_settings(self->daemon)->runtime_directory,
				 self->name, bhd_stream_get_generation(self->console),
				 self->loaded);
		bh_dbus_cell_set_pending(object, is_pending(self));
	}
	self->stops -= is_stop(kind);
	/* What it does after a refusal, or once it was started again, is its own business. */
	if (!self->stops && bhd_cell_runs(self))
		self->asked = FALSE;
	if (!--self->operations) {
		self->cause = NULL;
		bh_dbus_cell_set_busy(object, "");
	}
}

static const BhFinding *first_error(BhdCell *self)
{
	GPtrArray *findings = bhd_config_get_findings(bhd_daemon_get_config(self->daemon));

	for (guint i = 0; i < findings->len; i++) {
		const BhFinding *finding = findings->pdata[i];

		if (finding->severity == BH_SEVERITY_ERROR && !g_strcmp0(finding->cell, self->name))
			return finding;
	}
	return NULL;
}

gboolean bhd_cell_compile(BhdCell *self, BhdOperation *operation, GError **error)
{
	BhPlacement *placement = bhd_config_get_placement(bhd_daemon_get_config(self->daemon));
	const BhFinding *wrong = first_error(self);
	g_autoptr(GError) open = NULL;

	if (!self->config) {
		g_set_error(error, BHD_ERROR, BHD_ERROR_INVALID_CONFIG,
			    "the cell \"%s\" has no file any more: it can only be stopped and "
			    "destroyed",
			    self->name);
		return FALSE;
	}
	if (wrong) {
		g_autofree char *text = bh_finding_to_string(wrong);

		g_set_error(error, BHD_ERROR, BHD_ERROR_INVALID_CONFIG, "%s", text);
		return FALSE;
	}
	g_clear_pointer(&operation->descriptor, g_bytes_unref);
	g_clear_pointer(&operation->images, g_array_unref);
	g_clear_pointer(&operation->config, bh_cell_unref);
	operation->descriptor = bh_compile(self->config, placement, &open);
	if (!operation->descriptor) {
		g_set_error(error, BHD_ERROR, BHD_ERROR_INVALID_CONFIG, "%s", open->message);
		return FALSE;
	}
	operation->config = bh_cell_ref(self->config);
	operation->images = bh_compile_images(self->config, placement, &open);
	if (!operation->images) {
		g_set_error(error, BHD_ERROR, BHD_ERROR_INVALID_CONFIG, "the cell \"%s\": %s",
			    self->name, open->message);
		return FALSE;
	}
	operation->renew = has_other_descriptor(self);
	return TRUE;
}

/* --- life ------------------------------------------------------------------------------------ */

static void bhd_cell_dispose(GObject *object)
{
	BhdCell *self = BHD_CELL(object);

	g_clear_handle_id(&self->heartbeat, g_source_remove);
	if (self->console)
		g_signal_handlers_disconnect_by_data(self->console, self);
	g_clear_object(&self->console);
	G_OBJECT_CLASS(bhd_cell_parent_class)->dispose(object);
}

static void bhd_cell_finalize(GObject *object)
{
	BhdCell *self = BHD_CELL(object);

	g_clear_pointer(&self->config, bh_cell_unref);
	g_clear_pointer(&self->descriptor, g_bytes_unref);
	g_clear_error(&self->error);
	g_free(self->loaded);
	g_free(self->name);
	g_free(self->path);
	g_free(self->unit);
	G_OBJECT_CLASS(bhd_cell_parent_class)->finalize(object);
}

static void bhd_cell_class_init(BhdCellClass *klass)
{
	G_OBJECT_CLASS(klass)->dispose = bhd_cell_dispose;
	G_OBJECT_CLASS(klass)->finalize = bhd_cell_finalize;
	bhd_authority_guard_class(G_DBUS_INTERFACE_SKELETON_CLASS(klass));
}

static void bhd_cell_init(BhdCell *self)
{
	self->console = bhd_stream_new();
	g_signal_connect(self->console, "output", G_CALLBACK(on_output), self);
	g_signal_connect(self->console, "ended", G_CALLBACK(on_console_ended), self);
}

BhdCell *bhd_cell_new(BhdDaemon *daemon, const char *name)
{
	BhdCell *self = g_object_new(BHD_TYPE_CELL, NULL);
	g_autofree char *escaped = g_dbus_escape_object_path(name);
	BhDbusCell *object = BH_DBUS_CELL(self);
	gboolean units = bhd_daemon_get_systemd(daemon) != NULL;

	self->daemon = daemon;
	self->name = g_strdup(name);
	self->path = g_strdup_printf(BHD_ROOT_PATH "/cells/%s", escaped);
	self->unit = bhd_systemd_unit_name(name);
	bh_dbus_cell_set_name(object, name);
	bh_dbus_cell_set_busy(object, "");
	bh_dbus_cell_set_last_error(object, "");
	bh_dbus_cell_set_unit(object, units ? self->unit : "");
	bh_dbus_cell_set_autostart(object, "unavailable");
	bh_dbus_cell_set_health(object, "none");
	bh_dbus_cell_set_last_violation(object, g_variant_new("a{sv}", NULL));
	bhd_authority_guard(bhd_daemon_get_authority(daemon), G_DBUS_INTERFACE_SKELETON(self),
			    name);
	bhd_cell_update(self);
	bhd_cell_update_autostart(self);
	return self;
}
