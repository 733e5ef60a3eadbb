/* add: files of this machine or of the host become a job. */
#include "tools/ppctl/ppctl.h"

#include "host/base/mem.h"
#include "tools/ppctl/package.h"
#include "tools/ppctl/spec.h"
#include "tools/ppctl/text.h"
#include "tools/ppctl/upload.h"
#include "tools/ppctl/view_jobs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define COUNT_MAX 999999

/* One FILE of the command line. */
struct part {
    char *path;    /* owned; without "*3" */
    int64_t count; /* in each copy */
    char *name;    /* owned; on the host */
};

/* "gear.gcode*4": a star that is no part of a file's name here. */
static int take_part(const struct ppctl *c, const char *word, struct part *out)
{
    struct stat st;
    char shown[120];
    const char *star = strrchr(word, '*');
    *out = (struct part){.path = mem_strdup(word), .count = 1};
    if (star == NULL || stat(word, &st) == 0) {
        return PPCTL_DONE;
    }
    if (!str_to_int(star + 1, 1, COUNT_MAX, &out->count)) {
        return fail_usage(c, "\"%s\": after * a number from 1 to %d is wanted",
            str_escape(shown, sizeof shown, word, strlen(word)), COUNT_MAX);
    }
    out->path[star - word] = '\0';
    return PPCTL_DONE;
}

static char *name_on_host(const struct ppctl *c, const char *name)
{
    const char *folder = option_value(c, "--folder");
    return folder != NULL && folder[0] != '\0' ? mem_printf("%s/%s", folder, name)
                                               : mem_strdup(name);
}

static int send_part(struct ppctl *c, struct part *p)
{
    struct upload u;
    json_t *doc = NULL;
    int status = upload_open(&u, c, p->path);
    if (status == PPCTL_DONE) {
        p->name = name_on_host(c, u.name);
        char *url = client_path("/api/v1/files/", p->name);
        status = upload_place(&u, url, &doc);
        free(url);
    }
    json_decref(doc);
    upload_close(&u);
    return status;
}

/* What is not here is taken for a name on the host; it has to be one. */
static int find_part(struct ppctl *c, struct part *p)
{
    struct stat st;
    struct answer a;
    struct err e;
    char shown[120];
    int status = PPCTL_DONE;
    if (stat(p->path, &st) == 0 || errno != ENOENT || p->path[0] == '/' || p->path[0] == '.') {
        return PPCTL_DONE;
    }
    char *url = client_path("/api/v1/files/", p->path);
    int rc = get(c->chosen[0], url, &a);
    free(url);
    if (rc != 0 && a.status == 404) {
        err_set(&e, PP_ENOTFOUND, "\"%s\": there is no such file, neither here nor on the host",
            str_escape(shown, sizeof shown, p->path, strlen(p->path)));
        status = fail(c, PPCTL_FAILED, &e);
    } else if (rc != 0) {
        status = fail_answer(c, c->chosen[0], &a);
    } else {
        p->name = mem_strdup(p->path);
    }
    answer_fini(&a);
    return status;
}

/* Nothing is sent before it is known that all are there. */
static int place_parts(struct ppctl *c, struct part *parts)
{
    int status = PPCTL_DONE;
    for (size_t i = 0; i < c->operands && status == PPCTL_DONE; i++) {
        struct upload u;
        status = find_part(c, &parts[i]);
        if (status == PPCTL_DONE && parts[i].name == NULL) {
            status = upload_open(&u, c, parts[i].path);
            upload_close(&u);
        }
    }
    for (size_t i = 0; i < c->operands && status == PPCTL_DONE; i++) {
        status = parts[i].name == NULL ? send_part(c, &parts[i]) : PPCTL_DONE;
    }
    return status;
}

static json_t *set_of(const struct ppctl *c, const struct part *p)
{
    return json_pack("{s:s, s:I, s:o, s:o}", "path", p->name, "count", (json_int_t)p->count,
        "profiles", spec_option_list(c, "--profile", false), "materials",
        spec_option_list(c, "--material", true));
}

static int check_lists(const struct ppctl *c)
{
    json_t *profiles = spec_option_list(c, "--profile", false);
    json_t *materials = spec_option_list(c, "--material", true);
    bool good = profiles != NULL && materials != NULL;
    json_decref(profiles);
    json_decref(materials);
    return good ? PPCTL_DONE : fail_usage(c, "P and M must be UTF-8 text");
}

static int take_copies(const struct ppctl *c, json_t *body)
{
    const char *text = option_value(c, "-n");
    char shown[48];
    int64_t count = 1;
    if (text != NULL && !str_to_int(text, 1, COUNT_MAX, &count)) {
        return fail_usage(c, "-n \"%s\": must be a number from 1 to %d",
            str_escape(shown, sizeof shown, text, strlen(text)), COUNT_MAX);
    }
    json_object_set_new(body, "count", json_integer(count));
    return PPCTL_DONE;
}

