// link: ppapp
/* Conditions: what Lua may do here, and what it may not. */
#include "host/app/queue/condition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char symbols_text[] =
    "{\"current\": {\"path\": \"a/cube_special.gcode\", \"bed_temp\": 61.5, \"state\": \"idle\","
    " \"materials\": [null, \"PLA\"], \"action\": null},"
    " \"external\": {\"go\": true, \"n\": 3, \"list\": []},"
    " \"printer\": {\"min_x\": 0, \"max_x\": 220, \"max_z\": 250.5}}";

static struct condition_result result;
static json_t *changed;
static struct strbuf said;
static struct err err;

static void clear(void)
{
    json_decref(result.values);
    json_decref(changed);
    strbuf_fini(&said);
    result = (struct condition_result){0};
    changed = NULL;
    err = (struct err){0};
}

static int run(const char *body)
{
    clear();
    json_t *symbols = json_loads(symbols_text, 0, NULL);
    assert_non_null(symbols);
    int rc = condition_run(body, symbols, &result, &changed, &said, &err);
    json_decref(symbols);
    return rc;
}

static int teardown(void **state)
{
    (void)state;
    clear();
    return 0;
}

static void assert_runs(const char *body, bool runs)
{
    if (run(body) != 0) {
        fail_msg("\"%s\": %s", body, err.text);
    }
    if (result.runs != runs) {
        fail_msg("\"%s\" is %s", body, runs ? "false" : "true");
    }
}

static void assert_refused(const char *body, const char *text)
{
    if (run(body) == 0) {
        fail_msg("\"%s\" is accepted", body);
    }
    assert_int_equal(err.code, PP_EINVAL);
    assert_false(result.runs);
    assert_null(result.values);
    assert_null(changed);
    if (strstr(err.text, text) == NULL) {
        fail_msg("\"%s\": \"%s\" does not say \"%s\"", body, err.text, text);
    }
}

static void an_expression_needs_no_return(void **state)
{
    (void)state;
    assert_runs("true", true);
    assert_runs("false", false);
    assert_runs("nil", false);
    assert_runs("", false);
    assert_runs("current.bed_temp > 60", true);
    assert_runs("-- only a comment", false);
    assert_runs("current.path:match('_special%.gcode$') ~= nil", true);
}

static void statements_return_their_outcome(void **state)
{
    (void)state;
    assert_runs("local hot = current.bed_temp > 60\nprint('hot', hot)\nreturn not hot", false);
    assert_string_equal(strbuf_text(&said), "hot\ttrue\n");
    assert_runs("x = 1", false);
}

static void a_table_gives_values(void **state)
{
    (void)state;
    assert_runs("{x = printer.max_x / 2, name = 'cube', n = 3, ['a.b'] = -0.25}", true);
    char *text = json_dumps(result.values, JSON_SORT_KEYS | JSON_COMPACT);
    assert_string_equal(text, "{\"a.b\":-0.25,\"n\":3,\"name\":\"cube\",\"x\":110.0}");
    free(text);
    assert_runs("{}", true);
    assert_int_equal(json_object_size(result.values), 0);
}

static void any_other_outcome_is_a_mistake(void **state)
{
    (void)state;
    assert_refused("1", "the outcome is a number: it must be true, false, nil or a table");
    assert_refused("'yes'", "the outcome is a string");
    assert_refused("print", "the outcome is a function");
    assert_refused("{1}", "a key of the outcome is a number");
    assert_refused("{['a b'] = 1}", "the outcome's key \"a b\" is no name");
    assert_refused("{a = {}}", "the outcome's a is table");
    assert_refused("{a = true}", "the outcome's a is boolean");
    assert_refused("{a = 0/0}", "the outcome's a is number");
    assert_refused("{a = '\\255'}", "the outcome's a is string");
    assert_refused("{a = 'x\\0y'}", "the outcome's a is string");
}

