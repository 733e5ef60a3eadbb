/* The firmware's one thread of control: reads lines, queues commands, executes them one by one.
 *
 * It works only while its CPU is free (cpu_ns) and stops where a command has to wait. A wrong line
 * is answered in two steps, because the ring is emptied only when the error text has been written.
 */
#ifndef PPV_MCU_H
#define PPV_MCU_H

#include "tools/ppvirtual/model.h"

/* Takes what is in the ring, as far as the firmware may read now. */
void mcu_read(struct model *m);

/* A wrong line: its error is written now, the rest follows when the CPU is free. */
void mcu_line_error(struct model *m, enum line_verdict verdict);

/* What the emergency parser has found takes effect. */
void mcu_urgent(struct model *m, enum emergency what);

/* Another master gives a command; `quiet`: we are not told its ok. Dropped when the queue is full.
 */
void mcu_foreign(struct model *m, const char *text, bool quiet);

/* Does all that can be done now. */
void mcu_run(struct model *m);

/* When it could go on if its CPU were free; NEVER_NS: it waits for something from outside. */
uint64_t mcu_ready_ns(struct model *m);

/* Puts a command at the end of the queue, which has room; returns it for what else is to be said.
 */
struct queued *mcu_queue(struct model *m, const char *text);

/* A person's note among the executed commands, where these are wanted. */
void mcu_note(struct model *m, const char *text);

#endif
