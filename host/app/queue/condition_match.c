/* string.find, match, gmatch and gsub by our own matcher. */
#include "host/app/queue/condition_impl.h"

#include "host/app/queue/pattern.h"

#include <string.h>

/* A subject and its pattern: arguments 1 and 2 of a call. */
struct task {
    struct pattern pattern;
    struct pattern_match m;
    size_t at; /* where the last match began */
};

static void open_task(lua_State *L, struct task *t, int text, int pattern, bool anchors)
{
    size_t len = 0;
    const char *p = luaL_checklstring(L, pattern, &len);
    const char *wrong = pattern_read(&t->pattern, p, len, anchors);
    t->m.text = luaL_checklstring(L, text, &t->m.len);
    condition_charge(L, 10 + 2 * (int64_t)len);
    if (wrong != NULL) {
        luaL_error(L, "%s", wrong);
    }
}

/* The next match at or after `start`. */
static bool search(lua_State *L, struct task *t, size_t start)
{
    const struct budget *b = condition_budget(L);
    int64_t before = CONDITION_STEPS - b->steps;
    t->m.steps = before;
    enum pattern_result result = pattern_search(&t->pattern, &t->m, start, &t->at);
    condition_charge(L, before - t->m.steps + (result == PATTERN_SPENT));
    if (result == PATTERN_DEEP) {
        luaL_error(L, "pattern too complex");
    }
    return result == PATTERN_YES;
}

static void push_capture(lua_State *L, const struct task *t, int index)
{
    if (t->pattern.captures == 0) {
        lua_pushlstring(L, t->m.text + t->at, t->m.end - t->at);
    } else if (t->m.capture[index].position) {
        lua_pushinteger(L, (lua_Integer)t->m.capture[index].start + 1);
    } else {
        lua_pushlstring(L, t->m.text + t->m.capture[index].start,
            t->m.capture[index].end - t->m.capture[index].start);
    }
}

static int push_captures(lua_State *L, const struct task *t, int least)
{
    int n = t->pattern.captures > least ? t->pattern.captures : least;
    luaL_checkstack(L, n, "too many captures");
    for (int i = 0; i < n; i++) {
        push_capture(L, t, i);
    }
    return n;
}

/* Where to begin, from an argument counted from 1 or, if negative, from the end. SIZE_MAX: behind
 * the end. */
static size_t start_at(lua_State *L, int arg, size_t len)
{
    lua_Integer init = luaL_optinteger(L, arg, 1);
    if (init > 0) {
        return (size_t)init - 1 <= len ? (size_t)init - 1 : SIZE_MAX;
    }
    return init < 0 && (size_t)-init <= len ? len - (size_t)-init : 0;
}

static int find_plain(lua_State *L, size_t start)
{
    size_t len = 0;
    size_t wanted = 0;
    const char *text = lua_tolstring(L, 1, &len);
    const char *what = lua_tolstring(L, 2, &wanted);
    condition_charge(L, 2 + (int64_t)(len / 8));
    const char *at = memmem(text + start, len - start, what, wanted);
    if (at == NULL) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushinteger(L, (lua_Integer)(at - text) + 1);
    lua_pushinteger(L, (lua_Integer)((size_t)(at - text) + wanted));
    return 2;
}

static int find_or_match(lua_State *L, bool find)
{
    struct task t;
    size_t len = 0;
    luaL_checklstring(L, 1, &len);
    luaL_checkstring(L, 2);
    size_t start = start_at(L, 3, len);
    if (start == SIZE_MAX) {
        lua_pushnil(L);
        return 1;
    }
    if (find && lua_toboolean(L, 4)) {
        return find_plain(L, start);
    }
    open_task(L, &t, 1, 2, true);
    if (!search(L, &t, start)) {
        lua_pushnil(L);
        return 1;
    }
    if (!find) {
        return push_captures(L, &t, 1);
    }
    lua_pushinteger(L, (lua_Integer)t.at + 1);
    lua_pushinteger(L, (lua_Integer)t.m.end);
    return 2 + push_captures(L, &t, 0);
}

static int lib_find(lua_State *L)
{
    return find_or_match(L, true);
}

static int lib_match(lua_State *L)
{
    return find_or_match(L, false);
}

