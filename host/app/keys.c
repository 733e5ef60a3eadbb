#include "host/app/keys.h"

#include "host/base/clock.h"
#include "host/base/file.h"
#include "host/base/mem.h"
#include "host/base/str.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define RANDOM_BYTES   32
#define SHOWN_MAX      128 /* longest text worth hashing */
#define KEYS_MAX       256
#define TOKENS         8
#define SESSIONS       64
#define TOKEN_LIFE_MS  (UINT64_C(10) * 60 * 1000)
#define BASE64_VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

enum key_state {
    KEY_SAVING, /* holds only once it is saved */
    KEY_HOLDS,
    KEY_REMOVING /* holds no more */
};

struct key {
    struct key_row row;
    enum key_state state;
    struct keys *owner; /* NULL: keys_close() was quicker than the store */
    store_cb done;
    void *context;
};

struct token {
    uint8_t hash[32];
    uint64_t made_ms;
    bool good;
};

struct session {
    uint8_t hash[32];
    bool good;
};

struct keys {
    struct store *store;
    uint64_t (*now_ms)(void);
    char local[KEY_TEXT_SIZE];
    uint8_t local_hash[32];
    struct key *key[KEYS_MAX]; /* owned; those under way are the store's when we close */
    size_t count;
    struct token token[TOKENS];
    size_t next_token;
    struct session session[SESSIONS];
    size_t next_session;
};

static const char *const scopes[] = {
    [KEY_NONE] = "none",
    [KEY_READ] = "read",
    [KEY_PRINT] = "print",
    [KEY_ADMIN] = "admin",
};

enum key_scope key_scope_parse(const char *text)
{
    for (int i = KEY_READ; i <= KEY_ADMIN; i++) {
        if (strcmp(scopes[i], text) == 0) {
            return (enum key_scope)i;
        }
    }
    return KEY_NONE;
}

const char *key_scope_name(enum key_scope s)
{
    return scopes[s];
}

static void make_hash(uint8_t out[static 32], const char *text, size_t len)
{
    crypto_generichash(out, 32, (const uint8_t *)text, len, NULL, 0);
}

/* A fresh secret and its hash. */
static void make_secret(char text[static KEY_TEXT_SIZE], uint8_t hash[static 32])
{
    uint8_t random[RANDOM_BYTES];
    randombytes_buf(random, sizeof random);
    sodium_bin2base64(text, KEY_TEXT_SIZE, random, sizeof random, BASE64_VARIANT);
    make_hash(hash, text, strlen(text));
    sodium_memzero(random, sizeof random);
}

/* ---- open and close
 * ------------------------------------------------------------------------------ */

static struct key *add(struct keys *k, const struct key_row *row, enum key_state state)
{
    struct key *key = mem_alloc(sizeof *key);
    *key = (struct key){.row = *row, .state = state, .owner = k};
    k->key[k->count++] = key;
    return key;
}

int keys_open(struct keys **out, struct store *store, struct err *e)
{
    struct key_row *rows;
    size_t n;
    if (sodium_init() < 0) {
        return err_set(e, PP_EIO, "libsodium finds no source of random bytes");
    }
    int rc = store_load_keys(store, &rows, &n, e);
    if (rc != 0) {
        return rc;
    }
    struct keys *k = mem_alloc(sizeof *k);
    k->store = store;
    k->now_ms = clock_ms;
    make_secret(k->local, k->local_hash);
    for (size_t i = 0; i < n && i < KEYS_MAX; i++) {
        add(k, &rows[i], KEY_HOLDS);
    }
    free(rows);
    *out = k;
    return 0;
}

void keys_close(struct keys *k)
{
    struct err e = {0};
    err_set(&e, PP_ECANCELED, "the host is shutting down");
    for (size_t i = 0; i < k->count; i++) {
        struct key *key = k->key[i];
        key->owner = NULL;
        if (key->state == KEY_HOLDS) {
            free(key);
        } else if (key->done != NULL) {
            key->done(key->context, &e);
        }
    }
    sodium_memzero(k, sizeof *k);
    free(k);
}

void keys_set_clock(struct keys *k, uint64_t (*now_ms)(void))
{
    k->now_ms = now_ms;
}

/* ---- checking
 * ------------------------------------------------------------------------------------ */

const char *keys_local(const struct keys *k)
{
    return k->local;
}

static bool equal(const uint8_t a[static 32], const uint8_t b[static 32])
{
    return sodium_memcmp(a, b, 32) == 0;
}

static bool is_session(const struct keys *k, const uint8_t hash[static 32])
{
    bool found = false;
    for (size_t i = 0; i < SESSIONS; i++) {
        found |= k->session[i].good & equal(k->session[i].hash, hash);
    }
    return found;
}

/* Looks at every key, so that the time tells nothing about which one it was. */
static const struct key *find_hash(const struct keys *k, const uint8_t hash[static 32])
{
    const struct key *found = NULL;
    for (size_t i = 0; i < k->count; i++) {
        if (equal(k->key[i]->row.hash, hash) & (k->key[i]->state == KEY_HOLDS)) {
            found = k->key[i];
        }
    }
    return found;
}

enum key_scope keys_check(struct keys *k, const char *key, char *name, size_t name_size)
{
    uint8_t hash[32];
    const char *who = "";
    enum key_scope scope = KEY_NONE;
    size_t len = key != NULL ? strnlen(key, SHOWN_MAX + 1) : 0;
    if (len > 0 && len <= SHOWN_MAX) {
        make_hash(hash, key, len);
        const struct key *stored = find_hash(k, hash);
        bool session = is_session(k, hash);
        bool local = equal(k->local_hash, hash);
        scope = stored != NULL ? key_scope_parse(stored->row.scope) : scope;
        scope = session || local ? KEY_ADMIN : scope;
        who = local ? "local" : session ? "session" : stored != NULL ? stored->row.name : "";
    }
    if (name != NULL) {
        str_copy(name, name_size, who, strlen(who));
    }
    return scope;
}

