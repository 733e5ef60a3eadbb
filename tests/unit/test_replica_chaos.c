// link: ppnet
// with: replica_net replica_chaos
/* Replicas through crashes, cuts, slow disks and changing members, by seed. PP_SEEDS=N runs as many
 * of each kind, PP_SEED=N only that one; PP_OFF=N leaves guards out (enum replica_guard), which
 * then is found. */
#include "tests/lib/replica_chaos.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__)
#define SEEDS 30
#else
#define SEEDS 300
#endif

static void run_all(struct chaos *like)
{
    const char *one = getenv("PP_SEED"), *off = getenv("PP_OFF");
    like->off = off != NULL ? (unsigned)strtoul(off, NULL, 0) : 0;
    uint64_t first = one != NULL ? strtoull(one, NULL, 10) : 1;
    unsigned count = one != NULL ? 1 : chaos_count(SEEDS);
    struct chaos worst = {0};
    unsigned bad = chaos_seeds(like, first, count, &worst);
    if (bad > 0) {
        fail_msg("%u of %u seeds; seed %llu: %s", bad, count, (unsigned long long)worst.seed,
            worst.problem);
    }
    print_message("%u seeds, %llu commands acknowledged\n", count, (unsigned long long)worst.acked);
    assert_true(worst.acked > 10ULL * count);
}

static void nothing_is_lost_nor_differs_while_members_stay(void **state)
{
    (void)state;
    run_all(&(struct chaos){.fixed = true});
}

static void nothing_is_lost_nor_differs_while_members_change(void **state)
{
    (void)state;
    run_all(&(struct chaos){.fixed = false});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_nor_differs_while_members_stay),
        cmocka_unit_test(nothing_is_lost_nor_differs_while_members_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
