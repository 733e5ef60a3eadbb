#include "host/app/queue/condition_impl.h"

#include "host/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOOK_EVERY      100 /* instructions */
#define BYTES_A_STEP    64  /* allocating so many takes about as long as an instruction */
#define SWEPT_A_STEP    256 /* of memory in use, when a collection was forced */
#define STRING_OVERHEAD 64

/* ---- memory ---------------------------------------------------------------------------------- */

struct budget *condition_budget(lua_State *L)
{
    return *(struct budget **)lua_getextraspace(L);
}

/* Lua collects its garbage and tries once more, which takes time. */
static void *refuse(struct budget *b, const char *what, int limit)
{
    snprintf(b->why, sizeof b->why, "%s of more than %d bytes", what, limit);
    b->steps += (int64_t)(b->bytes / SWEPT_A_STEP);
    return NULL;
}

static void *allocate(void *context, void *old, size_t old_size, size_t size)
{
    struct budget *b = context;
    bool text = old == NULL && old_size == LUA_TSTRING;
    old_size = old != NULL ? old_size : 0;
    if (size == 0) {
        free(old);
        b->bytes -= old_size;
        return NULL;
    }
    if (text && size > CONDITION_TEXT_MAX + STRING_OVERHEAD) {
        return refuse(b, "a text", CONDITION_TEXT_MAX);
    }
    if (size > old_size && b->bytes - old_size + size > CONDITION_BYTES) {
        return refuse(b, "a need for memory", CONDITION_BYTES);
    }
    b->steps += size > old_size ? (int64_t)((size - old_size) / BYTES_A_STEP) : 0;
    b->bytes = b->bytes - old_size + size;
    return mem_resize(old, 1, size);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void hook(lua_State *L, lua_Debug *ar);

static int current_line(lua_State *L)
{
    lua_Debug ar;
    for (int level = 0; lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "l", &ar);
        if (ar.currentline > 0) {
            return ar.currentline;
        }
    }
    return 0;
}

/* From now on every single instruction raises it again: no pcall() goes on. */
static void check_steps(lua_State *L)
{
    struct budget *b = condition_budget(L);
    if (b->steps <= CONDITION_STEPS && !b->spent) {
        return;
    }
    if (!b->spent) {
        b->spent = true;
        snprintf(b->why, sizeof b->why, "line %d: more than %d steps: an endless loop?",
            current_line(L), CONDITION_STEPS);
        lua_sethook(L, hook, LUA_MASKCOUNT, 1);
    }
    luaL_error(L, "%s", b->why);
}

static void hook(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    condition_budget(L)->steps += HOOK_EVERY;
    check_steps(L);
}

void condition_charge(lua_State *L, int64_t steps)
{
    struct budget *b = condition_budget(L);
    b->steps += steps < CONDITION_STEPS ? steps : CONDITION_STEPS + 1;
    check_steps(L);
}

/* ---- running --------------------------------------------------------------------------------- */

struct run {
    const char *body;
    const json_t *symbols;
    struct condition_result *out; /* NULL: a check of the syntax alone */
    json_t **changed;
    json_t *symbol; /* owned; the one that is being compared */
};

struct source {
    const char *part[2];
    int next;
};

static const char *read_part(lua_State *L, void *context, size_t *size)
{
    struct source *s = context;
    (void)L;
    if (s->next == 2) {
        return NULL;
    }
    *size = strlen(s->part[s->next]);
    return s->part[s->next++];
}

static int load_as(lua_State *L, const char *before, const char *body)
{
    struct source s = {.part = {before, body}, .next = before[0] == '\0'};
    return lua_load(L, read_part, &s, "=line", "t");
}

/* An expression, or statements. */
static void load(lua_State *L, const char *body)
{
    if (load_as(L, "return ", body) == LUA_OK) {
        return;
    }
    lua_pop(L, 1);
    if (load_as(L, "", body) != LUA_OK) {
        lua_error(L);
    }
}

static void push_symbols(lua_State *L, const json_t *symbols)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)symbols, key, value)
    {
        condition_push_json(L, value, 0);
        lua_setglobal(L, key);
    }
}

