/* What the API shows: our structs as JSON.
 *
 * Names are those of the structs; times are integer UTC milliseconds (`_ms`), temperatures numbers
 * in °C, lengths in mm; what is not known is null and never absent. Every function returns a new
 * value.
 */
#ifndef PP_API_VIEW_H
#define PP_API_VIEW_H

#include "host/app/device/device.h"
#include "host/app/files.h"
#include "host/app/keys.h"
#include "host/app/profile.h"

#include <jansson.h>

struct http;

/* Everything about this host and its printer. */
json_t *view_status(const struct http *h);

/* Its parts, as they travel alone through the feed. */
json_t *view_temperatures(const struct device_status *s);
json_t *view_link(const struct device_link *l);
json_t *view_job(const struct device_job *j);          /* null without a print */
json_t *view_question(const struct device_status *s);  /* the oldest open one, null without any */
json_t *view_questions(const struct device_status *s); /* all of them, oldest first */
json_t *view_sd(const struct device *d);               /* the printer's card, without its files */
const char *view_bed(enum bed_state bed);

json_t *view_terminal(const struct hub_terminal *line);
json_t *view_run(const struct run *run);
json_t *view_analysis(const struct analysis *analysis);
json_t *view_file(const struct file_entry *file);
json_t *view_profile(const struct profile *profile);

#endif