static void a_mistake_is_told_with_its_line(void **state)
{
    (void)state;
    assert_refused("local a = 1\nreturn a.b.c", "line 2: attempt to index a number value");
    assert_refused("if x then", "line 1: 'end' expected near <eof>");
    assert_refused("\n\n return ==", "line 3: unexpected symbol near '=='");
    assert_refused("error('bed too hot')", "line 1: bed too hot");
    assert_refused("error('bed too hot', 0)", "bed too hot");
    assert_refused("error({})", "an error without a text (a table)");
    assert_refused("error('', 0)", "an error without a text (a string)");
    assert_refused("error()", "an error without a text (a nil)");
    assert_refused("current.nothing > 1", "line 1: attempt to compare");
    assert_refused("error('a\\nb\\27[2J')", "a\\x0ab\\x1b[2J");
    assert_refused("\x1bLua", "a binary chunk");
}

static void what_reaches_out_or_depends_on_chance_is_not_there(void **state)
{
    (void)state;
    static const char *const names[] = {"io", "os", "require", "package", "debug", "load",
        "loadstring", "dofile", "loadfile", "collectgarbage", "setmetatable", "getmetatable",
        "rawset", "rawget", "rawequal", "rawlen", "next", "coroutine", "utf8", "_G", "_VERSION",
        "xpcall", "warn", "string.rep", "string.dump", "string.pack", "string.unpack",
        "math.random", "math.randomseed", "table.move", "table.pack", "('x').rep", "(''):dump",
        "getfenv", "module"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char body[64];
        if (strstr(names[i], ":") != NULL) {
            assert_refused("(''):dump()", "attempt to call a nil value (method 'dump')");
            continue;
        }
        snprintf(body, sizeof body, "%s == nil", names[i]);
        assert_runs(body, true);
    }
    assert_refused("('x'):rep(10)", "attempt to call a nil value (method 'rep')");
    assert_refused("string.format('%p', {})", "%p is not possible");
    assert_refused("'10' + 1", "attempt to perform arithmetic on a string value");
}

static void what_is_there_works_as_in_lua(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "('aXb'):upper() == 'AXB' and ('AX'):lower() == 'ax' and #'abc' == 3",
        "('abc'):reverse() == 'cba' and ('abc'):sub(-2) == 'bc' and ('a'):byte() == 97",
        "string.char(97, 98) == 'ab' and string.format('%5.1f|%s|%d', 1.25, 'x', 3) == '  1.2|x|3'",
        "tostring(nil) == 'nil' and tostring(1.5) == '1.5' and tostring({}) == 'table'",
        "string.format('%s', print) == 'function' and tostring(print) == 'function'",
        "tonumber('0x10') == 16 and tonumber('7', 8) == 7 and tonumber('x') == nil",
        "math.floor(2.7) == 2 and math.max(1, 3, 2) == 3 and math.pi > 3.14",
        "select('#', 1, 2) == 2 and type({}) == 'table'",
        "table.concat({1, 2, 3}, ',') == '1,2,3' and table.concat({'a', 'b', 'c'}, '-', 2) == "
        "'b-c'",
        "local t = {3, 1, 2} table.sort(t) return table.concat(t) == '123'",
        "local t = {3, 1, 2} table.sort(t, function(a, b) return a > b end) "
        "return table.concat(t) == '321'",
        "local t = {} for i = 1, 100 do t[i] = (i * 37) % 101 end table.sort(t) "
        "for i = 1, 100 do assert(t[i] == i) end return true",
        "local t = {} for i = 1, 77 do t[i] = {i % 3, i} end "
        "table.sort(t, function(a, b) return a[1] < b[1] end) "
        "for i = 2, 77 do assert(t[i - 1][1] < t[i][1] or t[i - 1][2] < t[i][2]) end return true",
        "local t = {1, 2} table.insert(t, 3) table.insert(t, 1, 0) "
        "return table.concat(t) == '0123' and table.remove(t) == 3 and #t == 3",
        "local a, b = table.unpack({4, 5}) return a == 4 and b == 5",
        "local n = 0 for i, v in ipairs({1, 2, 3}) do n = n + i * v end return n == 14",
        "local ok, why = pcall(error, 'x') return not ok and why == 'x'",
        "local ok, a, b = pcall(function(x) return x, 2 end, 1) return ok and a == 1 and b == 2",
        "(function(...) return select(2, ...) end)(1, 2) == 2",
        "assert(true, 'no') and not pcall(assert, false, 'no')",
        "external.go == true and external.n == 3 and current.materials[2] == 'PLA'",
        "current.materials[1] == nil and current.action == nil and printer.max_z == 250.5",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        assert_runs(bodies[i], true);
    }
}

