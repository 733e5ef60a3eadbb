// link: ppcore ppvirtual_model
// quick: PP_ROUNDS=2
/* Packing (host/core/meatpack.h) against the virtual printer's unpacker, which knows nothing of it.
 *
 * What must hold: any line comes out as it went in; the order to reset is understood wherever the
 * bytes before it were cut; packed lines of real files are no urgent commands to somebody who looks
 * at the bytes. What it gains and what it costs on the samples is printed.
 */
#include "host/core/line.h"
#include "host/core/meatpack.h"
#include "tests/lib/rounds.h"
#include "tools/ppvirtual/emergency.h"
#include "tools/ppvirtual/meatpack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS        20000
#define UNPACKED(len) ((len)*2 + 4)

static uint64_t seed = 1;

static uint64_t below(uint64_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (seed >> 33) % n;
}

static size_t unpack(struct meatpack *p, const char *bytes, size_t len, char *out)
{
    size_t at = 0;
    bool reports;
    for (size_t i = 0; i < len; i++) {
        at += meatpack_feed(p, bytes[i], out + at, &reports);
    }
    return at;
}

/* Gcode, words, or any bytes but the two that cannot be. */
static size_t any_line(char out[LINE_MAX_CMD])
{
    static const char gcode[] = "0123456789. GXYZEFMS-N*";
    size_t len = below(LINE_MAX_CMD);
    uint64_t kind = below(3);
    for (size_t i = 0; i < len; i++) {
        char c = kind == 0 ? gcode[below(sizeof gcode - 1)]
                           : (char)(kind == 1 ? 32 + below(95) : 1 + below(254));
        out[i] = c != '\n' ? c : 'n';
    }
    out[len] = '\n';
    return len + 1;
}

static void any_line_comes_out_as_it_went_in(void **state)
{
    struct meatpack p = {.on = true};
    char line[LINE_MAX_CMD];
    char bytes[MEATPACK_MAX(LINE_MAX_CMD)];
    char again[UNPACKED(sizeof bytes)];
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        size_t len = any_line(line);
        size_t size = meatpack_pack(bytes, line, len);
        assert_int_equal(size, meatpack_size(line, len));
        assert_true(size <= MEATPACK_MAX(len));
        assert_null(memmem(bytes, size, "\xff\xff", 2));
        assert_int_equal(unpack(&p, bytes, size, again), len);
        assert_memory_equal(again, line, len);
    }
}

static void a_reset_is_understood_wherever_the_bytes_before_were_cut(void **state)
{
    char line[LINE_MAX_CMD];
    char bytes[MEATPACK_MAX(LINE_MAX_CMD)];
    char out[UNPACKED(sizeof bytes)];
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        struct meatpack p = {.on = true};
        size_t size = meatpack_pack(bytes, line, any_line(line));
        unpack(&p, bytes, below(size + 1), out);
        assert_int_equal(unpack(&p, meatpack_order(MEATPACK_RESET), MEATPACK_ORDER, out), 0);
        assert_false(p.on);
        size_t len = any_line(line);
        line[0] = line[0] != '\xff' ? line[0] : 'x';
        assert_int_equal(unpack(&p, line, len, out), len);
        assert_memory_equal(out, line, len);
        unpack(&p, meatpack_order(MEATPACK_ON), MEATPACK_ORDER, out);
        assert_int_equal(unpack(&p, bytes, meatpack_pack(bytes, line, len), out), len);
        assert_memory_equal(out, line, len);
    }
}

/* ---- the samples ---- */

struct totals {
    uint64_t lines;
    uint64_t plain;
    uint64_t packed;
    uint64_t damages;   /* of each kind */
    uint64_t missed[2]; /* flipped bits: plain, packed */
    uint64_t lost[2];   /* lost bytes that were missed */
    struct emergency_parser emergency;
};

/* A numbered line passes Marlin's checks and is not what was sent. */
static bool is_missed(const char *got, size_t len, const char *sent, size_t sent_len, uint64_t n)
{
    char again[LINE_MAX_OUT];
    const char *newline = memchr(got, '\n', len);
    const char *star = newline != NULL ? memrchr(got, '*', (size_t)(newline - got)) : NULL;
    char head[24];
    size_t head_len = (size_t)snprintf(head, sizeof head, "N%llu ", (unsigned long long)n);
    if (star == NULL || newline != got + len - 1 || len < head_len + 4 ||
        memcmp(got, head, head_len) != 0 || star < got + head_len || star - got > LINE_MAX_CMD ||
        memchr(got, '\0', len) != NULL) {
        return false;
    }
    size_t wanted = line_format(again, n, got + head_len, (size_t)(star - got) - head_len);
    bool right_sum = wanted == len && memcmp(again, got, len) == 0;
    return right_sum && (len != sent_len || memcmp(got, sent, len) != 0);
}

