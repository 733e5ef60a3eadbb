// labels: slow
/* Killed after any instruction, what the stream has kept is whole, and what has gone to the port is
 * in it: a child streams into shared memory under single steps, its parent looks at a copy.
 */
#include "host/base/mem.h"
#include "host/core/stream.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LINES       4
#define NOT_ALLOWED 77
#define FIRST       (UINT64_C(0x7ff0bdbf) - LINES / 2) /* then the stream begins its numbers anew */

struct shared {
    struct kept kept;
    _Atomic uint64_t on_the_wire; /* highest number of which a byte was written */
    _Atomic bool asked;           /* a byte of the order to unpack was written */
    _Atomic bool done;
};

static void ignore(void *context, const struct stream_note *note)
{
    (void)context;
    (void)note;
}

static void put(struct spsc *ring, const char *text, uint64_t end_offset)
{
    size_t len = strlen(text);
    struct stream_item *item = spsc_reserve(ring, sizeof *item + len);
    *item = (struct stream_item){
        .kind = ITEM_LINE, .generation = 1, .end_offset = end_offset, .len = (uint16_t)len};
    memcpy(item->text, text, len);
    spsc_push(ring, sizeof *item + len);
}

/* Job lines and injected ones by turns, packed, each written and acknowledged; in between the
 * numbers begin anew. */
static void work(struct shared *m)
{
    static struct stream s;
    struct spsc ring;
    const char *bytes;
    size_t len;
    uint64_t now = 1000000;
    spsc_init(&ring, 1u << 14);
    stream_init(&s, &m->kept,
        &(struct stream_options){
            .dialect = dialect_by_name("marlin"), .meatpack = STREAM_PACK_WANTED},
        ignore, NULL);
    s.next_n = s.resend_n = FIRST;
    m->kept.history.last_n = FIRST - 1;
    raise(SIGSTOP); /* from here on step by step */
    stream_begin(&s, &ring, 1);
    for (uint64_t i = 1; i <= LINES; i++) {
        put(&ring, "G1 X10", i * 10);
        if (i % 2 == 0) {
            stream_inject(&s, "M105", 4, (uint32_t)i);
        }
    }
    while ((len = stream_tx(&s, now, &bytes)) > 0) {
        bool order = memchr(bytes, 0xff, len) != NULL;
        const char *answer = order ? "[MP] PV01 ON ESP" : "ok";
        m->asked = m->asked || order;
        m->on_the_wire = s.next_n - 1;
        stream_wrote(&s, len);
        now += 1000;
        stream_rx(&s, now, answer, strlen(answer));
    }
    m->done = true;
    spsc_fini(&ring);
    _exit(0);
}

static bool renumbered(const struct kept *k)
{
    const char *bytes;
    bool found = false;
    for (uint64_t n = k->history.last_n; history_find(&k->history, n, &bytes) != NULL; n--) {
        found = found || memcmp(bytes, "N0 M110 ", 8) == 0;
    }
    return found;
}

/* What another process would find now. */
static void look(const struct shared *m, struct kept *copy, uint64_t *job_lines)
{
    struct err e;
    uint64_t wire = m->on_the_wire;
    bool asked = m->asked;
    memcpy(copy, &m->kept, sizeof *copy);
    if (kept_check(copy, &e) < 0) {
        fail_msg("not believed: %s", e.text);
    }
    assert_true(copy->history.last_n >= wire);
    assert_true(copy->packing || !asked);
    uint64_t lines = copy->job_taken / 10 + (copy->inject_put - copy->inject_taken);
    assert_true(lines <= LINES + LINES / 2 + 1); /* M400 */
    /* every number belongs to one job line or one injected line, none to two; M110 to neither */
    uint64_t numbers = copy->history.last_n - (FIRST - 1);
    assert_int_equal(numbers, copy->job_taken / 10 + copy->inject_taken + renumbered(copy));
    for (uint64_t i = copy->inject_taken; i < copy->inject_put; i++) {
        /* with the number of the next to send it, it would be another order */
        assert_null(strstr(copy->inject[i % KEPT_INJECT].text, "M110"));
    }
    *job_lines = copy->job_taken / 10;
}

static void killed_after_any_instruction_all_is_whole(void **state)
{
    (void)state;
    struct shared *m =
        mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct kept *copy = mem_alloc(sizeof *copy);
    uint64_t job_lines = 0;
    unsigned steps = 0;
    int status;
    assert_ptr_not_equal(m, MAP_FAILED);
    pid_t child = fork();
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
            _exit(NOT_ALLOWED);
        }
        work(m);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_ALLOWED) {
        print_message("no process may be traced here\n");
        skip();
    }
    uint64_t seen = 0;
    while (WIFSTOPPED(status)) {
        /* the kept memory is looked at whenever its counters or the wire have moved, and every
         * so many steps in between */
        uint64_t mark = m->kept.history.last_n ^ (m->kept.inject_taken << 16) ^
                        (m->kept.inject_put << 24) ^ (m->kept.job_taken << 32) ^
                        (m->kept.history.written << 40) ^ (m->on_the_wire << 56);
        if (mark != seen || steps % 64 == 0) {
            seen = mark;
            look(m, copy, &job_lines);
        }
        steps++;
        if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) != 0 ||
            waitpid(child, &status, 0) != child) {
            break;
        }
    }
    assert_true(m->done);
    assert_int_equal(job_lines, LINES);
    print_message("%u steps\n", steps);
    assert_true(steps > 1000);
    free(copy);
    munmap(m, sizeof *m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_after_any_instruction_all_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
