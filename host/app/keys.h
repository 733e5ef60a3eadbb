/* API keys: named, scoped, stored as hashes, shown once.
 *
 * Besides the stored keys there is one admin key made at each start, kept only in the runtime file
 * (0600), and one-time login tokens that are traded for a session key. A key has 256 random bits,
 * so a plain BLAKE2b hash of it is safe to keep. Failures: a name that is taken or unfit, an
 * unknown scope, the store's own.
 */
#ifndef PP_APP_KEYS_H
#define PP_APP_KEYS_H

#include "host/base/err.h"
#include "host/io/store.h"

#include <stddef.h>
#include <stdint.h>

#define KEY_TEXT_SIZE 44 /* 32 random bytes in URL-safe base64 and a NUL */

enum key_scope {
    KEY_NONE,  /* no or unknown key */
    KEY_READ,  /* look */
    KEY_PRINT, /* and print, pause, cancel, set temperatures, send gcode */
    KEY_ADMIN  /* and keys, configuration, restart */
};

struct keys;

/* Loads the stored keys and makes the local admin key. */
int keys_open(struct keys **out, struct store *store, struct err *e);

/* What is under way is answered PP_ECANCELED within the call; nothing is called after it. */
void keys_close(struct keys *k);

/* Takes the time of login tokens from `now_ms` (monotonic) instead of clock_ms(): for tests. */
void keys_set_clock(struct keys *k, uint64_t (*now_ms)(void));

/* The scope of a key shown by a client (NULL: none); constant time in the key's bytes. `name` (may
 * be NULL) gets the key's name, "local" for the admin key of this start, "session" for a login's.
 */
enum key_scope keys_check(struct keys *k, const char *key, char *name, size_t name_size);

/* The admin key of this start, for the runtime file. */
const char *keys_local(const struct keys *k);

/* Makes a key; `text` is shown once, the row is saved before `done`, and the key holds from then
 * on. Names are 1 to 63 bytes and taken once; scope is "read", "print" or "admin". */
int keys_add(struct keys *k, const char *name, const char *scope, char text[static KEY_TEXT_SIZE],
    store_cb done, void *context, struct err *e);

/* Removes a key; it is refused at once, and holds again if the store could not remove it. */
int keys_remove(struct keys *k, const char *name, store_cb done, void *context, struct err *e);
const struct key_row *keys_at(const struct keys *k, size_t index); /* by age; NULL past the end */

/* A token good for one login within 10 minutes; and its trade for a session key (admin, until the
 * process ends). The newest 8 tokens and 64 sessions are kept. */
void keys_login_token(struct keys *k, char text[static KEY_TEXT_SIZE]);
int keys_redeem(struct keys *k, const char *token, char text[static KEY_TEXT_SIZE], struct err *e);

enum key_scope key_scope_parse(const char *text); /* KEY_NONE if it is none of ours */
const char *key_scope_name(enum key_scope s);

#endif
