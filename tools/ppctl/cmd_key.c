/* key: makes, lists and removes the keys that other programs show to the host. */
#include "tools/ppctl/ppctl.h"

#include "tools/ppctl/text.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The key alone goes to standard output, so that it can be kept: ppctl key add NAME >FILE. */
static void show_key(const struct ppctl *c, const json_t *doc)
{
    struct strbuf key = {0};
    struct strbuf name = {0};
    text_foreign(&key, field_text(doc, "key"));
    text_foreign(&name, field_text(doc, "name"));
    fprintf(stderr, "key \"%s\" (%s) of %s, shown this once:\n", strbuf_text(&name),
        field_text(doc, "scope"), host_label(c->chosen[0]));
    printf("%s\n", strbuf_text(&key));
    sodium_memzero(key.data, key.len);
    strbuf_fini(&key);
    strbuf_fini(&name);
}

static int add(struct ppctl *c)
{
    struct host *h = c->chosen[0];
    struct answer a;
    const char *scope = option_value(c, "--scope");
    char shown[48];
    int status = PPCTL_DONE;
    scope = scope != NULL ? scope : "print";
    if (strcmp(scope, "read") != 0 && strcmp(scope, "print") != 0 && strcmp(scope, "admin") != 0) {
        return fail_usage(c, "--scope \"%s\": must be read, print or admin",
            str_escape(shown, sizeof shown, scope, strlen(scope)));
    }
    json_t *body = json_pack("{s:s, s:s}", "name", c->operand[1], "scope", scope);
    if (body == NULL) {
        return fail_usage(c, "NAME must be UTF-8 text");
    }
    if (post(h, "/api/v1/keys", body, &a) != 0) {
        status = fail_answer(c, h, &a);
    } else if (c->json) {
        print_json(json_incref(a.doc));
    } else {
        show_key(c, a.doc);
    }
    answer_fini(&a);
    return status;
}

static int list(struct ppctl *c)
{
    struct answer a;
    struct strbuf text = {0};
    struct view v = view_now(c);
    int status = PPCTL_DONE;
    if (get(c->chosen[0], "/api/v1/keys", &a) != 0) {
        status = fail_answer(c, c->chosen[0], &a);
    } else if (c->json) {
        print_json(json_incref(a.doc));
    } else {
        view_keys(&text, &v, field_node(a.doc, "keys"));
        print_text(&text);
    }
    answer_fini(&a);
    return status;
}

static int rm(struct ppctl *c)
{
    struct host *h = c->chosen[0];
    struct answer a;
    char shown[96];
    char *path = client_path("/api/v1/keys/", c->operand[1]);
    struct request r = {.method = "DELETE", .path = path};
    int status = PPCTL_DONE;
    if (client_call(h, &r, &a) != 0) {
        status = fail_answer(c, h, &a);
    } else if (c->json) {
        print_json(a.doc != NULL ? json_incref(a.doc) : json_object());
    } else {
        printf("%s: key \"%s\" removed\n", host_label(h),
            str_escape(shown, sizeof shown, c->operand[1], strlen(c->operand[1])));
    }
    answer_fini(&a);
    free(path);
    return status;
}

int cmd_key(struct ppctl *c)
{
    static const struct action actions[] = {
        {"list", "", 0, 0, list}, {"add", "NAME", 1, 1, add}, {"rm", "NAME", 1, 1, rm}};
    return run_action(c, actions, sizeof actions / sizeof *actions);
}