static void pairs_come_in_the_order_of_their_keys(void **state)
{
    (void)state;
    assert_runs("local t = {b = 1, a = 2, [10] = 3, [2.5] = 4, ab = 5, [true] = 6}\n"
                "local s = ''\n"
                "for k, v in pairs(t) do s = s .. tostring(k) .. '=' .. v .. ' ' end\n"
                "print(s) return true",
        true);
    assert_string_equal(strbuf_text(&said), "2.5=4 10=3 a=2 ab=5 b=1 true=6 \n");
    assert_runs("local t = {a = 1, b = 2, c = 3} local n = 0\n"
                "for k in pairs(t) do t.b = nil n = n + 1 end return n == 2",
        true);
}

static void an_endless_loop_ends(void **state)
{
    (void)state;
    assert_refused("local n = 0\nwhile true do n = n + 1 end",
        "line 2: more than 100000 steps: an endless loop?");
    assert_refused("local function f() return f() end return f()", "more than 100000 steps");
    assert_refused("for i = 1, math.huge do end", "more than 100000 steps");
    assert_refused("::a:: goto a", "more than 100000 steps");
}

static void an_endless_loop_that_catches_errors_ends(void **state)
{
    (void)state;
    assert_refused("while true do pcall(function() while true do end end) end",
        "line 1: more than 100000 steps");
    assert_refused("local function f() pcall(f) return f() end f()", "more than 100000 steps");
    assert_refused("pcall(function() while true do end end) return true", "more than");
    assert_refused("while true do pcall(error) end", "more than 100000 steps");
    assert_refused("while true do pcall(pcall, pcall, error) end", "more than 100000 steps");
}

static void an_endless_recursion_ends(void **state)
{
    (void)state;
    assert_refused("local function f() return 1 + f() end return f()", "");
    assert_refused("local function f() return (pcall(f)) end f() while true do end", "");
}

static void memory_is_bounded(void **state)
{
    (void)state;
    assert_refused("local t = {} while true do t[#t + 1] = {} end", "");
    assert_refused("local s = 'x' while true do s = s .. s end", "a text of more than 16384 bytes");
    assert_refused("while true do pcall(function() local s = 'x' while true do s = s .. s end end) "
                   "end",
        "more than 100000 steps");
    assert_refused("local t = {} while true do pcall(function() for i = 1, 1e9 do t[#t + 1] = "
                   "('x'):upper() .. i end end) end",
        "more than 100000 steps");
    assert_refused("local s = ('x'):rep(1000000000)", "method 'rep'");
    assert_refused("string.format('%099999d', 1)", "invalid");
    assert_refused("table.concat({}, 'x', 1, 1e9)", "");
    assert_refused("table.concat({}, 'x', math.mininteger, math.maxinteger)", "");
    assert_refused("table.unpack({}, 1, 1e8)", "more than 200 values");
    assert_refused("table.unpack({}, math.mininteger, math.maxinteger)", "more than 200 values");
    assert_runs("local s = '' for i = 1, 2000 do s = s .. 'x' end return #s == 2000", true);
}

static void a_pattern_that_backtracks_for_ever_ends(void **state)
{
    (void)state;
    assert_refused("local s = string.format('%-99s', 'a'):gsub(' ', 'a')\n"
                   "return s:find(('.-.-.-.-.-.-.-.-.-b'))",
        "line 2: more than 100000 steps");
    assert_refused("local s = string.format('%-99s', 'a') s = s .. s s = s .. s s = s .. s\n"
                   "s:gsub('.*.*.*x', '')",
        "more than 100000 steps");
    assert_refused("local s = string.format('%-99s', 'a') for _ in s:gmatch('.-.-.-.-.-x') do end",
        "more than 100000 steps");
    assert_refused("('x'):find(('((((((((((((((((((((((((((((((((('))", "");
}

static void what_it_prints_is_bounded(void **state)
{
    (void)state;
    assert_runs("for i = 1, 1000 do print('0123456789') end return true", true);
    assert_true(said.len <= CONDITION_SAYS);
    assert_true(said.len > CONDITION_SAYS - 20);
}

