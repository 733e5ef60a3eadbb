// link: ppio
/* Memory that stays where it is. */
#include "host/io/resident.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define PAGES 64

static size_t locked_kb(void)
{
    size_t kb = 0;
    char line[128];
    FILE *f = fopen("/proc/self/status", "re");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        sscanf(line, "VmLck: %zu kB", &kb);
    }
    fclose(f);
    return kb;
}

/* Also where locking is refused. */
static void every_page_is_there_and_keeps_what_is_in_it(void **state)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char there[PAGES];
    (void)state;
    char *memory =
        mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    memory[page + 1] = 'x';
    resident_memory(memory, PAGES * page);
    assert_int_equal(mincore(memory, PAGES * page, there), 0);
    for (size_t i = 0; i < PAGES; i++) {
        assert_int_equal(there[i] & 1, 1);
    }
    assert_int_equal(memory[page + 1], 'x');
    munmap(memory, PAGES * page);
}

static void code_is_locked_where_that_is_permitted(void **state)
{
    static void (*const of[])(void) = {(void (*)(void))locked_kb, (void (*)(void))memcpy};
    size_t before = locked_kb();
    (void)state;
    if (!resident_code(of, 2)) {
        skip();
    }
#ifdef __SANITIZE_ADDRESS__
    skip(); /* it answers mlock() itself and locks nothing */
#endif
    assert_true(locked_kb() > before + 500); /* libc alone is larger */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_page_is_there_and_keeps_what_is_in_it),
        cmocka_unit_test(code_is_locked_where_that_is_permitted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
