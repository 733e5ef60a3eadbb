#include "host/app/child.h"

#include "host/base/log.h"
#include "host/base/mem.h"

#include <stdlib.h>

static void on_closed(uv_handle_t *handle)
{
    struct child *c = handle->data;
    c->open = false;
}

void child_close(struct child *c)
{
    if (c->open && !uv_is_closing((uv_handle_t *)&c->process)) {
        uv_close((uv_handle_t *)&c->process, on_closed);
    }
}

static void on_ended(uv_process_t *process, int64_t status, int term_signal)
{
    if (status != 0 || term_signal != 0) {
        log_warn("the command ended with status %lld, signal %d", (long long)status, term_signal);
    }
    child_close(process->data);
}

int child_start(struct child *c, uv_loop_t *loop, const char *command, struct err *e)
{
    char sh[] = "sh";
    char flag[] = "-c";
    if (c->open) {
        return err_set(e, PP_EBUSY, "the command before it still runs");
    }
    char *text = mem_strdup(command);
    char *arguments[] = {sh, flag, text, NULL};
    uv_process_options_t options = {
        .file = "/bin/sh", .args = arguments, .flags = UV_PROCESS_DETACHED, .exit_cb = on_ended};
    int rc = uv_spawn(loop, &c->process, &options);
    c->process.data = c;
    c->open = true; /* also after a failure the handle must be closed */
    uv_unref((uv_handle_t *)&c->process);
    free(text);
    if (rc < 0) {
        child_close(c);
        return err_set(e, PP_EIO, "\"%s\" cannot be run: %s", command, uv_strerror(rc));
    }
    return 0;
}