/* Those that are not what they were. */
static void take_changed(lua_State *L, struct run *r)
{
    const char *key = NULL;
    json_t *before = NULL;
    json_object_foreach((json_t *)(uintptr_t)r->symbols, key, before)
    {
        lua_getglobal(L, key);
        condition_take_json(L, -1, before, &r->symbol);
        lua_pop(L, 1);
        if (r->symbol == NULL) {
            r->symbol = json_null();
        }
        if (!json_equal(r->symbol, before)) {
            *r->changed = *r->changed != NULL ? *r->changed : json_object();
            json_object_set(*r->changed, key, r->symbol);
        }
        json_decref(r->symbol);
        r->symbol = NULL;
    }
}

static void take_result(lua_State *L, struct condition_result *out)
{
    if (lua_istable(L, -1)) {
        condition_take_values(L, -1, &out->values);
    } else if (!lua_isboolean(L, -1) && !lua_isnil(L, -1)) {
        luaL_error(L, "the outcome is a %s: it must be true, false, nil or a table of values",
            luaL_typename(L, -1));
    }
    out->runs = lua_toboolean(L, -1);
}

static int run_protected(lua_State *L)
{
    struct run *r = lua_touserdata(L, 1);
    struct budget *b = condition_budget(L);
    condition_open_lib(L);
    push_symbols(L, r->symbols);
    load(L, r->body);
    if (r->out == NULL) {
        return 0;
    }
    b->steps = 0;
    lua_sethook(L, hook, LUA_MASKCOUNT, HOOK_EVERY);
    lua_call(L, 0, 1);
    lua_sethook(L, NULL, 0, 0);
    take_result(L, r->out);
    if (r->changed != NULL) {
        take_changed(L, r);
    }
    return 0;
}

/* "line:3: text" is Lua's way to name the line. */
static int tell(lua_State *L, int status, const struct budget *b, struct err *e)
{
    char text[200];
    int line = 0;
    int length = 0;
    if (b->spent || (status == LUA_ERRMEM && b->why[0] != '\0')) {
        return err_set(e, PP_EINVAL, "%s", b->why);
    }
    const char *raw = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
    if (raw[0] == '\0') {
        return err_set(e, PP_EINVAL, "an error without a text (a %s)", luaL_typename(L, -1));
    }
    if (sscanf(raw, "line:%d: %n", &line, &length) != 1 || length == 0) {
        line = 0;
        length = 0;
    }
    str_escape(text, sizeof text, raw + length, strlen(raw + length));
    return line > 0 ? err_set(e, PP_EINVAL, "line %d: %s", line, text)
                    : err_set(e, PP_EINVAL, "%s", text);
}

static int run(struct run *r, struct strbuf *said, struct err *e)
{
    struct budget b = {.said = said};
    lua_State *L = lua_newstate(allocate, &b);
    if (L == NULL) {
        return err_set(e, PP_ELIMIT, "Lua does not start: %s", b.why);
    }
    *(struct budget **)lua_getextraspace(L) = &b;
    lua_pushcfunction(L, run_protected);
    lua_pushlightuserdata(L, r);
    int status = lua_pcall(L, 1, 0, 0);
    int rc = status == LUA_OK ? 0 : tell(L, status, &b, e);
    lua_close(L);
    return rc;
}

int condition_run(const char *body, const json_t *symbols, struct condition_result *out,
    json_t **changed, struct strbuf *said, struct err *e)
{
    struct run r = {.body = body, .symbols = symbols, .out = out, .changed = changed};
    *out = (struct condition_result){0};
    if (changed != NULL) {
        *changed = NULL;
    }
    int rc = run(&r, said, e);
    json_decref(r.symbol);
    if (rc != 0) {
        json_decref(out->values);
        *out = (struct condition_result){0};
        if (changed != NULL) {
            json_decref(*changed);
            *changed = NULL;
        }
    }
    return rc;
}

int condition_check(const char *body, struct err *e)
{
    struct run r = {.body = body};
    return run(&r, NULL, e);
}
