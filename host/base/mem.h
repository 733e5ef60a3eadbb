/* Memory: an allocation that fails ends the program (sizes an outsider controls are bounded first).
 */
#ifndef PP_BASE_MEM_H
#define PP_BASE_MEM_H

#include <stddef.h>

/* Zeroed memory for one object; never NULL; free() it. */
void *mem_alloc(size_t size);

/* Zeroed memory for `count` objects; aborts when count * size overflows. */
void *mem_array(size_t count, size_t size);

/* Grows or shrinks `old` (may be NULL) to count * size bytes; the new part is not cleared. */
void *mem_resize(void *old, size_t count, size_t size);

/* A copy of `text`; never NULL; free() it. */
char *mem_strdup(const char *text);

/* A printf into fresh memory; never NULL; free() it. */
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