/* Upvalues: text, pattern, where to go on, the end of the match before (0: none, else plus 1). */
static int next_match(lua_State *L)
{
    struct task t;
    open_task(L, &t, lua_upvalueindex(1), lua_upvalueindex(2), false);
    size_t start = (size_t)lua_tointeger(L, lua_upvalueindex(3));
    size_t last = (size_t)lua_tointeger(L, lua_upvalueindex(4));
    while (start <= t.m.len && search(L, &t, start)) {
        if (t.m.end + 1 != last) { /* an empty match at the end of the one before is none */
            lua_pushinteger(L, (lua_Integer)t.m.end);
            lua_replace(L, lua_upvalueindex(3));
            lua_pushinteger(L, (lua_Integer)t.m.end + 1);
            lua_replace(L, lua_upvalueindex(4));
            return push_captures(L, &t, 1);
        }
        start = t.at + 1;
    }
    return 0;
}

static int lib_gmatch(lua_State *L)
{
    size_t len = 0;
    luaL_checklstring(L, 1, &len);
    luaL_checkstring(L, 2);
    size_t start = start_at(L, 3, len);
    lua_settop(L, 2);
    lua_pushinteger(L, start == SIZE_MAX ? (lua_Integer)len + 1 : (lua_Integer)start);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, next_match, 4);
    return 1;
}

/* ---- gsub ------------------------------------------------------------------------------------ */

/* "%1", "%0" and "%%" in a replacement. */
static void add_replacement(lua_State *L, luaL_Buffer *b, const struct task *t)
{
    size_t len = 0;
    const char *p = lua_tolstring(L, 3, &len);
    for (const char *end = p + len; p < end; p++) {
        if (*p != '%') {
            luaL_addchar(b, *p);
            continue;
        }
        char c = ++p < end ? *p : '\0';
        if (c == '%') {
            luaL_addchar(b, '%');
        } else if (c == '0') {
            luaL_addlstring(b, t->m.text + t->at, t->m.end - t->at);
        } else if (c >= '1' && c <= '9' && (c - '1' < t->pattern.captures || c == '1')) {
            push_capture(L, t, c - '1');
            luaL_addvalue(b);
        } else {
            luaL_error(L, "invalid use of '%%' in replacement string");
        }
    }
}

/* What stands for a match by a table or a function; false or nil: it stays. */
static void add_answer(lua_State *L, luaL_Buffer *b, const struct task *t)
{
    if (lua_istable(L, 3)) {
        push_capture(L, t, 0);
        lua_gettable(L, 3);
    } else {
        lua_pushvalue(L, 3);
        lua_call(L, push_captures(L, t, 1), 1);
    }
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        luaL_addlstring(b, t->m.text + t->at, t->m.end - t->at);
    } else if (lua_isstring(L, -1)) {
        luaL_addvalue(b);
    } else {
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    }
}

static void add_for_match(lua_State *L, luaL_Buffer *b, const struct task *t)
{
    condition_charge(L, 4);
    if (lua_type(L, 3) == LUA_TSTRING || lua_type(L, 3) == LUA_TNUMBER) {
        add_replacement(L, b, t);
    } else {
        add_answer(L, b, t);
    }
}

/* Where the text after the last match begins. */
static size_t replace_all(
    lua_State *L, luaL_Buffer *b, struct task *t, lua_Integer most, lua_Integer *count)
{
    size_t copied = 0; /* so far */
    size_t start = 0;
    bool matched = false;
    while (*count < most && start <= t->m.len && search(L, t, start)) {
        if (matched && t->m.end == copied && t->at == t->m.end) {
            start = t->at + 1; /* empty, right behind the one before */
            continue;
        }
        luaL_addlstring(b, t->m.text + copied, t->at - copied);
        add_for_match(L, b, t);
        copied = t->m.end;
        start = t->m.end;
        matched = true;
        (*count)++;
        if (t->pattern.anchored) {
            break;
        }
    }
    return copied;
}

static int lib_gsub(lua_State *L)
{
    struct task t;
    luaL_Buffer b;
    lua_Integer count = 0;
    int type = lua_type(L, 3);
    luaL_argexpected(L,
        type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TTABLE || type == LUA_TFUNCTION,
        3, "string/function/table");
    open_task(L, &t, 1, 2, true);
    lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)t.m.len + 1);
    luaL_buffinit(L, &b);
    size_t copied = replace_all(L, &b, &t, most, &count);
    luaL_addlstring(&b, t.m.text + copied, t.m.len - copied);
    luaL_pushresult(&b);
    lua_pushinteger(L, count);
    return 2;
}

void condition_open_patterns(lua_State *L)
{
    static const luaL_Reg functions[] = {{"find", lib_find}, {"match", lib_match},
        {"gmatch", lib_gmatch}, {"gsub", lib_gsub}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
