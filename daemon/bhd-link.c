// SPDX-License-Identifier: GPL-2.0-or-later

#include "bhd-cell.h"
#include "bhd-error.h"
#include "bhd-link.h"
#include "bhd-options.h"

struct _BhdLink {
	BhDbusLinkSkeleton parent;
	BhdDaemon *daemon; /* outlives it */
	char *path;
};

static void link_iface_init(BhDbusLinkIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE(BhdLink, bhd_link, BH_DBUS_TYPE_LINK_SKELETON,
			      G_IMPLEMENT_INTERFACE(BH_DBUS_TYPE_LINK, link_iface_init))

const char *bhd_link_get_path(BhdLink *self)
{
	return self->path;
}

static gboolean is_there(const struct bh_info_link_peer *peer)
{
	return peer->owner != BH_OWNER_NOBODY;
}

/* What runs decides, where something does. */
static char **list_peers(const BhLink *file, const struct bh_info_link *info,
			 const BhdSnapshot *snapshot)
{
	guint count = info ? info->peers : bh_link_count_peers(file);
	char **peers = g_new0(char *, count + 1);

	for (guint i = 0; i < count; i++) {
		const char *name = info && is_there(&info->peer[i])
					   ? bhd_snapshot_cell_name(snapshot, info->peer[i].owner)
				   : file && i < bh_link_count_peers(file)
					   ? bh_link_get_peer(file, i)
					   : NULL;

		peers[i] = g_strdup(name ? name : "");
	}
	return peers;
}

static void set_presence(BhdLink *self, const struct bh_info_link *info, char **peers)
{
	g_autoptr(GPtrArray) present = g_ptr_array_new();
	g_autoptr(GArray) states = g_array_new(FALSE, FALSE, sizeof(guint32));
	BhDbusLink *object = BH_DBUS_LINK(self);
	gboolean failed = FALSE;

	for (guint i = 0; peers[i]; i++) {
		guint32 state = info ? info->peer[i].state : 0;
		BhdCell *cell = bhd_daemon_find_cell(self->daemon, peers[i]);

		g_array_append_val(states, state);
		if (info && is_there(&info->peer[i]))
			g_ptr_array_add(present, peers[i]);
		failed |= cell && bhd_cell_has_failed(cell);
	}
	bh_dbus_link_set_state(object, present->len < 2 ? "down" : "up");
	bh_dbus_link_set_health(object, failed ? "failed" : "good");
	bh_dbus_link_set_peer_states(object,
				     g_variant_new_fixed_array(G_VARIANT_TYPE_UINT32, states->data,
							       states->len, sizeof(guint32)));
	g_ptr_array_add(present, NULL);
	bh_dbus_link_set_present(object, (const char *const *)present->pdata);
}

void bhd_link_update(BhdLink *self, const BhLink *file, guint number)
{
	const BhdSnapshot *snapshot = bhd_daemon_get_snapshot(self->daemon);
	const struct bh_info_link *info = bhd_snapshot_find_link(snapshot, number);
	g_auto(GStrv) peers = list_peers(file, info, snapshot);
	guint64 shared = info ? info->rw_size : file->link->shared_size;
	guint64 output = info ? info->output_size : file->link->output_size;
	g_autofree char *protocol =
		bh_link_protocol_to_string(info ? info->protocol : file->link->protocol);

	g_object_set(self, "number", number, "file", file ? file->cell->path : "", "peers", peers,
		     "protocol", protocol, "shared-size", shared, "output-size", output, "size",
		     BH_LINK_STATE_SIZE + shared + g_strv_length(peers) * output, NULL);
	set_presence(self, info, peers);
}

/* --- counters -------------------------------------------------------------------------------- */

typedef struct {
	BhdLink *self;
	GDBusMethodInvocation *invocation;
	struct bh_info_link info;
} Stats;

static gboolean read_stats(struct bh_backend *backend, gpointer data, GCancellable *cancellable,
			   GError **error)
{
	struct bh_device_error device = {0};
	Stats *stats = data;
	guint32 number = stats->info.number;

	(void)cancellable;
	if (!backend->ops->info_link(backend, number, &stats->info, &device) &&
	    stats->info.number == number)
		return TRUE;
	g_set_error(error, BHD_ERROR, BHD_ERROR_WRONG_STATE,
		    "the link \"%s\" does not exist: create or start one of its cells first",
		    bh_dbus_link_get_name(BH_DBUS_LINK(stats->self)));
	return FALSE;
}

static GVariant *describe_peer(const struct bh_info_link_peer *peer, const char *name, guint64 now,
			       guint64 *least)
{
	GVariantDict dict;

	g_variant_dict_init(&dict, NULL);
	g_variant_dict_insert(&dict, "name", "s", name);
	g_variant_dict_insert(&dict, "present", "b", is_there(peer));
	g_variant_dict_insert(&dict, "state", "u", peer->state);
	g_variant_dict_insert(&dict, "rung", "t", peer->rung);
	g_variant_dict_insert(&dict, "received", "t", peer->received);
	if (peer->active_ns) {
		guint64 age = now - MIN(now, peer->active_ns / 1000);

		g_variant_dict_insert(&dict, "age", "t", age);
		*least = MIN(*least, age);
	}
	return g_variant_dict_end(&dict);
}

static void on_stats(GObject *source, GAsyncResult *result, gpointer user_data)
{
	Stats *stats = user_data;
	BhDbusLink *object = BH_DBUS_LINK(stats->self);
	const char *const *names = bh_dbus_link_get_peers(object);
	guint64 now = bhd_cell_now(), least = G_MAXUINT64;
	GError *error = NULL;
	GVariantBuilder peers;
	GVariantDict dict;

	(void)source;
	if (!bhd_worker_finish(result, &error)) {
		bhd_error_return(stats->invocation, error);
	} else {
		g_variant_builder_init(&peers, G_VARIANT_TYPE("aa{sv}"));
		for (guint i = 0; names[i] && i < stats->info.peers; i++)
			g_variant_builder_add_value(
				&peers, describe_peer(&stats->info.peer[i], names[i], now, &least));
		g_variant_dict_init(&dict, NULL);
		g_variant_dict_insert(&dict, "peers", "aa{sv}", &peers);
		if (least != G_MAXUINT64)
			g_variant_dict_insert(&dict, "age", "t", least);
		g_variant_dict_insert(&dict, "time", "t", now);
		bh_dbus_link_complete_get_stats(object, stats->invocation,
						g_variant_dict_end(&dict));
	}
	g_object_unref(stats->self);
	g_free(stats);
}

static gboolean handle_get_stats(BhDbusLink *object, GDBusMethodInvocation *invocation,
				 GVariant *options)
{
	BhdLink *self = BHD_LINK(object);
	GError *error = NULL;
	Stats *stats;

	if (!bhd_options_read(options, &error, NULL))
		return bhd_error_return(invocation, error);
	stats = g_new0(Stats, 1);
	stats->self = g_object_ref(self);
	stats->invocation = invocation;
	stats->info.number = bh_dbus_link_get_number(object);
	bhd_worker_run(bhd_daemon_get_worker(self->daemon), read_stats, stats, NULL, on_stats,
		       stats);
	return TRUE;
}

/* --- life ------------------------------------------------------------------------------------ */

static void link_iface_init(BhDbusLinkIface *iface)
{
	iface->handle_get_stats = handle_get_stats;
}

static void bhd_link_finalize(GObject *object)
{
	g_free(BHD_LINK(object)->path);
	G_OBJECT_CLASS(bhd_link_parent_class)->finalize(object);
}

static void bhd_link_class_init(BhdLinkClass *klass)
{
	G_OBJECT_CLASS(klass)->finalize = bhd_link_finalize;
	bhd_authority_guard_class(G_DBUS_INTERFACE_SKELETON_CLASS(klass));
}

static void bhd_link_init(BhdLink *self)
{
	(void)self;
}

BhdLink *bhd_link_new(BhdDaemon *daemon, const char *name)
{
	BhdLink *self = g_object_new(BHD_TYPE_LINK, NULL);
	g_autofree char *escaped = g_dbus_escape_object_path(name);

	self->daemon = daemon;
	self->path = g_strdup_printf(BHD_ROOT_PATH "/links/%s", escaped);
	bh_dbus_link_set_name(BH_DBUS_LINK(self), name);
	bhd_authority_guard(bhd_daemon_get_authority(daemon), G_DBUS_INTERFACE_SKELETON(self),
			    NULL);
	return self;
}
