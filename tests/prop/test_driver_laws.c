/* Laws of the driver that hold for any events and facts.
 *
 * Two worlds: one that keeps to what driver.h asks of it (a run that was begun ends once, a script
 * that was asked for is told of once) and is otherwise as unkind as chance has it; and one that
 * keeps to nothing. In the first the driver must also get somewhere: as soon as everything goes
 * well, the next print is asked for.
 *
 * PP_SEED=n replays one seed and prints every step; PP_SEEDS=n runs that many.
 */
#include "host/core/driver.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define STEPS      400 /* of one seed */
#define KIND_STEPS 60  /* within which everything that goes well leads to a print */

enum run {
    RUN_NONE,
    RUN_OURS,
    RUN_FOREIGN
};

struct world {
    struct driver driver;
    struct driver_settings settings;
    struct driver_facts facts;
    struct driver_out out;
    bool broken; /* the printer must be looked at */
    uint64_t random;
    enum run run;
    bool asked;    /* DO_PRINT is out */
    bool counting; /* DO_FINISH is out */
    bool preparing;
    bool script; /* DO_SCRIPT is out */
    bool claimed;
    bool managed; /* between START or ONCE and STOP or STOPPED */
    int open_bed, open_material, open_file;
    uint64_t prints;
};

static bool verbose;

