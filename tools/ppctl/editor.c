#include "tools/ppctl/editor.h"

#include "host/base/file.h"
#include "host/base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *editor_name(void)
{
    const char *visual = getenv("VISUAL");
    const char *editor = getenv("EDITOR");
    return visual != NULL && *visual != '\0'   ? visual
           : editor != NULL && *editor != '\0' ? editor
                                               : "vi";
}

/* The environment's word is a command line ("code --wait"), as for every program that uses it. */
static int run_editor(const char *path, struct err *e)
{
    int status = 0;
    char *line = mem_printf("%s \"$1\"", editor_name());
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", line, "sh", path, (char *)NULL);
        _exit(127);
    }
    free(line);
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (child < 0) {
        return err_errno(e, errno, "cannot run an editor");
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return err_set(e, PP_ECANCELED, "\"%.80s\" failed: nothing is changed", editor_name());
    }
    return 0;
}

static int write_all(int fd, const struct strbuf *text, struct err *e)
{
    ssize_t n = write(fd, strbuf_text(text), text->len);
    return n == (ssize_t)text->len ? 0 : err_errno(e, n < 0 ? errno : ENOSPC, "temporary file");
}

int editor_run(struct strbuf *text, size_t max, const char *suffix, bool *changed, struct err *e)
{
    const char *folder = getenv("TMPDIR");
    struct strbuf after = {0};
    char *path = mem_printf("%s/ppctl-XXXXXX%s", folder != NULL ? folder : "/tmp", suffix);
    int fd = mkstemps(path, (int)strlen(suffix));
    int rc = fd < 0 ? err_errno(e, errno, "\"%.120s\"", path) : write_all(fd, text, e);
    if (fd >= 0) {
        close(fd);
    }
    rc = rc == 0 ? run_editor(path, e) : rc;
    rc = rc == 0 ? file_read(path, max, &after, e) : rc;
    if (fd >= 0) {
        unlink(path);
    }
    if (rc == 0) {
        *changed = after.len != text->len ||
                   memcmp(strbuf_text(&after), strbuf_text(text), text->len) != 0;
        strbuf_fini(text);
        *text = after;
    } else {
        strbuf_fini(&after);
    }
    free(path);
    return rc;
}
