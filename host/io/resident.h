/* Memory that must not be waited for: touched beforehand, and kept out of swap where permitted.
 *
 * A page that is not there costs its user microseconds, or, from a slow disk, seconds. Where
 * locking is refused (RLIMIT_MEMLOCK) the pages are at least there at the start.
 */
#ifndef PP_IO_RESIDENT_H
#define PP_IO_RESIDENT_H

#include <stdbool.h>
#include <stddef.h>

/* Touches writable memory that no other thread uses yet, and locks it; false when that is refused.
 */
bool resident_memory(void *memory, size_t size);

/* The calling thread's stack. */
bool resident_stack(void);

/* Code and constants of the program and libraries in which the functions are. */
bool resident_code(void (*const functions[])(void), size_t count);

#endif
