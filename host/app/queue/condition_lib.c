/* What a condition may use of Lua's library. What is here neither reaches out nor depends on
 * addresses, time or chance, and what takes long is charged as steps. */
#include "host/app/queue/condition_impl.h"

#include <string.h>

#define CALL_STEPS   2
#define UNPACK_MAX   200
#define NUMBER_BYTES 200 /* of a text that is read as a number */

/* ---- texts ----------------------------------------------------------------------------------- */

const char *condition_text(lua_State *L, int index, size_t *len)
{
    int type = lua_type(L, index);
    if (type == LUA_TTABLE || type == LUA_TFUNCTION) {
        lua_pushstring(L, luaL_typename(L, index));
        return lua_tolstring(L, -1, len);
    }
    return luaL_tolstring(L, index, len);
}

static int lib_tostring(lua_State *L)
{
    luaL_checkany(L, 1);
    condition_text(L, 1, NULL);
    return 1;
}

static int lib_print(lua_State *L)
{
    struct strbuf *said = condition_budget(L)->said;
    int n = lua_gettop(L);
    for (int i = 1; i <= n; i++) {
        size_t len = 0;
        const char *text = condition_text(L, i, &len);
        size_t room = said != NULL && said->len < CONDITION_SAYS ? CONDITION_SAYS - said->len : 0;
        condition_charge(L, CALL_STEPS + (int64_t)(len / 16));
        if (room > 0) {
            strbuf_add(said, i > 1 ? "\t" : "", i > 1 && room > 1);
            strbuf_add(said, text, len < room - 1 ? len : room - 1);
        }
        lua_pop(L, 1);
    }
    if (said != NULL && said->len < CONDITION_SAYS) {
        strbuf_puts(said, "\n");
    }
    return 0;
}

static int lib_tonumber(lua_State *L)
{
    size_t len = 0;
    if (lua_type(L, 1) == LUA_TSTRING && lua_tolstring(L, 1, &len) && len > NUMBER_BYTES) {
        lua_pushnil(L);
        return 1;
    }
    condition_charge(L, CALL_STEPS * 10);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, 1);
    return 1;
}

/* Formats that would tell an address are mistakes. */
static void check_format(lua_State *L, const char *format)
{
    for (const char *p = strchr(format, '%'); p != NULL; p = strchr(p, '%')) {
        p++;
        p += strspn(p, "-+ #.0123456789");
        if (*p == 'p') {
            luaL_error(L, "format: %%p is not possible here");
        }
        p += *p != '\0';
    }
}

static int lib_format(lua_State *L)
{
    int n = lua_gettop(L);
    check_format(L, luaL_checkstring(L, 1));
    for (int i = 1; i <= n; i++) {
        int64_t bytes = lua_type(L, i) == LUA_TSTRING ? (int64_t)lua_rawlen(L, i) : 0;
        condition_charge(L, 20 + bytes / 4);
        if (lua_istable(L, i) || lua_isfunction(L, i)) {
            condition_text(L, i, NULL);
            lua_replace(L, i);
        }
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, n, 1);
    return 1;
}

/* A function of Lua's that is charged by the length of its texts. */
static int lib_charged(lua_State *L)
{
    int n = lua_gettop(L);
    for (int i = 1; i <= n; i++) {
        if (lua_type(L, i) == LUA_TSTRING) {
            condition_charge(L, CALL_STEPS + (int64_t)(lua_rawlen(L, i) / 4));
        }
    }
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, n, LUA_MULTRET);
    return lua_gettop(L);
}

/* ---- errors ---------------------------------------------------------------------------------- */

/* The limit of steps is not an error that a condition could catch. */
static int lib_pcall(lua_State *L)
{
    luaL_checkany(L, 1);
    int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
    if (condition_budget(L)->spent) {
        return lua_error(L);
    }
    lua_pushboolean(L, status == LUA_OK);
    lua_insert(L, 1);
    return lua_gettop(L);
}

/* ---- sorting --------------------------------------------------------------------------------- */

/* True if `a` comes before `b`. */
typedef bool (*before_fn)(lua_State *L, int a, int b);

static int rank(lua_State *L, int index)
{
    int type = lua_type(L, index);
    return type == LUA_TNUMBER ? 0 : type == LUA_TSTRING ? 1 : 2;
}

