/* What the firmware writes: each call occupies the wire and, without a transmit buffer, the CPU. */
#ifndef PPV_REPLY_H
#define PPV_REPLY_H

#include "tools/ppvirtual/model.h"

/* Writes text; each '\n' becomes the firmware's end of line. */
void reply(struct model *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Writes bytes as they are, past all faults. */
void reply_bytes(struct model *m, const char *bytes, size_t len);

/* The ok of the command at the head of the queue. */
void reply_ok(struct model *m);

/* M105's answer, which holds the ok. */
void reply_temperatures(struct model *m);

/* ` T:.. /.. B:.. /.. @:0 B@:0` without a line end: auto-reports and waits. */
void reply_temperature_words(struct model *m);

/* M114's line. */
void reply_position(struct model *m);

/* M115's lines. */
void reply_about(struct model *m);

/* The error's line, if the firmware has one for it. */
void reply_line_error(struct model *m, enum line_verdict verdict);

/* "Resend: n" and its ok. */
void reply_resend(struct model *m);

void reply_unknown(struct model *m, const struct command *c);

#endif