static int make_body(const struct ppctl *c, json_t **out)
{
    const char *name = option_value(c, "--job");
    const char *queue = option_value(c, "--queue");
    json_t *body = json_pack("{s:s, s:s, s:b, s:b, s:b}", "name", name != NULL ? name : "", "queue",
        queue != NULL ? queue : "local", "draft", option_value(c, "--draft") != NULL, "repeat",
        option_value(c, "--repeat") != NULL, "share", option_value(c, "--share") != NULL);
    *out = body;
    if (body == NULL) {
        return fail_usage(c, "NAME and Q must be UTF-8 text");
    }
    if (option_value(c, "--front") != NULL) {
        json_object_set_new(body, "position", json_integer(1));
    }
    return take_copies(c, body);
}

/* The draft that --job names; "" when there is none. An exit status. */
static int find_draft(struct ppctl *c, char id[static 40])
{
    const char *name = option_value(c, "--job");
    struct answer a;
    int status = PPCTL_DONE;
    id[0] = '\0';
    if (name == NULL || option_value(c, "-n") != NULL) {
        return PPCTL_DONE;
    }
    char *path = client_path("/api/v1/jobs/", name);
    if (get(c->chosen[0], path, &a) == 0) {
        bool draft = field_true(a.doc, "draft") && strcmp(field_text(a.doc, "name"), name) == 0;
        snprintf(id, 40, "%.39s", draft ? field_text(a.doc, "id") : "");
    } else if (a.status != 404 && a.status != 400) {
        status = fail_answer(c, c->chosen[0], &a);
    }
    answer_fini(&a);
    free(path);
    return status;
}

static int append(struct ppctl *c, const char *id, const struct part *parts)
{
    int status = PPCTL_DONE;
    char path[96];
    snprintf(path, sizeof path, "/api/v1/jobs/%s/sets", id);
    for (size_t i = 0; i < c->operands && status == PPCTL_DONE; i++) {
        bool last = i + 1 == c->operands;
        struct answer a;
        if (last) {
            return tell_view(c, "POST", path, set_of(c, &parts[i]), view_job);
        }
        status = call(c, "POST", path, set_of(c, &parts[i]), &a) != 0
                     ? fail_answer(c, c->chosen[0], &a)
                     : PPCTL_DONE;
        answer_fini(&a);
    }
    return status;
}

static int submit(struct ppctl *c, json_t *body, const struct part *parts)
{
    json_t *sets = json_array();
    for (size_t i = 0; i < c->operands; i++) {
        json_array_append_new(sets, set_of(c, &parts[i]));
    }
    json_object_set_new(body, "sets", sets);
    return tell_view(c, "POST", "/api/v1/jobs", json_incref(body), view_job);
}

/* What makes it print, where that is still to be done. `title`: what the job is called. */
static void tell_next(const struct ppctl *c, bool draft, const char *title)
{
    struct answer a;
    if (draft) {
        const char *quote = strpbrk(title, " \"$*?\\`") != NULL ? "'" : "";
        printf("it is a draft: ppctl %sedit %s%s%s draft=no when it is complete\n", c->target_hint,
            quote, title, quote);
        return;
    }
    if (get(c->chosen[0], "/api/v1/manage", &a) == 0 && !field_true(a.doc, "managing")) {
        printf("nothing is managed: ppctl %sstart prints what is in the queue\n", c->target_hint);
    }
    answer_fini(&a);
}

static int add_files(struct ppctl *c, json_t *body)
{
    struct part parts[COMMAND_OPERANDS] = {{0}};
    char draft[40] = "";
    int status = PPCTL_DONE;
    for (size_t i = 0; i < c->operands && status == PPCTL_DONE; i++) {
        status = take_part(c, c->operand[i], &parts[i]);
    }
    status = status == PPCTL_DONE ? find_draft(c, draft) : status;
    status = status == PPCTL_DONE ? place_parts(c, parts) : status;
    if (status == PPCTL_DONE) {
        status = draft[0] != '\0' ? append(c, draft, parts) : submit(c, body, parts);
    }
    if (status == PPCTL_DONE && !c->json) {
        const char *name = option_value(c, "--job");
        tell_next(c, draft[0] != '\0' || option_value(c, "--draft") != NULL,
            name != NULL ? name : parts[0].name);
    }
    for (size_t i = 0; i < c->operands; i++) {
        free(parts[i].path);
        free(parts[i].name);
    }
    return status;
}

static bool is_package(const char *name)
{
    size_t len = strlen(name);
    return len > 5 && strcasecmp(name + len - 5, ".gjob") == 0;
}

int cmd_add(struct ppctl *c)
{
    json_t *body = NULL;
    if (c->operands == 1 && is_package(c->operand[0])) {
        return package_import(c, c->operand[0], option_value(c, "--queue"));
    }
    for (size_t i = 0; i < c->operands; i++) {
        if (is_package(c->operand[i])) {
            return fail_usage(c, "a .gjob is a job by itself: add it alone");
        }
    }
    int status = check_lists(c);
    status = status == PPCTL_DONE ? make_body(c, &body) : status;
    if (status == PPCTL_DONE) {
        status = add_files(c, body);
    }
    json_decref(body);
    return status;
}