static bool key_before(lua_State *L, int a, int b)
{
    int rank_a = rank(L, a);
    int rank_b = rank(L, b);
    return rank_a != rank_b ? rank_a < rank_b : rank_a < 2 && lua_compare(L, a, b, LUA_OPLT);
}

/* With the function that is table.sort()'s second argument, if there is one. */
static bool value_before(lua_State *L, int a, int b)
{
    if (!lua_isfunction(L, 2)) {
        return lua_compare(L, a, b, LUA_OPLT);
    }
    lua_pushvalue(L, 2);
    lua_pushvalue(L, a);
    lua_pushvalue(L, b);
    lua_call(L, 2, 1);
    bool result = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return result;
}

/* Merges [low, middle) and [middle, high) of the table `from` into `to`. */
static void merge(lua_State *L, int from, int to, lua_Integer range[3], before_fn before)
{
    lua_Integer i = range[0];
    lua_Integer k = range[1];
    for (lua_Integer out = range[0]; out < range[2]; out++) {
        bool right = i == range[1];
        condition_charge(L, 10);
        lua_rawgeti(L, from, i);
        lua_rawgeti(L, from, k);
        if (!right && k < range[2]) {
            right = before(L, lua_gettop(L), lua_gettop(L) - 1);
        }
        lua_pop(L, !right);
        lua_rawseti(L, to, out);
        lua_settop(L, lua_gettop(L) - right);
        i += !right;
        k += right;
    }
}

/* Sorts elements 1 to n of the table at `index`, equal ones in their order. */
static void sort(lua_State *L, int index, lua_Integer n, before_fn before)
{
    int from = lua_absindex(L, index);
    lua_createtable(L, (int)n, 0);
    int to = lua_gettop(L);
    int target = from;
    for (lua_Integer width = 1; width < n; width *= 2) {
        for (lua_Integer low = 1; low <= n; low += 2 * width) {
            lua_Integer middle = low + width <= n ? low + width : n + 1;
            lua_Integer high = middle + width <= n ? middle + width : n + 1;
            merge(L, from, to, (lua_Integer[]){low, middle, high}, before);
        }
        int other = from;
        from = to;
        to = other;
    }
    for (lua_Integer i = 1; from != target && i <= n; i++) {
        lua_rawgeti(L, from, i);
        lua_rawseti(L, target, i);
    }
    lua_settop(L, from > to ? from - 1 : to - 1);
}

static int lib_sort(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (!lua_isnoneornil(L, 2)) {
        luaL_checktype(L, 2, LUA_TFUNCTION);
    }
    lua_settop(L, 2);
    sort(L, 1, (lua_Integer)lua_rawlen(L, 1), value_before);
    return 0;
}

void condition_sorted_keys(lua_State *L)
{
    lua_Integer n = 0;
    lua_newtable(L);
    lua_pushnil(L);
    while (lua_next(L, -3) != 0) {
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, ++n);
        condition_charge(L, 5);
    }
    lua_remove(L, -2);
    sort(L, -1, n, key_before);
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* Upvalues: the keys, how many of them are done. */
static int next_pair(lua_State *L)
{
    lua_Integer i = lua_tointeger(L, lua_upvalueindex(2));
    for (;;) {
        lua_settop(L, 1);
        if (lua_rawgeti(L, lua_upvalueindex(1), ++i) == LUA_TNIL) {
            return 1;
        }
        lua_pushvalue(L, -1);
        if (lua_rawget(L, 1) != LUA_TNIL) { /* not removed meanwhile */
            lua_pushinteger(L, i);
            lua_replace(L, lua_upvalueindex(2));
            return 2;
        }
        condition_charge(L, CALL_STEPS);
    }
}

static int lib_pairs(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushvalue(L, 1);
    condition_sorted_keys(L);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, next_pair, 2);
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
}

/* Elements that a function of Lua's goes through: all of the table, or from one index to another
 * that stand as arguments `first` and `first` + 1. */
static lua_Integer elements(lua_State *L, int first)
{
    lua_Integer n = (lua_Integer)lua_rawlen(L, 1);
    lua_Integer from = luaL_optinteger(L, first, 1);
    lua_Integer to = luaL_optinteger(L, first + 1, n);
    uint64_t span = from > to ? 0 : (uint64_t)to - (uint64_t)from;
    return span >= INT32_MAX ? INT32_MAX : (lua_Integer)span < n ? n : (lua_Integer)span + 1;
}

