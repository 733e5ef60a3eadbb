/* Shared queues and their hosts as text for people; the rules of view.h hold. */
#ifndef PP_PPCTL_VIEW_NETWORK_H
#define PP_PPCTL_VIEW_NETWORK_H

#include "tools/ppctl/view.h"

/* One queue: how it is set, how it goes with the others, why nobody may be there. */
void view_queue(struct strbuf *out, const struct view *v, const json_t *queue);

/* The same in a line, below its row in the table of queues; nothing of one that is not shared. */
void view_queue_line(struct strbuf *out, const struct view *v, const json_t *queue);

/* A table of hosts. `doc`: {"peers", "moves"} */
void view_peers(struct strbuf *out, const struct view *v, const json_t *doc);

#endif
