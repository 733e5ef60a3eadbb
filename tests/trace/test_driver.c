/* Golden transcripts of the driver.
 *
 * Each tests/trace/driver/NAME.trace is an input and its expected output in one: '!' is an action,
 * '=' the state that follows, with its text and flags; all others are orders:
 *
 *     set NAME=VALUE...      settings, by their names
 *     facts +NAME -NAME...   facts, by their names; also bed=MC print=MS now=MS
 *     scripts NAME...        the moments that have one, by their names; none otherwise
 *     new                    a new driver, with the settings and facts of the beginning
 *     EVENT                  by its name
 *
 * PP_UPDATE=1 rewrites the files. Together they take every rule of the table and meet every event
 * in every state, which is a test too.
 */
#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/core/driver_priv.h"

#include <dirent.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TRACES PP_SOURCE_DIR "/tests/trace/driver"

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct bench {
    struct driver driver;
    struct driver_settings settings;
    struct driver_facts facts;
    struct strbuf out;
};

static bool rule_taken[256];
static bool met[DRIVER_STATES][DRIVER_EVENTS];

static const struct {
    const char *name;
    size_t at;
} flags[] = {
    {"ready", offsetof(struct driver_facts, ready)},
    {"down", offsetof(struct driver_facts, down)},
    {"printing", offsetof(struct driver_facts, printing)},
    {"paused", offsetof(struct driver_facts, paused)},
    {"away", offsetof(struct driver_facts, away)},
    {"ours", offsetof(struct driver_facts, ours)},
    {"fault", offsetof(struct driver_facts, fault)},
    {"bed_clear", offsetof(struct driver_facts, bed_clear)},
    {"work", offsetof(struct driver_facts, work)},
    {"no_file", offsetof(struct driver_facts, work_blocked_file)},
    {"no_material", offsetof(struct driver_facts, work_blocked_material)},
    {"again", offsetof(struct driver_facts, work_again)},
    {"still_wanted", offsetof(struct driver_facts, still_wanted)},
    {"needs_person", offsetof(struct driver_facts, needs_person)},
    {"quiet", offsetof(struct driver_facts, quiet)},
};

static void make_new(struct bench *b)
{
    driver_init(&b->driver);
    b->settings = (struct driver_settings){
        .attempts = 3,
        .early_ms = 3600000,
        .on_cancel_stop = true,
        .cooldown_mc = 30000,
        .cooldown_timeout_ms = 3600000,
    };
    b->facts = (struct driver_facts){
        .ready = true, .bed_clear = true, .still_wanted = true, .bed_mc = INT32_MIN};
}

static void set_flag(struct bench *b, const char *name, bool value)
{
    for (size_t i = 0; i < COUNT(flags); i++) {
        if (strcmp(flags[i].name, name) == 0) {
            *(bool *)((char *)&b->facts + flags[i].at) = value;
            return;
        }
    }
    fail_msg("unknown fact \"%s\"", name);
}

static void set_fact(struct bench *b, const char *word)
{
    int64_t n;
    if (word[0] == '+' || word[0] == '-') {
        set_flag(b, word + 1, word[0] == '+');
    } else if (sscanf(word, "bed=%" SCNd64, &n) == 1) {
        b->facts.bed_mc = (int32_t)n;
    } else if (sscanf(word, "print=%" SCNd64, &b->facts.print_ms) != 1 &&
               sscanf(word, "quiet_end=%" SCNd64, &b->facts.quiet_end_ms) != 1 &&
               sscanf(word, "now=%" SCNd64, &b->facts.now_ms) != 1) {
        fail_msg("unknown fact \"%s\"", word);
    }
}

