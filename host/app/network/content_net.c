/* The answers of content go to net. */
#include "host/app/network/content.h"

static void tell_read(
    void *context, uint64_t id, const uint8_t *bytes, size_t len, const struct err *e)
{
    net_read_done(context, id, bytes, len, e);
}

static void tell_written(void *context, uint64_t id, const struct err *e)
{
    net_write_done(context, id, e);
}

static void tell_finished(void *context, uint64_t id, const struct err *e)
{
    net_finish_done(context, id, e);
}

void content_set_net(struct content *c, struct net *n)
{
    struct content_answers a = {tell_read, tell_written, tell_finished, n};
    content_set_answers(c, n != NULL ? &a : &(struct content_answers){0});
}