static void what_changed_of_the_symbols_comes_back(void **state)
{
    (void)state;
    assert_runs("true", true);
    assert_null(changed);
    assert_runs("external.n = external.n + 1 external.list[1] = 'a' new = 1 return true", true);
    char *text = json_dumps(changed, JSON_SORT_KEYS | JSON_COMPACT);
    assert_string_equal(text, "{\"external\":{\"go\":true,\"list\":[\"a\"],\"n\":4}}");
    free(text);
    assert_runs("current = nil printer.f = print printer.max_x = nil return nil", false);
    text = json_dumps(changed, JSON_SORT_KEYS | JSON_COMPACT);
    assert_string_equal(text, "{\"current\":null,\"printer\":{\"max_z\":250.5,\"min_x\":0}}");
    free(text);
    assert_runs("current.materials[1] = 'PETG' return true", true);
    text = json_dumps(json_object_get(changed, "current"), JSON_SORT_KEYS | JSON_COMPACT);
    assert_string_equal(text, "{\"action\":null,\"bed_temp\":61.5,\"materials\":[\"PETG\",\"PLA\"],"
                              "\"path\":\"a/cube_special.gcode\",\"state\":\"idle\"}");
    free(text);
}

static void symbols_that_come_back_are_bounded(void **state)
{
    (void)state;
    assert_refused("external.me = external", "nested more than 16 deep");
    assert_refused(
        "local t = {} for i = 1, 14 do t = {t, t, t} end external.t = t", "more than 20000 values");
    assert_refused("external['\\255'] = 1", "no text of UTF-8");
}

static void symbols_nested_too_deeply_are_refused(void **state)
{
    (void)state;
    json_t *symbols = json_object();
    json_t *at = symbols;
    for (int i = 0; i < 30; i++) {
        json_t *next = json_object();
        json_object_set_new(at, "a", next);
        at = next;
    }
    clear();
    assert_int_equal(condition_run("true", symbols, &result, NULL, NULL, &err), -PP_EINVAL);
    assert_non_null(strstr(err.text, "nested more than 16 deep"));
    json_decref(symbols);
}

static void a_check_finds_mistakes_of_syntax_alone(void **state)
{
    (void)state;
    struct err e = {0};
    assert_int_equal(condition_check("nothing.is.here > 1", &e), 0);
    assert_int_equal(condition_check("while true do end", &e), 0);
    assert_int_equal(condition_check("a b", &e), -PP_EINVAL);
    assert_non_null(strstr(e.text, "line 1: "));
}

static void nothing_is_left_from_one_condition_to_the_next(void **state)
{
    (void)state;
    assert_runs("string.upper = nil math = nil x = 5 external.n = 9 return true", true);
    assert_runs(
        "x == nil and ('a'):upper() == 'A' and math.floor(1.5) == 1 and external.n == 3", true);
}

static void without_symbols_there_are_none(void **state)
{
    (void)state;
    clear();
    assert_int_equal(condition_run("current == nil", NULL, &result, NULL, NULL, NULL), 0);
    assert_true(result.runs);
}

/* ---- patterns: beside Lua's own ---------------------------------------------------------------
 */

static int be_quiet(lua_State *L)
{
    (void)L;
    return 0;
}

static char *lua_answer(lua_State *L, const char *code)
{
    lua_settop(L, 0);
    lua_pushcfunction(L, be_quiet);
    lua_setglobal(L, "print");
    if (luaL_loadstring(L, code) != LUA_OK || lua_pcall(L, 0, 1, 0) != LUA_OK) {
        return strdup("error");
    }
    return strdup(lua_tostring(L, -1));
}

