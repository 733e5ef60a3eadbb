#include "net/identity_file.h"

#include "host/base/file.h"
#include "host/base/log.h"
#include "host/base/mem.h"
#include "net/protobuf.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_KEY "identity.priv"
#define KEY_SIZE   ((size_t)PEER_KEY_SIZE)

/* ---- bytes ---------------------------------------------------------------------------------- */

static bool is_text(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] >= 0x7f || (bytes[i] < 0x20 && strchr("\t\r\n", bytes[i]) == NULL)) {
            return false;
        }
    }
    return true;
}

/* Type (1) and Data (2) of a key of the kind Ed25519. */
static int read_key(
    const uint8_t *bytes, size_t len, const uint8_t **key, size_t *key_len, struct err *e)
{
    struct protobuf_in in = protobuf_read(bytes, len);
    struct protobuf_field f;
    uint64_t kind = IDENTITY_KINDS;
    *key = NULL;
    *key_len = 0;
    if (len == 0) {
        return err_set(e, PP_EINVAL, "is empty");
    }
    if (is_text(bytes, len)) {
        return err_set(
            e, PP_EINVAL, "is text; wanted: the binary key file that generate_registry wrote");
    }
    while (protobuf_next(&in, &f)) {
        if (f.number == 1 && !f.is_bytes) {
            kind = f.value;
        } else if (f.number == 2 && f.is_bytes) {
            *key = f.bytes;
            *key_len = f.len;
        }
    }
    if (kind != IDENTITY_ED25519 && kind < IDENTITY_KINDS) {
        return err_set(e, PP_EINVAL, "is a key of the kind %s; only Ed25519 is possible",
            identity_kinds[kind]);
    }
    if (in.bad && kind == IDENTITY_ED25519) {
        return err_set(e, PP_EINVAL, "is cut off or damaged (%zu bytes)", len);
    }
    if (in.bad || kind != IDENTITY_ED25519 || *key == NULL) {
        return err_set(e, PP_EINVAL, "is no key file of libp2p");
    }
    return 0;
}

int peer_from_bytes(struct peer *out, const uint8_t *bytes, size_t len, struct err *e)
{
    const uint8_t *key;
    size_t key_len;
    int rc = read_key(bytes, len, &key, &key_len, e);
    if (rc == 0 && key_len == 2 * KEY_SIZE) {
        return err_set(e, PP_EINVAL, "is a private key; a public one is wanted");
    }
    if (rc == 0 && key_len != PEER_KEY_SIZE) {
        return err_set(e, PP_EINVAL, "has a key of %zu bytes; wanted: %d", key_len, PEER_KEY_SIZE);
    }
    if (rc == 0) {
        memcpy(out->key, key, PEER_KEY_SIZE);
    }
    return rc;
}

/* 64 bytes: seed and public key; once more the public key in files of old versions. */
static bool repeats(const uint8_t *key, size_t key_len)
{
    return key_len == 3 * KEY_SIZE &&
           sodium_memcmp(key + PEER_KEY_SIZE, key + 2 * KEY_SIZE, PEER_KEY_SIZE) == 0;
}

int identity_from_bytes(struct identity *out, const uint8_t *bytes, size_t len, struct err *e)
{
    const uint8_t *key;
    size_t key_len;
    int rc = read_key(bytes, len, &key, &key_len, e);
    if (rc != 0) {
        return rc;
    }
    if (key_len == PEER_KEY_SIZE) {
        return err_set(e, PP_EINVAL, "is a public key; the private one (.priv) is wanted");
    }
    if (key_len != 2 * KEY_SIZE && !repeats(key, key_len)) {
        return err_set(e, PP_EINVAL, "has a key of %zu bytes; wanted: %zu", key_len, 2 * KEY_SIZE);
    }
    identity_from_seed(out, key);
    if (sodium_memcmp(out->peer.key, key + PEER_KEY_SIZE, PEER_KEY_SIZE) != 0) {
        identity_wipe(out);
        return err_set(e, PP_EINVAL, "is damaged: its two halves do not belong together");
    }
    return 0;
}

/* ---- files ---------------------------------------------------------------------------------- */

/* Names that others use: NAME.priv and NAME.pub, priv.key and pub.key, NAME_priv.key … */
static char *public_path(const char *path)
{
    static const char *const ends[][2] = {{".priv", ".pub"}, {"priv.key", "pub.key"}};
    size_t len = strlen(path);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t end = strlen(ends[i][0]);
        if (len >= end && strcmp(path + len - end, ends[i][0]) == 0) {
            return mem_printf("%.*s%s", (int)(len - end), path, ends[i][1]);
        }
    }
    return mem_printf("%s.pub", path);
}