static int call_original(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
}

static int lib_moving(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    condition_charge(L, CALL_STEPS + 4 * (int64_t)lua_rawlen(L, 1));
    return call_original(L);
}

static int lib_concat(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    condition_charge(L, CALL_STEPS + 20 * elements(L, 3));
    return call_original(L);
}

static int lib_unpack(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (elements(L, 2) > UNPACK_MAX) {
        return luaL_error(L, "unpack: more than %d values", UNPACK_MAX);
    }
    return call_original(L);
}

/* ---- the whole ------------------------------------------------------------------------------- */

struct wrapped {
    const char *name;
    lua_CFunction by; /* NULL: as it is in Lua */
};

static const struct wrapped base_functions[] = {{"assert", NULL}, {"error", NULL}, {"ipairs", NULL},
    {"select", NULL}, {"type", NULL}, {"tonumber", lib_tonumber}, {NULL, NULL}};

static const struct wrapped string_functions[] = {{"byte", lib_charged}, {"char", NULL},
    {"format", lib_format}, {"len", NULL}, {"lower", lib_charged}, {"reverse", lib_charged},
    {"sub", NULL}, {"upper", lib_charged}, {NULL, NULL}};

static const struct wrapped table_functions[] = {{"concat", lib_concat}, {"insert", lib_moving},
    {"remove", lib_moving}, {"unpack", lib_unpack}, {NULL, NULL}};

static const struct wrapped math_functions[] = {{"abs", NULL}, {"acos", NULL}, {"asin", NULL},
    {"atan", NULL}, {"ceil", NULL}, {"cos", NULL}, {"deg", NULL}, {"exp", NULL}, {"floor", NULL},
    {"fmod", NULL}, {"huge", NULL}, {"log", NULL}, {"max", NULL}, {"maxinteger", NULL},
    {"min", NULL}, {"mininteger", NULL}, {"modf", NULL}, {"pi", NULL}, {"rad", NULL}, {"sin", NULL},
    {"sqrt", NULL}, {"tan", NULL}, {"tointeger", NULL}, {"type", NULL}, {"ult", NULL},
    {NULL, NULL}};

/* From the library on the top of the stack into the table below it. */
static void take_over(lua_State *L, const struct wrapped *functions)
{
    for (const struct wrapped *f = functions; f->name != NULL; f++) {
        lua_getfield(L, -1, f->name);
        if (f->by != NULL) {
            lua_pushcclosure(L, f->by, 1);
        }
        lua_setfield(L, -3, f->name);
    }
    lua_pop(L, 1);
}

/* Leaves the table of what may be used of a library. */
static void open_part(
    lua_State *L, const char *name, lua_CFunction open, const struct wrapped *functions)
{
    lua_newtable(L);
    luaL_requiref(L, name, open, 0);
    take_over(L, functions);
}

/* ("x"):upper() finds what string.upper is here; numbers are not made of texts by "+". */
static void set_string_methods(lua_State *L)
{
    lua_pushliteral(L, "");
    lua_createtable(L, 0, 1);
    lua_pushvalue(L, -3);
    lua_setfield(L, -2, "__index");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

static void open_libraries(lua_State *L)
{
    open_part(L, "string", luaopen_string, string_functions);
    condition_open_patterns(L);
    set_string_methods(L);
    lua_setfield(L, -2, "string");
    open_part(L, "table", luaopen_table, table_functions);
    lua_pushcfunction(L, lib_sort);
    lua_setfield(L, -2, "sort");
    lua_setfield(L, -2, "table");
    open_part(L, "math", luaopen_math, math_functions);
    lua_setfield(L, -2, "math");
}

void condition_open_lib(lua_State *L)
{
    static const luaL_Reg ours[] = {{"pairs", lib_pairs}, {"pcall", lib_pcall},
        {"print", lib_print}, {"tostring", lib_tostring}, {NULL, NULL}};
    open_part(L, LUA_GNAME, luaopen_base, base_functions);
    luaL_setfuncs(L, ours, 0);
    open_libraries(L);
    /* Only now: the libraries above were opened with Lua's own globals. */
    lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
}