static uint64_t next_random(struct world *w)
{
    uint64_t z = (w->random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static unsigned below(struct world *w, unsigned n)
{
    return (unsigned)(next_random(w) % n);
}

static bool chance(struct world *w, unsigned percent)
{
    return below(w, 100) < percent;
}

static void make_world(struct world *w, uint64_t seed)
{
    *w = (struct world){.random = seed};
    driver_init(&w->driver);
    w->settings = (struct driver_settings){
        .attempts = 1 + (int)below(w, 3),
        .early_ms = 1000,
        .give_up = (enum driver_give_up)below(w, 3),
        .on_cancel_stop = chance(w, 50),
        .cooldown = chance(w, 50),
        .cooldown_mc = 30000,
        .cooldown_timeout_ms = 5000,
    };
    for (int m = 0; m < MOMENTS; m++) {
        w->facts.has_script[m] = chance(w, 50);
    }
    w->facts.still_wanted = true;
    w->facts.bed_mc = INT32_MIN;
}

static void open_question(int *open)
{
    assert_int_equal(*open, 0);
    *open = 1;
}

static void close_question(int *open)
{
    assert_int_equal(*open, 1);
    *open = 0;
}

/* The laws about questions: asked once, taken back once. */
static void judge_question(struct world *w, enum driver_action kind)
{
    int *const open[DRIVER_ACTIONS] = {
        [DRIVER_DO_ASK_BED] = &w->open_bed,
        [DRIVER_DO_UNASK_BED] = &w->open_bed,
        [DRIVER_DO_ASK_MATERIAL] = &w->open_material,
        [DRIVER_DO_UNASK_MATERIAL] = &w->open_material,
        [DRIVER_DO_ASK_FILE] = &w->open_file,
        [DRIVER_DO_UNASK_FILE] = &w->open_file,
    };
    bool asks =
        kind == DRIVER_DO_ASK_BED || kind == DRIVER_DO_ASK_MATERIAL || kind == DRIVER_DO_ASK_FILE;
    if (open[kind] != NULL) {
        (asks ? open_question : close_question)(open[kind]);
    }
    if (asks) {
        assert_true(!w->facts.quiet || w->driver.once);
    }
}

/* The laws about results: what ended well, and only that, is counted as a success, once. */
static void judge_counts(struct world *w, enum driver_event event)
{
    size_t finished = 0;
    bool ends = event == DRIVER_PRINT_DONE || event == DRIVER_PRINT_FAILED ||
                event == DRIVER_PRINT_CANCELLED;
    for (size_t i = 0; i < w->out.count; i++) {
        if (w->out.action[i].kind == DRIVER_DO_FINISH) {
            finished++;
            assert_int_equal(w->out.action[i].success, event == DRIVER_PRINT_DONE);
        }
    }
    assert_int_equal(finished, ends && w->facts.ours ? 1 : 0);
}

/* After a fault of the printer nothing is begun before a person has said so. */
static void judge_fault(struct world *w, enum driver_event event, bool managed)
{
    bool ends = event == DRIVER_PRINT_FAILED || event == DRIVER_PRINT_CANCELLED;
    w->broken = w->broken || (managed && ends && w->facts.fault);
    w->broken = w->broken && event != DRIVER_START && event != DRIVER_ONCE;
    for (size_t i = 0; i < w->out.count; i++) {
        enum driver_action kind = w->out.action[i].kind;
        assert_false(w->broken && (kind == DRIVER_DO_CLAIM || kind == DRIVER_DO_PRINT));
    }
}

/* The laws of every world. */
static void judge(struct world *w, enum driver_event event)
{
    judge_counts(w, event);
    for (size_t i = 0; i < w->out.count; i++) {
        enum driver_action kind = w->out.action[i].kind;
        judge_question(w, kind);
        if (kind == DRIVER_DO_PRINT) {
            assert_true(w->facts.bed_clear);
            assert_true(w->facts.ready);
            assert_true(w->facts.still_wanted);
        }
    }
    if (event == DRIVER_STOP) {
        assert_int_equal(driver_state(&w->driver), DRIVER_INACTIVE);
    }
    if (driver_state(&w->driver) == DRIVER_INACTIVE) {
        assert_int_equal(w->open_bed + w->open_material + w->open_file, 0);
    }
}

static void print_step(const struct world *w, enum driver_event event)
{
    print_message("%s ->", driver_event_name(event));
    for (size_t i = 0; i < w->out.count; i++) {
        print_message(" %s", driver_action_name(w->out.action[i].kind));
    }
    print_message(" = %s\n", driver_states[driver_state(&w->driver)].name);
}

static void step(struct world *w, enum driver_event event)
{
    bool managed = driver_state(&w->driver) != DRIVER_INACTIVE;
    driver_step(&w->driver, &w->settings, event, &w->facts, &w->out);
    judge_fault(w, event, managed);
    if (event == DRIVER_BED_DENIED && w->open_bed == 1 && !w->driver.asked_bed &&
        driver_state(&w->driver) != DRIVER_INACTIVE) {
        w->open_bed = 0; /* it was answered */
    }
    if (verbose) {
        print_step(w, event);
    }
    judge(w, event);
}

/* ---- a world that keeps to nothing -------------------------------------------------------------
 */

static void change_any_fact(struct world *w)
{
    struct driver_facts *f = &w->facts;
    bool *const flags[] = {&f->ready, &f->down, &f->printing, &f->paused, &f->away, &f->ours,
        &f->fault, &f->bed_clear, &f->work, &f->work_blocked_file, &f->work_blocked_material,
        &f->work_again, &f->still_wanted, &f->needs_person, &f->quiet};
    *flags[below(w, sizeof flags / sizeof *flags)] ^= true;
    f->has_script[below(w, MOMENTS)] = chance(w, 50);
    f->bed_mc = chance(w, 10) ? INT32_MIN : (int32_t)below(w, 80000);
    f->now_ms += below(w, 1000);
    f->print_ms = below(w, 2000);
}

static void run_anything(uint64_t seed)
{
    struct world w;
    make_world(&w, seed);
    for (int i = 0; i < STEPS; i++) {
        for (unsigned n = below(&w, 4); n > 0; n--) {
            change_any_fact(&w);
        }
        step(&w, (enum driver_event)below(&w, DRIVER_EVENTS));
    }
}

/* ---- a world that keeps to what is asked of it -------------------------------------------------
 */

static void change_facts(struct world *w)
{
    struct driver_facts *f = &w->facts;
    const struct {
        bool *flag;
        unsigned percent;
    } flags[] = {{&f->bed_clear, 70}, {&f->work, 90}, {&f->work_blocked_file, 5},
        {&f->work_blocked_material, 5}, {&f->work_again, 50}, {&f->needs_person, 20},
        {&f->quiet, 20}};
    unsigned i = below(w, sizeof flags / sizeof *flags);
    *flags[i].flag = chance(w, flags[i].percent);
    f->still_wanted = chance(w, 95);
    f->down = w->run == RUN_NONE && chance(w, 10);
    f->away = w->run != RUN_NONE && chance(w, 10);
    f->paused = w->run != RUN_NONE && chance(w, 10);
    f->bed_mc = chance(w, 10) ? INT32_MIN : (int32_t)below(w, 60000);
    f->fault = chance(w, 5);
    f->print_ms = below(w, 1500);
}

static void settle_facts(struct world *w)
{
    struct driver_facts *f = &w->facts;
    f->printing = w->run != RUN_NONE;
    f->ours = w->run == RUN_OURS;
    f->away = f->away && f->printing;
    f->ready = !f->printing && !f->down && !w->script && chance(w, 80);
    f->now_ms += below(w, 500);
}

/* The laws that need to know what is out. */
static void judge_world(struct world *w, enum driver_event event)
{
    w->managed = w->managed || event == DRIVER_START || event == DRIVER_ONCE;
    for (size_t i = 0; i < w->out.count; i++) {
        switch ((int)w->out.action[i].kind) {
        case DRIVER_DO_PRINT:
            assert_true(w->managed);
            assert_true(!w->asked && w->run == RUN_NONE && !w->counting && !w->script);
            assert_true(w->claimed);
            w->asked = true;
            w->prints++;
            break;
        case DRIVER_DO_FINISH:
            assert_false(w->counting);
            w->counting = true;
            w->claimed = true;
            break;
        case DRIVER_DO_SCRIPT:
            assert_true(w->managed && !w->script);
            assert_true(w->facts.ready || w->facts.down);
            w->script = true;
            break;
        case DRIVER_DO_STOP_SCRIPT:
            w->script = false;
            break;
        case DRIVER_DO_CLAIM:
            assert_true(w->managed && !w->counting);
            w->claimed = true;
            break;
        case DRIVER_DO_RELEASE:
            assert_true(w->claimed && !w->asked && !w->counting);
            w->claimed = false;
            break;
        case DRIVER_DO_ADOPT:
            w->claimed = w->run == RUN_OURS;
            break;
        case DRIVER_DO_PREPARE:
            assert_false(w->preparing);
            w->preparing = true;
            break;
        default:
            break;
        }
    }
    w->managed = driver_state(&w->driver) != DRIVER_INACTIVE;
    assert_true(w->managed || (event != DRIVER_START));
    assert_true(driver_state(&w->driver) == DRIVER_PREPARING || !w->preparing ||
                w->run == RUN_FOREIGN || !w->managed);
    if (driver_state(&w->driver) != DRIVER_PREPARING) {
        w->preparing = false; /* nobody waits for it */
    }
}

static void happen(struct world *w, enum driver_event event)
{
    step(w, event);
    judge_world(w, event);
}

static void end_run(struct world *w, enum driver_event event)
{
    settle_facts(w);
    w->facts.printing = w->facts.away = w->facts.paused = false;
    w->facts.ready = w->facts.ready && chance(w, 50);
    w->facts.bed_clear = chance(w, 10);
    w->run = RUN_NONE;
    happen(w, event);
}

static void begin_run(struct world *w, enum run run)
{
    if (run == RUN_OURS) {
        w->asked = false;
    }
    w->run = run;
    w->facts.down = false;
    w->facts.bed_clear = false;
    settle_facts(w);
    happen(w, DRIVER_PRINT_BEGUN);
}

/* What the shell owes, or somebody does. Each may happen or not. */
static void something_happens(struct world *w)
{
    static const enum driver_event ends[] = {
        DRIVER_PRINT_DONE, DRIVER_PRINT_DONE, DRIVER_PRINT_FAILED, DRIVER_PRINT_CANCELLED};
    static const enum driver_event people[] = {DRIVER_START, DRIVER_START, DRIVER_ONCE, DRIVER_STOP,
        DRIVER_BED_DENIED, DRIVER_PRINT_PAUSED, DRIVER_PRINT_RESUMED};
    unsigned n = below(w, 8);
    if (n == 0 && w->run != RUN_NONE) {
        end_run(w, ends[below(w, 4)]);
    } else if (n == 1 && w->run == RUN_NONE && w->asked) {
        begin_run(w, RUN_OURS);
    } else if (n == 2 && w->run == RUN_NONE && chance(w, 5)) {
        begin_run(w, RUN_FOREIGN);
    } else if (n == 3 && w->asked && chance(w, 20)) {
        w->asked = false;
        happen(w, DRIVER_PRINT_REFUSED);
    } else if (n == 4 && w->counting) {
        w->counting = false;
        happen(w, chance(w, 90) ? DRIVER_COUNTED : DRIVER_COUNT_FAILED);
        w->claimed = w->claimed && w->driver.claimed;
    } else if (n == 5 && w->script) {
        w->script = false;
        settle_facts(w);
        happen(w, chance(w, 90) ? DRIVER_SCRIPT_DONE : DRIVER_SCRIPT_FAILED);
    } else if (n == 6 && w->preparing) {
        w->preparing = false;
        happen(w, chance(w, 90) ? DRIVER_PREPARED : DRIVER_PREPARE_FAILED);
    } else if (n == 7 && chance(w, w->managed ? 20 : 100)) {
        happen(w, people[below(w, 7)]);
    } else {
        happen(w, DRIVER_LOOK);
    }
}

/* From now on everything goes well: what is out is answered, a person is there. */
static void one_kind_step(struct world *w)
{
    struct driver_facts *f = &w->facts;
    f->down = f->quiet = f->work_blocked_file = f->work_blocked_material = f->away = false;
    f->work = f->still_wanted = f->bed_clear = true;
    f->bed_mc = 20000;
    f->printing = w->run != RUN_NONE;
    f->ready = w->run == RUN_NONE && !w->script;
    if (w->run != RUN_NONE) {
        end_run(w, DRIVER_PRINT_DONE);
    } else if (w->counting) {
        w->counting = false;
        happen(w, DRIVER_COUNTED);
    } else if (w->script) {
        w->script = false;
        f->ready = true;
        happen(w, DRIVER_SCRIPT_DONE);
    } else if (w->preparing) {
        w->preparing = false;
        happen(w, DRIVER_PREPARED);
    } else if (w->asked) {
        begin_run(w, RUN_OURS);
    } else {
        happen(w, DRIVER_LOOK);
    }
}

static void gets_somewhere(struct world *w)
{
    uint64_t before = w->prints;
    happen(w, DRIVER_START);
    for (int i = 0; i < KIND_STEPS && w->prints == before; i++) {
        one_kind_step(w);
        if (driver_state(&w->driver) == DRIVER_INACTIVE) {
            happen(w, DRIVER_START); /* what had failed before has stopped it */
        }
    }
    assert_true(w->prints > before);
}

static uint64_t run_world(uint64_t seed)
{
    struct world w;
    make_world(&w, seed);
    for (int i = 0; i < STEPS; i++) {
        change_facts(&w);
        settle_facts(&w);
        something_happens(&w);
    }
    gets_somewhere(&w);
    return w.prints;
}

/* ---- the tests ---------------------------------------------------------------------------------
 */

static uint64_t seeds(void)
{
    const char *many = getenv("PP_SEEDS");
    return many != NULL ? strtoull(many, NULL, 10) : 500;
}

static uint64_t for_each_seed(uint64_t (*run)(uint64_t seed))
{
    const char *one = getenv("PP_SEED");
    uint64_t sum = 0;
    if (one != NULL) {
        verbose = true;
        return run(strtoull(one, NULL, 10));
    }
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        sum += run(seed);
    }
    return sum;
}

static uint64_t run_anything_once(uint64_t seed)
{
    run_anything(seed);
    return STEPS;
}

static void nothing_that_is_told_breaks_a_law(void **state)
{
    (void)state;
    print_message("%" PRIu64 " steps\n", for_each_seed(run_anything_once));
}

static void in_a_world_that_keeps_its_word_each_print_is_asked_for_once_and_nothing_sticks(
    void **state)
{
    (void)state;
    uint64_t prints = for_each_seed(run_world);
    print_message("%" PRIu64 " prints\n", prints);
    assert_true(prints > 5 * seeds() || getenv("PP_SEED") != NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_that_is_told_breaks_a_law),
        cmocka_unit_test(
            in_a_world_that_keeps_its_word_each_print_is_asked_for_once_and_nothing_sticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