static void compare(lua_State *L, const char *call)
{
    char code[600];
    snprintf(code, sizeof code,
        "local function show(...) local s = '' for i = 1, select('#', ...) do "
        "s = s .. tostring((select(i, ...))) .. '|' end return s end "
        "local out = show(%s) print(out) return out",
        call);
    char *theirs = lua_answer(L, code);
    if (run(code) == 0) {
        fail_msg("a text is no outcome");
    }
    bool error = strstr(err.text, "the outcome is a string") == NULL;
    char ours[2000];
    snprintf(ours, sizeof ours, "%s", error ? "error" : strbuf_text(&said));
    if (!error) {
        ours[strlen(ours) - 1] = '\0'; /* print()'s own end of line */
    }
    /* Lua finds a mistake in a pattern only when it gets there. */
    bool early = error && (strstr(err.text, "capture") || strstr(err.text, "pattern"));
    if (strcmp(ours, theirs) != 0 && !early) {
        fail_msg("%s: \"%s\" but Lua has \"%s\" (%s)", call, ours, theirs, err.text);
    }
    free(theirs);
}

static void patterns_match_as_lua_s_own_do(void **state)
{
    (void)state;
    static const char *const calls[] = {"('hello world'):find('o w')", "('hello'):find('l+')",
        "('hello'):find('(l)(l)')", "('hello'):find('')", "('hello'):find('', 10)",
        "('hello'):find('', 6)", "('hello'):find('xyz')", "('a.b'):find('.', 2, true)",
        "('a.b'):find('%.')", "('hello'):find('l', -2)", "('hello'):match('^(h)(.-)(o)$')",
        "('key = value'):match("
        "'^(%w+)%s*=%s*(%w+)$')",
        "('2024-05-06'):match('(%d+)-(%d+)-(%d+)')", "('  trim  '):match('^%s*(.-)%s*$')",
        "('abc'):match('()b()')", "('f(a(b)c)d'):match('%b()')",
        "('THE (quick) fox'):find('%((%a+)%)')", "('hello'):match('.-')", "('hello'):match('.-$')",
        "('aaa'):match('a-b')", "('aaab'):match('a-b')", "('\"x\"'):match('([\"\\'])(.-)%1')",
        "('abcabc'):match('(abc)%1')", "('abcabd'):match('(abc)%1')", "('x'):match('[]]')",
        "(']'):match('[]]')", "('a-z'):match('[a%-z]+')", "('b^'):match('[b^]+')",
        "('abc'):match('[^a]+')", "('a]c'):match('[^]]+')", "('THE END'):gsub('%f[%a]%a+', '<%0>')",
        "('hello world'):gsub('o', '0')", "('hello'):gsub('', '-')", "('abc'):gsub('%w', '%0%0')",
        "('abc'):gsub('(a)(b)', '%2%1')", "('abc'):gsub('b', '%%')", "('abc'):gsub('b', '%9')",
        "('abc'):gsub('b', '%x')", "('abc'):gsub('.', {a = 1, b = true and 'B', c = false})",
        "('abc'):gsub('.', function(c) if c == 'b' then return '<' .. c .. '>' end end)",
        "('abc'):gsub('.', function(c) return {} end)", "('aaa'):gsub('a', 'b', 2)",
        "('aaa'):gsub('^a', 'b')", "('aaa'):gsub('a', 'b', 0)", "('abc d'):gsub('%w*', 'x')",
        "('hello'):gsub('l-', 'x')", "('x y z'):gsub('%s*', '_')", "('a,b,,c'):gsub(',', ';')",
        "('abc'):match('b', 2)", "('abc'):match('^b', 2)", "('abc'):match('%')",
        "('abc'):match('[a')", "('abc'):match('(a')", "('abc'):match('a)')", "('abc'):match('%1')",
        "('abc'):match('%b')", "('abc'):match('%f')", "('a$c'):match('a$c')", "('a'):match('a$')",
        "('a+b'):match('a+b')", "('aab'):match('a+b')", "('a*'):match('a%*')", "('*a'):match('*a')",
        "('ab*'):match('(ab)*')", "('a\\0b'):find('\\0')",
        "('x1y22'):gsub('%d+', function(n) return tonumber(n) * 2 end)", "('abc'):gsub('()', '%1')",
        "('0x1F'):match('%x+$')", "('Ab1 _'):gsub('[%u%d]', '.')", "('Ab1 _'):gsub('%W', '.')",
        "('a?b'):gsub('a?', 'x')", "('caaat'):match('ca?a?t')", "('cat'):match('ca?a?t')",
        "('abcdef'):match('(((a)b)c)')", "('[x]'):match('%[(.-)%]')",
        "('a.gcode'):match('%.(%w+)$')", "('xayaz'):match('.*a')", "('xayaz'):match('.-a')",
        "('%d'):gsub('%%d', 'x')", "('abc'):find('b', 1, false)", "('abc'):find('b', -100)",
        "('abc'):gsub('a', 1)", "('a b c'):gsub('(%w) (%w)', '%2 %1')",
        "('aXbX'):gsub('X', {X = 'y'})", "('a\\nb'):match('a.b')", "('é'):match('[\\xc3][\\xa9]')",
        "('é'):upper()", "('abc'):match('[c-a]')", "('a-'):match('[a-]+')", "('-a'):match('[-a]+')",
        "('hello'):byte(1, -1)", "('x'):gsub('x', '%0%0%1')",
        "(function() local s = '' for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do "
        "s = s .. k .. v end return s end)()",
        "(function() local s = '' for k in ('abc'):gmatch('') do s = s .. '.' end return s end)()",
        "(function() local s = '' for k in ('ab cd'):gmatch('%a*') do s = s .. k .. ';' end "
        "return s end)()",
        "(function() local s = '' for k in ('aab'):gmatch('^a') do s = s .. k .. ';' end "
        "return s end)()",
        "(function() local s = '' for p in ('abc'):gmatch('()', 2) do s = s .. p .. ';' end "
        "return s end)()"};
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        compare(L, calls[i]);
    }
    lua_close(L);
}

