#include "host/base/file.h"
#include "host/base/mem.h"
#include "net/registry.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Version 4 of RFC 9562. */
static void put_uuid(struct strbuf *b)
{
    uint8_t r[16];
    randombytes_buf(r, sizeof r);
    r[6] = (uint8_t)((r[6] & 0x0f) | 0x40);
    r[8] = (uint8_t)((r[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < sizeof r; i++) {
        strbuf_printf(b, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", r[i]);
    }
}

/* In the order and form of peerprint_server's own. */
static void put_registry(
    struct strbuf *b, const struct identity *ids, unsigned peers, int64_t now_s)
{
    strbuf_printf(b, "created: \"%lld\"\nqueues:\n", (long long)now_s);
    strbuf_puts(b, "- desc: 'TODO: say what this queue is for and whom it wants'\n"
                   "  name: 'TODO: name the queue, 63 bytes at most'\n"
                   "  rendezvous: ");
    put_uuid(b);
    strbuf_puts(b, "\n  trustedPeers:\n");
    for (unsigned i = 0; i < peers; i++) {
        strbuf_printf(b, "  - %s\n", ids[i].text);
    }
    strbuf_puts(b, "  url: 'TODO: a web address with more about this queue'\n"
                   "url: 'TODO: a web address that tells who keeps this registry'\n");
}

static char *key_path(const char *folder, unsigned peer, const char *end)
{
    return mem_printf("%s/trusted_peer_%u.%s", folder, peer, end);
}

static int refuse_existing(char *path, struct err *e)
{
    int rc = 0;
    if (access(path, F_OK) == 0) {
        rc = err_set(e, PP_EEXIST,
            "\"%s\" exists already; nothing was written (choose another folder)", path);
    }
    free(path);
    return rc;
}

static int check_folder(const char *folder, unsigned peers, struct err *e)
{
    int rc = refuse_existing(mem_printf("%s/registry.yaml", folder), e);
    for (unsigned i = 1; rc == 0 && i <= peers; i++) {
        rc = refuse_existing(key_path(folder, i, "priv"), e);
        rc = rc == 0 ? refuse_existing(key_path(folder, i, "pub"), e) : rc;
    }
    return rc;
}

static int save_pair(const struct identity *id, const char *folder, unsigned peer, struct err *e)
{
    char *path = key_path(folder, peer, "priv");
    char *pub_path = key_path(folder, peer, "pub");
    int rc = identity_save(id, path, pub_path, e);
    free(path);
    free(pub_path);
    return rc;
}

static void remove_pair(const char *folder, unsigned peer)
{
    char *path = key_path(folder, peer, "priv");
    char *pub_path = key_path(folder, peer, "pub");
    unlink(path);
    unlink(pub_path);
    free(path);
    free(pub_path);
}

static int write_all(
    const struct identity *ids, unsigned peers, const char *folder, int64_t now_s, struct err *e)
{
    struct strbuf text = {0};
    char *path = mem_printf("%s/registry.yaml", folder);
    unsigned saved = 0;
    int rc = 0;
    while (rc == 0 && saved < peers) {
        rc = save_pair(&ids[saved], folder, saved + 1, e);
        saved += rc == 0;
    }
    if (rc == 0) {
        put_registry(&text, ids, peers, now_s);
        rc = file_create(path, text.data, text.len, 0644, e);
    }
    for (; rc != 0 && saved > 0; saved--) {
        remove_pair(folder, saved);
    }
    strbuf_fini(&text);
    free(path);
    return rc;
}

int registry_generate(unsigned peers, const char *folder, int64_t now_s, struct err *e)
{
    if (peers < 1 || peers > REGISTRY_TRUSTED_MAX) {
        return err_set(e, PP_EINVAL, "%u trusted peers: from 1 to %d are possible", peers,
            REGISTRY_TRUSTED_MAX);
    }
    if (file_mkdirs(folder, 0755, e) != 0 || check_folder(folder, peers, e) != 0) {
        return -e->code;
    }
    struct identity *ids = mem_array(peers, sizeof *ids);
    for (unsigned i = 0; i < peers; i++) {
        identity_create(&ids[i]);
    }
    int rc = write_all(ids, peers, folder, now_s, e);
    sodium_memzero(ids, peers * sizeof *ids);
    free(ids);
    return rc;
}
