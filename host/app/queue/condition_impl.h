/* Inside conditions: the budget of a run and what its Lua sees. Included by
 * host/app/queue/condition*.c only. */
#ifndef PP_APP_QUEUE_CONDITION_IMPL_H
#define PP_APP_QUEUE_CONDITION_IMPL_H

#include "host/app/queue/condition.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#define CONDITION_TEXT_MAX 16384 /* bytes of one text inside */

/* What one run may still use. Steps are instructions, and what C functions do is charged as steps
 * that take as long. */
struct budget {
    lua_State *state;
    size_t bytes;  /* in use */
    int64_t steps; /* used */
    bool spent;    /* nothing goes on, whoever catches errors */
    char why[120]; /* the limit that was met last, "" = none */
    struct strbuf *said;
};

struct budget *condition_budget(lua_State *L);

/* Adds steps; raises an error once they are too many. */
void condition_charge(lua_State *L, int64_t steps);

/* Replaces the globals by what a condition may use: a state without any library before. */
void condition_open_lib(lua_State *L);
/* Sets find, match, gmatch and gsub in the table on the top of the stack. */
void condition_open_patterns(lua_State *L);

/* Replaces the table on the top of the stack by the list of its keys, numbers first, then texts in
 * the order of their bytes: pairs() must not depend on addresses. */
void condition_sorted_keys(lua_State *L);

/* The text of the value at `index`, pushed: as tostring() without addresses. */
const char *condition_text(lua_State *L, int index, size_t *len);

void condition_push_json(lua_State *L, const json_t *value, int depth);

/* The value at `index` as JSON: what is no value of JSON is left out (NULL). A table that is a list
 * where it was one (`before`, may be NULL) stays one, and so does null. `*into` owns it at once, so
 * that an error on the way loses nothing. */
void condition_take_json(lua_State *L, int index, const json_t *before, json_t **into);

/* The table at `index` as values for {name}; raises an error for what cannot be one. */
void condition_take_values(lua_State *L, int index, json_t **into);

#endif
