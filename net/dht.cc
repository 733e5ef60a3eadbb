/* The Mainline DHT by libtorrent-rasterbar, behind net/dht.h. The only C++ here: it translates.
 *
 * Happy path: open() makes a session that is nothing but a DHT node: no torrents, no disk, no local
 * peer discovery. Alerts become events in the order they came.
 *
 * Failure modes: whatever the library throws becomes the text of open() or a DHT_TROUBLE; nothing
 * is thrown across the border.
 */
#include "net/dht.h"

#include <libtorrent/alert_types.hpp>
#include <libtorrent/disabled_disk_io.hpp>
#include <libtorrent/hasher.hpp>
#include <libtorrent/session.hpp>
#include <libtorrent/session_params.hpp>
#include <libtorrent/session_stats.hpp>

#include <dirent.h>
#include <fcntl.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace lt = libtorrent;

namespace
{

constexpr std::size_t events_max = 1024; // older ones go: lookups are repeated
constexpr std::size_t state_max = 1 << 20;

} // namespace

struct dht {
    std::unique_ptr<lt::session> session;
    std::deque<dht_event> events;
    std::vector<lt::port_mapping_t> mapped;
    std::string nodes;
};

namespace
{

/* Signals are for the program's own threads: those that are made meanwhile take none. */
class no_signals
{
  public:
    no_signals()
    {
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before_);
    }
    ~no_signals()
    {
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    no_signals(no_signals const &) = delete;
    no_signals &operator=(no_signals const &) = delete;

  private:
    sigset_t before_;
};

std::string joined(const char *const *nodes)
{
    std::string all;
    for (; *nodes != nullptr; nodes++) {
        all += (all.empty() ? "" : ",") + std::string(*nodes);
    }
    return all;
}

/* A session that only speaks the DHT's UDP. */
lt::settings_pack base_settings(const dht_options &o)
{
    lt::settings_pack s;
    std::string port = ":" + std::to_string(o.port);
    std::string ip = o.ip;
    if (ip.empty()) {
        ip = "0.0.0.0" + port + ",[::]" + port;
    } else {
        ip = (ip.find(':') == std::string::npos ? ip : "[" + ip + "]") + port;
    }
    s.set_str(lt::settings_pack::listen_interfaces, ip);
    s.set_bool(lt::settings_pack::listen_system_port_fallback, false);
    s.set_str(lt::settings_pack::dht_bootstrap_nodes, joined(o.nodes));
    s.set_str(lt::settings_pack::user_agent, "");
    s.set_bool(lt::settings_pack::enable_dht, true);
    s.set_bool(lt::settings_pack::enable_lsd, false);
    s.set_bool(lt::settings_pack::enable_upnp, o.map_ports);
    s.set_bool(lt::settings_pack::enable_natpmp, o.map_ports);
    s.set_bool(lt::settings_pack::enable_incoming_tcp, false);
    s.set_bool(lt::settings_pack::enable_outgoing_tcp, false);
    s.set_bool(lt::settings_pack::enable_incoming_utp, false);
    s.set_bool(lt::settings_pack::enable_outgoing_utp, false);
    s.set_int(lt::settings_pack::max_retry_port_bind, 0);
    s.set_int(lt::settings_pack::aio_threads, 1);
    s.set_int(lt::settings_pack::hashing_threads, 0);
    s.set_int(lt::settings_pack::alert_mask,
        static_cast<int>(static_cast<std::uint32_t>(
            lt::alert_category::error | lt::alert_category::dht_operation |
            lt::alert_category::dht | lt::alert_category::status |
            lt::alert_category::port_mapping)));
    return s;
}

/* In a network of its own there are few nodes, all near each other: what guards the public one
 * against crowds from one place would keep them apart. */
void settings_of_local(lt::settings_pack &s)
{
    s.set_bool(lt::settings_pack::dht_restrict_routing_ips, false);
    s.set_bool(lt::settings_pack::dht_restrict_search_ips, false);
    s.set_bool(lt::settings_pack::dht_prefer_verified_node_ids, false);
    s.set_bool(lt::settings_pack::dht_enforce_node_id, false);
    s.set_bool(lt::settings_pack::dht_ignore_dark_internet, false);
    s.set_int(lt::settings_pack::dht_block_ratelimit, 1000);
    s.set_int(lt::settings_pack::dht_upload_rate_limit, 1 << 20);
}

lt::session_params params(const dht_options &o)
{
    lt::session_params p;
    if (o.state_len > 0 && o.state_len <= state_max) {
        try {
            p = lt::read_session_params(lt::span<char const>(static_cast<const char *>(o.state),
                                            static_cast<std::ptrdiff_t>(o.state_len)),
                lt::session_handle::save_dht_state);
        } catch (std::exception const &) {
            p = lt::session_params(); // no state is a fine one
        }
    }
    p.settings = base_settings(o);
    if (o.local) {
        settings_of_local(p.settings);
    }
    p.extensions.clear();
    p.disk_io_constructor = lt::disabled_disk_io_constructor;
    return p;
}

void copy_text(char *out, std::size_t size, std::string const &text)
{
    std::snprintf(out, size, "%s", text.c_str());
}

void dht_sha1(const void *bytes, std::size_t len, std::uint8_t *out)
{
    lt::sha1_hash h = lt::hasher(static_cast<const char *>(bytes), static_cast<int>(len)).final();
    std::memcpy(out, h.data(), DHT_HASH_SIZE);
}

/* The library leaves its sockets open to the programs we start: a script would hold our port. All
 * descriptors of this program but 0 to 2 are its own, so it can be said of all at once. */
void keep_from_children()
{
    DIR *all = opendir("/proc/self/fd");
    for (dirent *d = all != nullptr ? readdir(all) : nullptr; d != nullptr; d = readdir(all)) {
        int fd = std::atoi(d->d_name);
        if (fd > 2) {
            fcntl(fd, F_SETFD, FD_CLOEXEC);
        }
    }
    if (all != nullptr) {
        closedir(all);
    }
}

struct dht *dht_open(const dht_options *o, char *why, std::size_t why_size)
{
    try {
        no_signals guard;
        auto d = std::make_unique<dht>();
        d->nodes = joined(o->nodes);
        d->session = std::make_unique<lt::session>(params(*o), lt::session_flags_t{});
        void (*wake)(void *) = o->wake;
        void *context = o->context;
        d->session->set_alert_notify([wake, context] { wake(context); });
        d->session->listen_port(); // waits until the sockets are there
        keep_from_children();
        return d.release();
    } catch (std::exception const &e) {
        copy_text(why, why_size, e.what());
    }
    return nullptr;
}

/* A call of the library that must not throw. */
template <typename F> void guarded(struct dht *d, F call)
{
    try {
        call();
    } catch (std::exception const &e) {
        dht_event trouble{};
        trouble.kind = DHT_TROUBLE;
        copy_text(trouble.text, sizeof trouble.text, e.what());
        d->events.push_back(trouble);
    }
}

int dht_port(struct dht *d)
{
    int port = 0;
    guarded(d, [&] { port = d->session->listen_port(); });
    return port;
}

void dht_announce(struct dht *d, const std::uint8_t *hash, int tcp_port)
{
    lt::sha1_hash h(reinterpret_cast<const char *>(hash));
    guarded(d, [&] {
        if (tcp_port > 0) {
            d->session->dht_announce(h, tcp_port);
        } else {
            d->session->dht_get_peers(h);
        }
    });
}

void dht_count(struct dht *d)
{
    guarded(d, [&] {
        d->session->post_dht_stats();
        d->session->post_session_stats();
    });
}

void dht_map(struct dht *d, int tcp_port)
{
    guarded(d, [&] {
        for (lt::port_mapping_t m : d->mapped) {
            d->session->delete_port_mapping(m);
        }
        d->mapped = d->session->add_port_mapping(lt::session_handle::tcp, tcp_port, tcp_port);
    });
}

/* They are asked for when the setting changes. */
void dht_again(struct dht *d)
{
    guarded(d, [&] {
        lt::settings_pack s;
        s.set_str(lt::settings_pack::dht_bootstrap_nodes, "");
        d->session->apply_settings(s);
        s.set_str(lt::settings_pack::dht_bootstrap_nodes, d->nodes);
        d->session->apply_settings(s);
    });
}

/* ---- alerts into events -------------------------------------------------------------------------
 */

void found(struct dht *d, lt::dht_get_peers_reply_alert const &a)
{
    for (lt::tcp::endpoint const &peer : a.peers()) {
        dht_event e{};
        e.kind = DHT_FOUND;
        std::memcpy(e.hash, a.info_hash.data(), sizeof e.hash);
        std::string ip = peer.address().to_string();
        copy_text(e.address, sizeof e.address,
            (peer.address().is_v6() ? "[" + ip + "]" : ip) + ":" + std::to_string(peer.port()));
        d->events.push_back(e);
    }
}

void translate(struct dht *d, lt::alert const *a)
{
    dht_event e{};
    if (auto const *peers = lt::alert_cast<lt::dht_get_peers_reply_alert>(a)) {
        found(d, *peers);
        return;
    }
    if (auto const *stats = lt::alert_cast<lt::dht_stats_alert>(a)) {
        e.kind = DHT_NODES;
        for (lt::dht_routing_bucket const &b : stats->routing_table) {
            e.number += b.num_nodes;
        }
    } else if (auto const *all = lt::alert_cast<lt::session_stats_alert>(a)) {
        static int const index = lt::find_metric_idx("dht.dht_messages_in");
        e.kind = DHT_HEARD;
        e.number = index >= 0 ? all->counters()[index] : 0;
    } else if (lt::alert_cast<lt::dht_bootstrap_alert>(a) != nullptr) {
        e.kind = DHT_STARTED;
    } else if (auto const *self = lt::alert_cast<lt::external_ip_alert>(a)) {
        e.kind = DHT_SELF;
        copy_text(e.address, sizeof e.address, self->external_address.to_string());
    } else if (auto const *mapped = lt::alert_cast<lt::portmap_alert>(a)) {
        e.kind = DHT_MAPPED;
        e.number = mapped->external_port;
    } else if (lt::alert_cast<lt::portmap_error_alert>(a) != nullptr) {
        e.kind = DHT_MAPPED;
        copy_text(e.text, sizeof e.text, a->message());
    } else if (lt::alert_cast<lt::dht_error_alert>(a) != nullptr ||
               lt::alert_cast<lt::listen_failed_alert>(a) != nullptr) {
        e.kind = DHT_TROUBLE;
        copy_text(e.text, sizeof e.text, a->message());
    } else {
        return;
    }
    d->events.push_back(e);
}

bool dht_next(struct dht *d, dht_event *out)
{
    if (d->events.empty()) {
        guarded(d, [&] {
            std::vector<lt::alert *> alerts;
            d->session->pop_alerts(&alerts);
            for (lt::alert const *a : alerts) {
                translate(d, a);
            }
        });
    }
    while (d->events.size() > events_max) {
        d->events.pop_front();
    }
    if (d->events.empty()) {
        return false;
    }
    *out = d->events.front();
    d->events.pop_front();
    return true;
}

/* These two may run beside the others: they leave the events alone. */
void *dht_save(struct dht *d, std::size_t *len)
{
    try {
        std::vector<char> bytes = lt::write_session_params_buf(
            d->session->session_state(lt::session_handle::save_dht_state),
            lt::session_handle::save_dht_state);
        void *copy = std::malloc(bytes.size());
        if (copy != nullptr) {
            std::memcpy(copy, bytes.data(), bytes.size());
            *len = bytes.size();
        }
        return copy;
    } catch (std::exception const &) {
        return nullptr;
    }
}

void dht_close(struct dht *d)
{
    try {
        d->session->set_alert_notify([] {});
    } catch (std::exception const &) { // its thread is gone already
    }
    delete d; // the session's destructor waits for its thread
}

} // namespace

extern "C" __attribute__((visibility("default"))) const struct dht_calls pphost_dht = {
    DHT_MODULE_VERSION,
    dht_sha1,
    dht_open,
    dht_port,
    dht_announce,
    dht_count,
    dht_map,
    dht_again,
    dht_next,
    dht_save,
    dht_close,
};