/* ---- adding and removing
 * -------------------------------------------------------------------------- */

static struct key *find_name(const struct keys *k, const char *name, size_t *index)
{
    for (size_t i = 0; i < k->count; i++) {
        if (strcmp(k->key[i]->row.name, name) == 0) {
            *index = i;
            return k->key[i];
        }
    }
    return NULL;
}

static void drop(struct keys *k, struct key *key)
{
    size_t i;
    if (find_name(k, key->row.name, &i) != NULL) {
        for (k->count--; i < k->count; i++) {
            k->key[i] = k->key[i + 1];
        }
    }
    free(key);
}

/* The store's answer to an add or a remove. */
static void on_stored(void *context, const struct err *e)
{
    struct key *key = context;
    store_cb done = key->done;
    void *done_context = key->context;
    bool gone = (key->state == KEY_SAVING) == (e != NULL);
    if (key->owner == NULL) {
        free(key);
        return;
    }
    if (gone) {
        drop(key->owner, key);
    } else {
        key->state = KEY_HOLDS;
    }
    if (done != NULL) {
        done(done_context, e);
    }
}

static int check_name(const struct keys *k, const char *name, struct err *e)
{
    char shown[80];
    size_t i;
    size_t len = strnlen(name, sizeof k->key[0]->row.name);
    str_escape(shown, sizeof shown, name, len);
    if (len == sizeof k->key[0]->row.name || !file_name_ok(name)) {
        return err_field(e, PP_EINVAL, "name",
            "key name \"%s\": must be 1 to 63 bytes without '/', control characters or a leading "
            "'.'",
            shown);
    }
    if (strcmp(name, "local") == 0 || strcmp(name, "session") == 0) {
        return err_field(e, PP_EINVAL, "name", "key name \"%s\": is used by pphost itself", name);
    }
    if (find_name(k, name, &i) != NULL) {
        return err_field(
            e, PP_EEXIST, "name", "key name \"%s\": exists already; remove it first", name);
    }
    return 0;
}

static int check_new(const struct keys *k, const char *name, const char *scope, struct err *e)
{
    char shown[32];
    int rc = check_name(k, name, e);
    if (rc != 0) {
        return rc;
    }
    if (key_scope_parse(scope) == KEY_NONE) {
        str_escape(shown, sizeof shown, scope, strnlen(scope, sizeof shown));
        return err_field(
            e, PP_EINVAL, "scope", "scope \"%s\": must be read, print or admin", shown);
    }
    if (k->count == KEYS_MAX) {
        return err_set(e, PP_ELIMIT, "there are %d keys already; remove one first", KEYS_MAX);
    }
    return 0;
}

int keys_add(struct keys *k, const char *name, const char *scope, char text[static KEY_TEXT_SIZE],
    store_cb done, void *context, struct err *e)
{
    int rc = check_new(k, name, scope, e);
    if (rc != 0) {
        return rc;
    }
    struct key_row row = {.created_ms = clock_wall_ms()};
    str_copy(row.name, sizeof row.name, name, strlen(name));
    str_copy(row.scope, sizeof row.scope, scope, strlen(scope));
    make_secret(text, row.hash);
    struct key *key = add(k, &row, KEY_SAVING);
    key->done = done;
    key->context = context;
    store_save_key(k->store, &row, on_stored, key);
    return 0;
}

int keys_remove(struct keys *k, const char *name, store_cb done, void *context, struct err *e)
{
    size_t i;
    struct key *key = find_name(k, name, &i);
    if (key == NULL || key->state != KEY_HOLDS) {
        char shown[80];
        str_escape(shown, sizeof shown, name, strnlen(name, sizeof shown));
        return err_field(e, PP_ENOTFOUND, "name", "no key is called \"%s\"", shown);
    }
    key->state = KEY_REMOVING;
    key->done = done;
    key->context = context;
    store_remove_key(k->store, name, on_stored, key);
    return 0;
}

const struct key_row *keys_at(const struct keys *k, size_t index)
{
    for (size_t i = 0; i < k->count; i++) {
        if (k->key[i]->state == KEY_HOLDS && index-- == 0) {
            return &k->key[i]->row;
        }
    }
    return NULL;
}

/* ---- logins
 * --------------------------------------------------------------------------------------- */

void keys_login_token(struct keys *k, char text[static KEY_TEXT_SIZE])
{
    struct token *t = &k->token[k->next_token++ % TOKENS];
    make_secret(text, t->hash);
    t->made_ms = k->now_ms();
    t->good = true;
}

int keys_redeem(struct keys *k, const char *token, char text[static KEY_TEXT_SIZE], struct err *e)
{
    uint8_t hash[32];
    struct token *found = NULL;
    make_hash(hash, token, strnlen(token, SHOWN_MAX));
    for (size_t i = 0; i < TOKENS; i++) {
        if (equal(k->token[i].hash, hash) & k->token[i].good) {
            found = &k->token[i];
        }
    }
    if (found == NULL || k->now_ms() - found->made_ms > TOKEN_LIFE_MS) {
        return err_set(e, PP_EAUTH,
            "this login link was used already or is older than 10 minutes; ask for a new one");
    }
    *found = (struct token){0};
    struct session *s = &k->session[k->next_session++ % SESSIONS];
    make_secret(text, s->hash);
    s->good = true;
    return 0;
}
