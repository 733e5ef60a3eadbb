/* A law: however the bytes of a file are cut into pieces, the analysis is the same. */
#include "host/base/file.h"
#include "host/base/mem.h"
#include "host/core/analyze.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t random_state = 1;

static uint64_t random_below(uint64_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % limit;
}

/* Feeds pieces of 0 to `most` bytes; each is a copy of its own so that reading past its end is
 * seen. */
static void analyze_in_pieces(const char *bytes, size_t len, size_t most, struct analysis *out)
{
    struct analyzer *a = analyze_new(NULL);
    while (len > 0) {
        size_t n = random_below(most + 1);
        n = n > len ? len : n;
        char *piece = mem_alloc(n);
        memcpy(piece, bytes, n);
        analyze_feed(a, piece, n);
        free(piece);
        bytes += n;
        len -= n;
    }
    memset(out, 0, sizeof *out);
    analyze_finish(a, out);
    analyze_free(a);
}

static void assert_same_however_cut(const char *bytes, size_t len, int times)
{
    struct analysis whole;
    struct analyzer *a = analyze_new(NULL);
    analyze_feed(a, bytes, len);
    memset(&whole, 0, sizeof whole);
    analyze_finish(a, &whole);
    analyze_free(a);
    for (int i = 0; i < times; i++) {
        struct analysis pieces;
        analyze_in_pieces(bytes, len, (size_t)1 << (1 + i % 12), &pieces);
        assert_memory_equal(&whole, &pieces, sizeof whole);
    }
}

static void a_sample_may_be_cut_anywhere(void **state)
{
    (void)state;
    struct strbuf text = {0};
    struct err e;
    assert_int_equal(
        file_read(PP_SOURCE_DIR "/tests/samples/bracket.gcode", 4000000, &text, &e), 0);
    assert_same_however_cut(text.data, text.len, 6);
    assert_same_however_cut(text.data + text.len - 20000, 20000, 60);
    strbuf_fini(&text);
}

static void noise_may_be_cut_anywhere(void **state)
{
    (void)state;
    static const char alphabet[] = "GGMMTNXYZEFIJRSP0123456789.-+ \t\r\n\n;()*{}[]\"@\xc3\x01:=,";
    for (int round = 0; round < 300; round++) {
        char bytes[3000];
        size_t len = random_below(sizeof bytes);
        for (size_t i = 0; i < len; i++) {
            bytes[i] = alphabet[random_below(sizeof alphabet)];
        }
        assert_same_however_cut(bytes, len, 4);
    }
}

static void lines_beyond_the_limit_may_be_cut_anywhere(void **state)
{
    (void)state;
    size_t len = 100000;
    char *bytes = mem_alloc(len);
    for (size_t i = 0; i < len; i++) {
        bytes[i] = "G1 X1 Y2 "[i % 9];
    }
    bytes[40000] = '\n';
    assert_same_however_cut(bytes, len, 24);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sample_may_be_cut_anywhere),
        cmocka_unit_test(noise_may_be_cut_anywhere),
        cmocka_unit_test(lines_beyond_the_limit_may_be_cut_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