static void set_setting(struct bench *b, const char *word)
{
    struct driver_settings *s = &b->settings;
    int n = 0;
    const char *value = strchr(word, '=');
    assert_non_null(value);
    n = atoi(value + 1);
    if (str_starts(word, "attempts=")) {
        s->attempts = n;
    } else if (str_starts(word, "early=")) {
        s->early_ms = n;
    } else if (str_starts(word, "give_up=")) {
        s->give_up = strcmp(value + 1, "stop") == 0   ? DRIVER_GIVE_UP_STOP
                     : strcmp(value + 1, "skip") == 0 ? DRIVER_GIVE_UP_SKIP
                                                      : DRIVER_GIVE_UP_QUARANTINE;
    } else if (str_starts(word, "on_cancel_stop=")) {
        s->on_cancel_stop = n != 0;
    } else if (str_starts(word, "cooldown=")) {
        s->cooldown = n != 0;
    } else {
        fail_msg("unknown setting \"%s\"", word);
    }
}

static void set_script(struct bench *b, const char *word)
{
    enum driver_moment m;
    if (!driver_moment_parse(word, &m)) {
        fail_msg("unknown moment \"%s\"", word);
    }
    b->facts.has_script[m] = true;
}

static void each_word(
    struct bench *b, const char *text, void (*set)(struct bench *b, const char *word))
{
    char words[512];
    char *save = NULL;
    snprintf(words, sizeof words, "%s", text);
    for (char *word = strtok_r(words, " ", &save); word != NULL;
         word = strtok_r(NULL, " ", &save)) {
        set(b, word);
    }
}

static const char *action_detail(
    const struct driver_out *out, size_t i, char *text, size_t text_size)
{
    *text = '\0';
    if (out->action[i].kind == DRIVER_DO_SCRIPT || out->action[i].kind == DRIVER_DO_MOMENT) {
        snprintf(text, text_size, " %s", driver_moment_name(out->action[i].moment));
    } else if (out->action[i].kind == DRIVER_DO_FINISH) {
        snprintf(text, text_size, " %s", out->action[i].success ? "success" : "failure");
    } else if (out->action[i].kind == DRIVER_DO_WAKE) {
        snprintf(text, text_size, " at %" PRId64, out->action[i].wake_ms);
    } else if (out->action[i].reason != NULL) {
        snprintf(text, text_size, ": %s", out->action[i].reason);
    }
    return text;
}

static void show(struct bench *b, const struct driver_out *out)
{
    char detail[160];
    const struct driver *d = &b->driver;
    for (size_t i = 0; i < out->count; i++) {
        strbuf_printf(&b->out, "! %s%s\n", driver_action_name(out->action[i].kind),
            action_detail(out, i, detail, sizeof detail));
    }
    strbuf_printf(&b->out, "= %s, \"%s\"", sm_name(&d->state), driver_text(d, &b->facts));
    if (d->attempt > 1) {
        strbuf_printf(&b->out, " attempt=%d", d->attempt);
    }
    strbuf_printf(&b->out, "%s%s%s\n", d->once ? " once" : "",
        driver_needs_person(d, &b->facts) ? " person" : "", driver_in_error(d) ? " error" : "");
}

/* The same steps on a copy, to see which rules they take. */
static void note_rules(const struct bench *b, enum driver_event event)
{
    struct driver copy = b->driver;
    struct driver_out out = {0};
    struct driver_turn t = {&copy, &b->settings, &b->facts, &out};
    const struct driver_rule *rule;
    met[driver_state(&copy)][event] = true;
    while ((rule = driver_rule_for(&t, event)) != NULL) {
        rule_taken[rule - driver_rules] = true;
        rule->act(&t);
        copy.state.state = rule->to != DRIVER_STAY ? (int)rule->to : copy.state.state;
        if (!rule->look) {
            break;
        }
        event = DRIVER_LOOK;
    }
}

static void happen(struct bench *b, const char *name)
{
    struct driver_out out;
    for (int e = 0; e < DRIVER_EVENTS; e++) {
        if (strcmp(driver_event_name((enum driver_event)e), name) == 0) {
            note_rules(b, (enum driver_event)e);
            driver_step(&b->driver, &b->settings, (enum driver_event)e, &b->facts, &out);
            show(b, &out);
            return;
        }
    }
    fail_msg("unknown order \"%s\"", name);
}

