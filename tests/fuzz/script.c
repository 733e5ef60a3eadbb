/* A script's body: as a check without values, and with values made of its own bytes. */
#include "host/core/script.h"

#include "host/base/mem.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition) {
        abort();
    }
}

static const char *value(void *context, const char *name)
{
    require(name[0] != '\0' && strlen(name) < 96);
    return name[0] == 'n' ? NULL : name[0] == 't' ? "60" : context;
}

static void check_step(const struct script_step *s)
{
    require(s->kind < SCRIPT_KINDS && s->line > 0 && s->text != NULL && s->body != NULL);
    require(strlen(s->text) <= SCRIPT_HTTP_MAX && strlen(s->body) <= SCRIPT_HTTP_MAX);
    require(s->kind == SCRIPT_HTTP || strlen(s->text) <= SCRIPT_LINE_MAX);
    require(s->kind != SCRIPT_GCODE || s->text[0] != '\0');
    require(s->mc >= 0 && s->mc <= 500000 && s->ms >= 0 && s->ms <= 86400000);
    for (const char *c = s->text; *c != '\0'; c++) {
        require(((unsigned char)*c >= 0x20 || *c == '\t') && *c != 0x7f);
    }
}

/* What is printed for people can be read again. */
static void check_printed(const struct script_step *steps, size_t count)
{
    struct strbuf once = {0};
    struct strbuf twice = {0};
    struct script_step *again = NULL;
    size_t n = 0;
    script_print(steps, count, &once);
    if (script_expand(strbuf_text(&once), NULL, NULL, &again, &n, NULL) == 0) {
        script_print(again, n, &twice);
    }
    script_steps_free(again, n);
    strbuf_fini(&once);
    strbuf_fini(&twice);
}

static void expand(const char *body, script_value fn)
{
    struct script_step *steps = NULL;
    size_t count = 0;
    struct err e = {0};
    char own[32] = "";
    str_copy(own, sizeof own, body, strlen(body));
    int rc = script_expand(body, fn, own, &steps, &count, &e);
    require(rc == 0 || (rc == -PP_EINVAL && strncmp(e.text, "line ", 5) == 0));
    require(count <= SCRIPT_STEPS_MAX);
    for (size_t i = 0; i < count; i++) {
        check_step(&steps[i]);
    }
    check_printed(steps, count);
    script_steps_free(steps, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *body = mem_alloc(size + 1);
    memcpy(body, data, size);
    expand(body, NULL);
    expand(body, value);
    free(body);
    return 0;
}
