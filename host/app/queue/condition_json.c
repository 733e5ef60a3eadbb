/* JSON to Lua and back. */
#include "host/app/queue/condition_impl.h"

#include "host/core/template.h"

#include <math.h>
#include <string.h>

#define DEPTH_MAX  16
#define VALUES_MAX 20000 /* of one symbol that comes back: tables may be in it many times over */

/* ---- in -------------------------------------------------------------------------------------- */

static void push_array(lua_State *L, const json_t *list, int depth)
{
    size_t n = json_array_size(list);
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++) {
        condition_push_json(L, json_array_get(list, i), depth + 1);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

static void push_object(lua_State *L, const json_t *object, int depth)
{
    const char *key = NULL;
    json_t *value = NULL;
    lua_createtable(L, 0, (int)json_object_size(object));
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        condition_push_json(L, value, depth + 1);
        lua_setfield(L, -2, key);
    }
}

void condition_push_json(lua_State *L, const json_t *value, int depth)
{
    if (depth > DEPTH_MAX) {
        luaL_error(L, "the symbols are nested more than %d deep", DEPTH_MAX);
    }
    luaL_checkstack(L, 4, NULL);
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        push_object(L, value, depth);
        break;
    case JSON_ARRAY:
        push_array(L, value, depth);
        break;
    case JSON_STRING:
        lua_pushlstring(L, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        lua_pushinteger(L, json_integer_value(value));
        break;
    case JSON_REAL:
        lua_pushnumber(L, json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        lua_pushboolean(L, json_is_true(value));
        break;
    case JSON_NULL:
        lua_pushnil(L);
        break;
    }
}

/* ---- back ------------------------------------------------------------------------------------ */

struct taking {
    int left; /* values */
    int depth;
};

static void fill(lua_State *L, int index, const json_t *before, json_t *into, struct taking *t);

static bool is_list(lua_State *L, int index, const json_t *before)
{
    return json_is_array(before) || lua_rawlen(L, index) > 0;
}

/* A plain value, or an empty container for a table; NULL for what has no place in JSON. */
static json_t *shape(lua_State *L, int index, const json_t *before)
{
    size_t len = 0;
    switch (lua_type(L, index)) {
    case LUA_TNIL:
        return json_is_null(before) ? json_null() : NULL;
    case LUA_TBOOLEAN:
        return json_boolean(lua_toboolean(L, index));
    case LUA_TNUMBER:
        return lua_isinteger(L, index) ? json_integer(lua_tointeger(L, index))
                                       : json_real(lua_tonumber(L, index));
    case LUA_TSTRING: {
        const char *text = lua_tolstring(L, index, &len);
        return json_stringn(text, len);
    }
    case LUA_TTABLE:
        return is_list(L, index, before) ? json_array() : json_object();
    default:
        return NULL;
    }
}

static void fill_list(lua_State *L, int index, const json_t *before, json_t *into, struct taking *t)
{
    size_t n = lua_rawlen(L, index);
    n = n > json_array_size(before) ? n : json_array_size(before);
    for (size_t i = 0; i < n; i++) {
        const json_t *old = json_array_get(before, i);
        lua_rawgeti(L, index, (lua_Integer)i + 1);
        json_t *value = shape(L, -1, old);
        value = value != NULL ? value : json_null();
        json_array_append_new(into, value);
        fill(L, -1, old, value, t);
        lua_pop(L, 1);
    }
    /* What was taken off its end is not null but gone. */
    while (json_array_size(into) > lua_rawlen(L, index) &&
           json_is_null(json_array_get(into, json_array_size(into) - 1)) &&
           !json_is_null(json_array_get(before, json_array_size(into) - 1))) {
        json_array_remove(into, json_array_size(into) - 1);
    }
}

/* Keeps a null that still is one. */
static void keep_nulls(lua_State *L, int index, const json_t *before, json_t *into)
{
    const char *key = NULL;
    json_t *old = NULL;
    json_object_foreach((json_t *)(uintptr_t)before, key, old)
    {
        if (json_is_null(old) && json_object_get(into, key) == NULL) {
            lua_getfield(L, index, key);
            if (lua_isnil(L, -1)) {
                json_object_set_new(into, key, json_null());
            }
            lua_pop(L, 1);
        }
    }
}

/* The member whose key and value are on the stack. */
static void fill_member(lua_State *L, const json_t *before, json_t *into, struct taking *t)
{
    size_t len = 0;
    const char *key = lua_tolstring(L, -2, &len);
    const json_t *old = json_object_getn(before, key, len);
    json_t *value = shape(L, -1, old);
    if (value == NULL) {
        return;
    }
    if (json_object_setn_new(into, key, len, value) != 0) {
        luaL_error(L, "a key of a symbol is no text of UTF-8");
    }
    fill(L, -1, old, value, t);
}

static void fill_object(
    lua_State *L, int index, const json_t *before, json_t *into, struct taking *t)
{
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        if (lua_type(L, -2) == LUA_TSTRING) {
            fill_member(L, before, into, t);
        }
        lua_pop(L, 1);
    }
    keep_nulls(L, index, before, into);
}