static void wipe(struct strbuf *b)
{
    if (b->data != NULL) {
        sodium_memzero(b->data, b->cap);
    }
    strbuf_fini(b);
}

static int check_public(const struct identity *id, const char *pub_path, struct err *e)
{
    struct strbuf bytes = {0};
    struct peer p;
    char text[PEER_TEXT_SIZE];
    if (access(pub_path, F_OK) != 0) {
        return 0;
    }
    int rc = file_read(pub_path, IDENTITY_FILE_MAX, &bytes, e);
    if (rc == 0) {
        rc = peer_from_bytes(&p, (const uint8_t *)strbuf_text(&bytes), bytes.len, e);
        if (rc != 0) {
            rc = err_wrap(e, "key file \"%s\"", pub_path);
        } else if (peer_compare(&p, &id->peer) != 0) {
            peer_format(&p, text);
            rc = err_set(e, PP_EINVAL, "key file \"%s\" belongs to %s, the private one to %s",
                pub_path, text, id->text);
        }
    }
    strbuf_fini(&bytes);
    return rc;
}

/* Others could be this peer: told, and closed where that is up to us. */
static void make_private(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0 || (st.st_mode & 077) == 0) {
        return;
    }
    bool closed = st.st_uid == geteuid() && chmod(path, 0600) == 0;
    log_warn("key file \"%s\" could be read by others (mode %04o)%s", path,
        (unsigned)st.st_mode & 07777, closed ? "; it is 0600 now" : "; make it 0600");
}

int identity_load(struct identity *out, const char *path, struct err *e)
{
    struct strbuf bytes = {0};
    char *pub_path = public_path(path);
    int rc = file_read(path, IDENTITY_FILE_MAX, &bytes, e);
    if (rc != 0) {
        rc = err_wrap(e, "key file");
    } else {
        rc = identity_from_bytes(out, (const uint8_t *)strbuf_text(&bytes), bytes.len, e);
        rc = rc != 0 ? err_wrap(e, "key file \"%s\"", path) : check_public(out, pub_path, e);
        make_private(path);
    }
    if (rc != 0) {
        identity_wipe(out);
    }
    wipe(&bytes);
    free(pub_path);
    return rc;
}

static int refuse_existing(const char *path, struct err *e)
{
    if (path != NULL && access(path, F_OK) == 0) {
        return err_set(e, PP_EEXIST, "key file \"%s\" exists already; it is not overwritten", path);
    }
    return 0;
}

static int save_public(const struct identity *id, const char *path, struct err *e)
{
    uint8_t bytes[PEER_PROTO_SIZE];
    peer_to_proto(&id->peer, bytes);
    return file_create(path, bytes, sizeof bytes, 0644, e);
}

int identity_save(const struct identity *id, const char *path, const char *pub_path, struct err *e)
{
    uint8_t bytes[4 + sizeof id->secret] = {0x08, 0x01, 0x12, sizeof id->secret};
    if (refuse_existing(path, e) != 0 || refuse_existing(pub_path, e) != 0) {
        return -e->code;
    }
    memcpy(bytes + 4, id->secret, sizeof id->secret);
    /* The private one first: from it alone the other can be made again. */
    int rc = file_create(path, bytes, sizeof bytes, 0600, e);
    sodium_memzero(bytes, sizeof bytes);
    if (rc == 0 && pub_path != NULL && (rc = save_public(id, pub_path, e)) != 0) {
        unlink(path); /* nobody has used it yet */
    }
    return rc;
}

static int create(struct identity *out, const char *path, const char *pub_path, struct err *e)
{
    if (access(pub_path, F_OK) == 0) {
        return err_set(e, PP_ENOTFOUND,
            "\"%s\" is there without its private key: put %s back, or remove it to be a new peer",
            pub_path, FOLDER_KEY);
    }
    identity_create(out);
    int rc = identity_save(out, path, pub_path, e);
    if (rc != 0) {
        identity_wipe(out);
    }
    return rc;
}

int identity_load_or_create(struct identity *out, const char *folder, struct err *e)
{
    char *path = mem_printf("%s/" FOLDER_KEY, folder);
    char *pub_path = public_path(path);
    int rc = file_mkdirs(folder, 0700, e);
    if (rc == 0 && access(path, F_OK) != 0 && errno == ENOENT) {
        rc = create(out, path, pub_path, e);
    } else if (rc == 0) {
        rc = identity_load(out, path, e);
        if (rc == 0 && access(pub_path, F_OK) != 0) {
            save_public(out, pub_path, NULL); /* a convenience; we were ended between the two */
        }
    }
    free(path);
    free(pub_path);
    return rc;
}