static void obey(struct bench *b, const char *line)
{
    if (str_starts(line, "facts ")) {
        each_word(b, line + 6, set_fact);
    } else if (str_starts(line, "set ")) {
        each_word(b, line + 4, set_setting);
    } else if (str_starts(line, "scripts")) {
        memset(b->facts.has_script, 0, sizeof b->facts.has_script);
        each_word(b, line + 7, set_script);
    } else if (strcmp(line, "new") == 0) {
        make_new(b);
    } else if (line[0] != '#' && line[0] != '\0') {
        happen(b, line);
    }
}

/* Empty lines are kept: strsep(), not strtok(). */
static void run(struct bench *b, char *text)
{
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        if (line[0] == '!' || line[0] == '=' || (rest == NULL && *line == '\0')) {
            continue;
        }
        strbuf_printf(&b->out, "%s\n", line);
        obey(b, line);
    }
}

static char *read_file(const char *path)
{
    static char text[65536];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    return text;
}

static void check(const char *path)
{
    struct bench b = {0};
    char *expected = mem_strdup(read_file(path));
    char *orders = mem_strdup(expected);
    make_new(&b);
    run(&b, orders);
    if (getenv("PP_UPDATE") != NULL) {
        FILE *f = fopen(path, "w");
        fputs(strbuf_text(&b.out), f);
        fclose(f);
    } else {
        print_message("%s\n", path);
        assert_string_equal(strbuf_text(&b.out), expected);
    }
    free(orders);
    free(expected);
    strbuf_fini(&b.out);
}

static int is_trace(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');
    return dot != NULL && strcmp(dot, ".trace") == 0;
}

static void every_transcript_is_as_written(void **state)
{
    struct dirent **entries;
    char path[512];
    int n = scandir(TRACES, &entries, is_trace, alphasort);
    (void)state;
    assert_true(n > 0);
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", TRACES, entries[i]->d_name);
        check(path);
        free(entries[i]);
    }
    free(entries);
}

static void the_transcripts_meet_every_event_in_every_state(void **state)
{
    (void)state;
    int missing = 0;
    for (int s = 0; s < DRIVER_STATES; s++) {
        for (int e = 0; e < DRIVER_EVENTS; e++) {
            if (!met[s][e]) {
                print_message("%s never meets %s\n", driver_states[s].name,
                    driver_event_name((enum driver_event)e));
                missing++;
            }
        }
    }
    assert_int_equal(missing, 0);
}

static void the_transcripts_take_every_rule(void **state)
{
    (void)state;
    int missing = 0;
    assert_true(driver_rules_count <= COUNT(rule_taken));
    for (size_t i = 0; i < driver_rules_count; i++) {
        const struct driver_rule *r = &driver_rules[i];
        if (!rule_taken[i]) {
            print_message("rule %zu is never taken: %s, in %#x, to %d\n", i,
                driver_event_name(r->event), r->in, (int)r->to);
            missing++;
        }
    }
    assert_int_equal(missing, 0);
}

/* A rule may lead only where the table of states allows. */
static void every_rule_leads_to_a_state_that_may_follow(void **state)
{
    (void)state;
    for (size_t i = 0; i < driver_rules_count; i++) {
        const struct driver_rule *r = &driver_rules[i];
        for (int s = 0; s < DRIVER_STATES; s++) {
            bool moves = (r->in & SM_TO(s)) != 0 && r->to != DRIVER_STAY && (int)r->to != s;
            if (moves && (driver_states[s].next & SM_TO(r->to)) == 0) {
                fail_msg("rule %zu: %s -> %s", i, driver_states[s].name, driver_states[r->to].name);
            }
        }
    }
}

static void every_name_of_a_moment_is_read_back(void **state)
{
    enum driver_moment m;
    (void)state;
    for (int i = 0; i < MOMENTS; i++) {
        assert_true(driver_moment_parse(driver_moment_name((enum driver_moment)i), &m));
        assert_int_equal(m, i);
    }
    assert_false(driver_moment_parse("print_succes", &m));
    assert_false(driver_moment_parse("", &m));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_transcript_is_as_written),
        cmocka_unit_test(the_transcripts_meet_every_event_in_every_state),
        cmocka_unit_test(the_transcripts_take_every_rule),
        cmocka_unit_test(every_rule_leads_to_a_state_that_may_follow),
        cmocka_unit_test(every_name_of_a_moment_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