/* Random patterns of what patterns are made of, on short texts. */
static void random_patterns_match_as_lua_s_own_do(void **state)
{
    (void)state;
    static const char *const parts[] = {"a", "b", ".", "%a", "%A", "[ab]", "[^a]", "a*", "b+", ".-",
        "a?", "(", ")", "()", "%1", "%bab", "%f[a]", "$", "^", "[a-b]*", "%d?", "(a)", "(.-)"};
    static const char *const texts[] = {"", "a", "ab", "aab", "abab", "bbaa", "a1b", "aabbab"};
    uint32_t seed = 12345;
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    for (int i = 0; i < 400; i++) {
        char pattern[64] = "";
        char call[160];
        for (uint32_t n = 1 + (seed >> 8) % 5; n > 0; n--) {
            seed = seed * 1664525 + 1013904223;
            strcat(pattern, parts[(seed >> 8) % (sizeof parts / sizeof *parts)]);
        }
        seed = seed * 1664525 + 1013904223;
        const char *text = texts[(seed >> 8) % (sizeof texts / sizeof *texts)];
        bool find = (seed >> 20) % 2 != 0;
        snprintf(call, sizeof call, "('%s'):%s('%s'%s)", text, find ? "find" : "gsub", pattern,
            find ? "" : ", '<%1>'");
        lua_settop(L, 0);
        compare(L, call);
    }
    lua_close(L);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_expression_needs_no_return),
        cmocka_unit_test(statements_return_their_outcome),
        cmocka_unit_test(a_table_gives_values),
        cmocka_unit_test(any_other_outcome_is_a_mistake),
        cmocka_unit_test(a_mistake_is_told_with_its_line),
        cmocka_unit_test(what_reaches_out_or_depends_on_chance_is_not_there),
        cmocka_unit_test(what_is_there_works_as_in_lua),
        cmocka_unit_test(pairs_come_in_the_order_of_their_keys),
        cmocka_unit_test(an_endless_loop_ends),
        cmocka_unit_test(an_endless_loop_that_catches_errors_ends),
        cmocka_unit_test(an_endless_recursion_ends),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(a_pattern_that_backtracks_for_ever_ends),
        cmocka_unit_test(what_it_prints_is_bounded),
        cmocka_unit_test(what_changed_of_the_symbols_comes_back),
        cmocka_unit_test(symbols_that_come_back_are_bounded),
        cmocka_unit_test(symbols_nested_too_deeply_are_refused),
        cmocka_unit_test(a_check_finds_mistakes_of_syntax_alone),
        cmocka_unit_test(nothing_is_left_from_one_condition_to_the_next),
        cmocka_unit_test(without_symbols_there_are_none),
        cmocka_unit_test(patterns_match_as_lua_s_own_do),
        cmocka_unit_test(random_patterns_match_as_lua_s_own_do),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}