/* What is in the table at `index` goes into its empty shape. */
static void fill(lua_State *L, int index, const json_t *before, json_t *into, struct taking *t)
{
    if (--t->left < 0) {
        luaL_error(L, "a symbol has more than %d values", VALUES_MAX);
    }
    if (!lua_istable(L, index)) {
        return;
    }
    if (++t->depth > DEPTH_MAX) {
        luaL_error(L, "a symbol is nested more than %d deep", DEPTH_MAX);
    }
    luaL_checkstack(L, 4, NULL);
    index = lua_absindex(L, index);
    if (json_is_array(into)) {
        fill_list(L, index, before, into, t);
    } else {
        fill_object(L, index, before, into, t);
    }
    t->depth--;
}

void condition_take_json(lua_State *L, int index, const json_t *before, json_t **into)
{
    struct taking t = {.left = VALUES_MAX, .depth = -1};
    *into = shape(L, index, before);
    if (*into != NULL) {
        fill(L, index, before, *into, &t);
    }
}

/* ---- values for {name} ----------------------------------------------------------------------- */

static json_t *value_of(lua_State *L, const char *name)
{
    size_t len = 0;
    json_t *value = NULL;
    if (lua_type(L, -1) == LUA_TSTRING) {
        const char *text = lua_tolstring(L, -1, &len);
        value = strlen(text) == len ? json_stringn(text, len) : NULL;
    } else if (lua_isinteger(L, -1)) {
        value = json_integer(lua_tointeger(L, -1));
    } else if (lua_type(L, -1) == LUA_TNUMBER && isfinite(lua_tonumber(L, -1))) {
        value = json_real(lua_tonumber(L, -1));
    }
    if (value == NULL) {
        luaL_error(L, "the outcome's %s is %s: values are finite numbers and texts of UTF-8", name,
            luaL_typename(L, -1));
    }
    return value;
}

static const char *name_of(lua_State *L)
{
    size_t len = 0;
    if (lua_type(L, -2) != LUA_TSTRING) {
        luaL_error(L, "a key of the outcome is a %s: it must be a name", luaL_typename(L, -2));
    }
    const char *name = lua_tolstring(L, -2, &len);
    if (!template_name_ok(name, len)) {
        luaL_error(L,
            "the outcome's key \"%s\" is no name: letters, digits, _ and dots, a letter first",
            name);
    }
    return name;
}

void condition_take_values(lua_State *L, int index, json_t **into)
{
    index = lua_absindex(L, index);
    *into = json_object();
    lua_pushnil(L);
    while (lua_next(L, index) != 0) {
        const char *name = name_of(L);
        json_object_set_new(*into, name, value_of(L, name));
        lua_pop(L, 1);
    }
}
