/* API keys: named, scoped, stored as hashes, shown once.
 *
 * Besides the stored keys there is one admin key made at each start, kept only in the runtime file
 * (0600), and one-time login tokens that are traded for a session key.
 */
#ifndef PP_APP_KEYS_H
#define PP_APP_KEYS_H

#include "host/base/err.h"
#include "host/io/store.h"

#include <stdbool.h>

#define KEY_TEXT_SIZE 44 /* 32 random bytes in URL-safe base64 and a NUL */

enum key_scope {
    KEY_NONE, /* no or unknown key */
    KEY_READ, /* look */
    KEY_PRINT, /* and print, pause, cancel, set temperatures, send gcode */
    KEY_ADMIN /* and keys, configuration, restart */
};

struct keys;

/* Loads the stored keys and makes the local admin key. */
int keys_open(struct keys **out, struct store *store, struct err *e);
void keys_close(struct keys *k);

/* The scope of a key shown by a client; constant time in the key's bytes. `name` (may be NULL) gets
 * the key's name, "local" for the admin key of this start. */
enum key_scope keys_check(struct keys *k, const char *key, char *name, size_t name_size);

/* The admin key of this start, for the runtime file. */
const char *keys_local(const struct keys *k);

/* Makes a key; `text` is shown once, the row is saved before `done`. */
int keys_add(struct keys *k, const char *name, const char *scope, char text[static KEY_TEXT_SIZE],
    store_cb done, void *context, struct err *e);
int keys_remove(struct keys *k, const char *name, store_cb done, void *context, struct err *e);
const struct key_row *keys_at(const struct keys *k, size_t index); /* NULL past the end */

/* A token good for one login within 10 minutes; and its trade for a session key (admin, until the
 * process ends). */
void keys_login_token(struct keys *k, char text[static KEY_TEXT_SIZE]);
int keys_redeem(struct keys *k, const char *token, char text[static KEY_TEXT_SIZE], struct err *e);

enum key_scope key_scope_parse(const char *text); /* KEY_NONE if it is none of ours */
const char *key_scope_name(enum key_scope s);

#endif
