/* Jobs and what belongs to them as text for people; the rules of view.h hold. */
#ifndef PP_PPCTL_VIEW_JOBS_H
#define PP_PPCTL_VIEW_JOBS_H

#include "tools/ppctl/view.h"

/* A table of jobs with a head and a line of totals. `doc`: {"jobs", "total"} */
void view_jobs(struct strbuf *out, const struct view *v, const json_t *doc);

/* All about one job, its sets as a table. */
void view_job(struct strbuf *out, const struct view *v, const json_t *job);

/* What managing does or waits for, one line; nothing when the document is of an older host. */
void view_manage(struct strbuf *out, const struct view *v, const json_t *manage);

/* Tables; `doc` as the host sends it. */
void view_templates(struct strbuf *out, const struct view *v, const json_t *doc);
void view_queues(struct strbuf *out, const struct view *v, const json_t *doc);
void view_quarantine(struct strbuf *out, const struct view *v, const json_t *manage);
void view_profiles(struct strbuf *out, const struct view *v, const json_t *doc);
void view_stats(struct strbuf *out, const struct view *v, const json_t *doc);

#endif