static void flip_a_bit(struct totals *t, const char *line, size_t len, uint64_t n)
{
    char bytes[MEATPACK_MAX(LINE_MAX_OUT)];
    char out[UNPACKED(sizeof bytes)];
    struct meatpack p = {.on = true};
    char plain[LINE_MAX_OUT];
    memcpy(plain, line, len);
    plain[below(len)] ^= (char)(1 << below(8));
    t->missed[0] += is_missed(plain, len, line, len, n);
    size_t size = meatpack_pack(bytes, line, len);
    bytes[below(size)] ^= (char)(1 << below(8));
    t->missed[1] += is_missed(out, unpack(&p, bytes, size, out), line, len, n);
    t->damages++;
}

static void lose_a_byte(struct totals *t, const char *line, size_t len, uint64_t n)
{
    char bytes[MEATPACK_MAX(LINE_MAX_OUT)];
    char out[UNPACKED(sizeof bytes)];
    struct meatpack p = {.on = true};
    size_t at = below(len);
    memcpy(bytes, line, at);
    memcpy(bytes + at, line + at + 1, len - at - 1);
    t->lost[0] += is_missed(bytes, len - 1, line, len, n);
    size_t size = meatpack_pack(bytes, line, len);
    at = below(size);
    memmove(bytes + at, bytes + at + 1, size - at - 1);
    t->lost[1] += is_missed(out, unpack(&p, bytes, size - 1, out), line, len, n);
}

static void take_line(struct totals *t, const char *text, size_t len)
{
    char line[LINE_MAX_OUT];
    char bytes[MEATPACK_MAX(LINE_MAX_OUT)];
    size_t total = line_format(line, ++t->lines, text, len);
    size_t size = meatpack_pack(bytes, line, total);
    int tries = rounds(8);
    t->plain += total;
    t->packed += size;
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(emergency_feed(&t->emergency, bytes[i]), EMERGENCY_NONE);
    }
    for (int i = 0; i < tries; i++) {
        flip_a_bit(t, line, total, t->lines);
        lose_a_byte(t, line, total, t->lines);
    }
}

static void take_sample(const char *name)
{
    char path[512];
    char line[512];
    struct totals t = {0};
    snprintf(path, sizeof path, "%s/tests/samples/%s", PP_SOURCE_DIR, name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        size_t len = strcspn(line, ";\r\n");
        while (len > 0 && line[len - 1] == ' ') {
            len--;
        }
        if (len > 0 && len <= LINE_MAX_CMD) {
            take_line(&t, line, len);
        }
    }
    fclose(f);
    double each = 1e6 / (double)t.damages;
    print_message("%-14s %6llu lines, %7llu bytes plain, %7llu packed: %2.0f %%\n", name,
        (unsigned long long)t.lines, (unsigned long long)t.plain, (unsigned long long)t.packed,
        100.0 * (double)t.packed / (double)t.plain);
    print_message("               of a million flipped bits the checksum misses %.0f plain, %.0f "
                  "packed; of lost bytes %.0f plain, %.0f packed\n",
        (double)t.missed[0] * each, (double)t.missed[1] * each, (double)t.lost[0] * each,
        (double)t.lost[1] * each);
    assert_true(t.packed * 100 < t.plain * 66);
    assert_int_equal(t.missed[0] + t.lost[0], 0);
    assert_true((double)(t.missed[1] + t.lost[1]) * each < 500);
}

static void real_files_shrink_and_are_no_urgent_commands(void **state)
{
    (void)state;
    take_sample("bracket.gcode");
    take_sample("demo.gcode");
    take_sample("gear.gcode");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_line_comes_out_as_it_went_in),
        cmocka_unit_test(a_reset_is_understood_wherever_the_bytes_before_were_cut),
        cmocka_unit_test(real_files_shrink_and_are_no_urgent_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
