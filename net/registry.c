#include "net/registry.h"

#include "host/base/mem.h"
#include "host/base/str.h"
#include "host/base/yaml.h"
#include "net/address.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define DESC_MAX      4096
#define URL_MAX       1024
#define BOOTSTRAP_MAX 16
#define NOTES_MAX     100
#define CREATED_MAX   INT64_C(253402300799) /* the year 9999 */

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- the file's fields ---------------------------------------------------------------------- */

enum {
    FIELD_NAME,
    FIELD_DESC,
    FIELD_URL,
    FIELD_RENDEZVOUS,
    FIELD_TRUSTED,
    FIELD_BOOTSTRAP,
    FIELD_ACCESS,
    QUEUE_FIELDS
};

struct queue_file {
    char name[64];
    char *desc;
    char *url;
    char rendezvous[128];
    char *trusted[REGISTRY_TRUSTED_MAX];
    struct yaml_mark trusted_at[REGISTRY_TRUSTED_MAX];
    char *bootstrap[BOOTSTRAP_MAX];
    int access;
    struct yaml_mark at[QUEUE_FIELDS];
};

enum {
    FIELD_CREATED,
    FIELD_HOME,
    FIELD_QUEUES,
    REGISTRY_FIELDS
};

struct registry_file {
    char created[24];
    char *url;
    struct yaml_items queues;
    struct yaml_mark at[REGISTRY_FIELDS];
};

enum {
    ACCESS_OPEN,
    ACCESS_TRUSTED
};

static const struct yaml_word access_words[] = {
    {"open", ACCESS_OPEN}, {"trusted", ACCESS_TRUSTED}, {NULL, 0}};

/* What generate left for a person to say. */
static int check_done(const char *text, struct err *e)
{
    if (strstr(text, "TODO") != NULL) {
        return err_set(e, PP_EINVAL, "a TODO was left; say what it asks for");
    }
    return 0;
}

static int check_created(const char *text, struct err *e)
{
    int64_t seconds;
    if (!str_to_int(text, 0, CREATED_MAX, &seconds)) {
        return err_set(e, PP_EINVAL, "must be seconds since 1970, such as \"1668812345\"");
    }
    return 0;
}

/* The text of peer_parse() without the part that quotes it once more. */
static int check_peer(const char *text, struct err *e)
{
    struct peer p;
    struct err why;
    if (peer_parse(text, &p, &why) == 0) {
        return 0;
    }
    const char *reason = strstr(why.text, "\": ");
    return err_set(e, PP_EINVAL, "%s", reason != NULL ? reason + 3 : why.text);
}

static int check_bootstrap(const char *text, struct err *e)
{
    struct remote_address a;
    if (remote_address_parse(text, &a, NULL) == 0) {
        return 0;
    }
    return err_set(
        e, PP_EINVAL, "must be an address such as /dns4/print.example.org/tcp/6789/p2p/12D3KooW…");
}

#define QUEUE_AT(member) offsetof(struct queue_file, member)
#define FILE_AT(member)  offsetof(struct registry_file, member)

static const struct yaml_field queue_fields[QUEUE_FIELDS] = {
    [FIELD_NAME] = {.key = "name",
        .kind = YAML_STRING,
        .offset = QUEUE_AT(name),
        .size = sizeof(((struct queue_file *)0)->name),
        .required = true,
        .check = check_done},
    [FIELD_DESC] = {.key = "desc",
        .kind = YAML_TEXT,
        .offset = QUEUE_AT(desc),
        .size = DESC_MAX,
        .check = check_done},
    [FIELD_URL] = {.key = "url",
        .kind = YAML_TEXT,
        .offset = QUEUE_AT(url),
        .size = URL_MAX,
        .check = check_done},
    [FIELD_RENDEZVOUS] = {.key = "rendezvous",
        .kind = YAML_STRING,
        .offset = QUEUE_AT(rendezvous),
        .size = sizeof(((struct queue_file *)0)->rendezvous),
        .required = true,
        .check = check_done},
    [FIELD_TRUSTED] = {.key = "trustedPeers",
        .kind = YAML_STRINGS,
        .offset = QUEUE_AT(trusted),
        .size = REGISTRY_TRUSTED_MAX,
        .item_marks = QUEUE_AT(trusted_at),
        .min = 1,
        .required = true,
        .check = check_peer},
    [FIELD_BOOTSTRAP] = {.key = "bootstrap",
        .kind = YAML_STRINGS,
        .offset = QUEUE_AT(bootstrap),
        .size = BOOTSTRAP_MAX,
        .check = check_bootstrap},
    [FIELD_ACCESS] = {.key = "access",
        .kind = YAML_CHOICE,
        .offset = QUEUE_AT(access),
        .words = access_words},
};

static const struct yaml_table queue_table = {.fields = queue_fields,
    .count = COUNT(queue_fields),
    .size = sizeof(struct queue_file),
    .marks = QUEUE_AT(at)};

static const struct yaml_field file_fields[REGISTRY_FIELDS] = {
    [FIELD_CREATED] = {.key = "created",
        .kind = YAML_STRING,
        .offset = FILE_AT(created),
        .size = sizeof(((struct registry_file *)0)->created),
        .check = check_created},
    [FIELD_HOME] = {.key = "url",
        .kind = YAML_TEXT,
        .offset = FILE_AT(url),
        .size = URL_MAX,
        .check = check_done},
    [FIELD_QUEUES] = {.key = "queues",
        .kind = YAML_LIST,
        .offset = FILE_AT(queues),
        .size = REGISTRY_QUEUES_MAX,
        .min = 1,
        .table = &queue_table,
        .required = true},
};

static const struct yaml_table file_table = {.fields = file_fields,
    .count = COUNT(file_fields),
    .marks = FILE_AT(at),
    .max_bytes = REGISTRY_SIZE_MAX};

static void file_fini(struct registry_file *f)
{
    for (size_t i = 0; i < f->queues.count; i++) {
        struct queue_file *q = (struct queue_file *)f->queues.items + i;
        free(q->desc);
        free(q->url);
        for (size_t k = 0; k < COUNT(q->trusted); k++) {
            free(q->trusted[k]);
        }
        for (size_t k = 0; k < COUNT(q->bootstrap); k++) {
            free(q->bootstrap[k]);
        }
    }
    free(f->queues.items);
    free(f->url);
}

/* ---- notes ---------------------------------------------------------------------------------- */

static void add_note(struct registry_notes *notes, bool warning, const char *text, size_t len)
{
    if (notes->count == 0) {
        notes->at = mem_array(NOTES_MAX, sizeof *notes->at);
    }
    notes->mistakes += !warning;
    if (notes->count == NOTES_MAX) {
        static const char more[] = "… and there are more";
        str_copy(notes->at[NOTES_MAX - 1].text, sizeof notes->at->text, more, sizeof more - 1);
        return;
    }
    struct registry_note *note = &notes->at[notes->count++];
    note->warning = warning;
    str_copy(note->text, sizeof note->text, text, len);
}

static void add_notes(struct registry_notes *notes, bool warnings, const struct yaml_mistakes *m)
{
    const char *line = strbuf_text(&m->text);
    for (const char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        add_note(notes, warnings, line, (size_t)(end - line));
    }
    if (m->count >= YAML_MAX_MISTAKES) {
        static const char more[] = "… and there may be more";
        add_note(notes, warnings, more, sizeof more - 1);
    }
}

void registry_notes_fini(struct registry_notes *notes)
{
    free(notes->at);
    *notes = (struct registry_notes){0};
}

/* ---- what a table cannot say ---------------------------------------------------------------- */

struct review {
    const char *file;
    struct yaml_mistakes mistakes;
    struct yaml_mistakes warnings;
};

static bool same_peer(const char *a, const char *b)
{
    struct peer x;
    struct peer y;
    return peer_parse(a, &x, NULL) == 0 && peer_parse(b, &y, NULL) == 0 &&
           peer_compare(&x, &y) == 0;
}

static void review_trusted(struct review *r, const struct queue_file *q)
{
    size_t count = 0;
    for (; count < COUNT(q->trusted) && q->trusted[count] != NULL; count++) {
        for (size_t i = 0; i < count; i++) {
            if (same_peer(q->trusted[i], q->trusted[count])) {
                yaml_mistake(&r->mistakes, r->file, q->trusted_at[count],
                    "trustedPeers: \"%s\": is the same as in line %d", q->trusted[count],
                    q->trusted_at[i].line);
                break;
            }
        }
    }
    if (count == 0 || r->mistakes.count > 0) {
        return; /* is told already; what was wrong was left out */
    }
    if (count < 3) {
        yaml_mistake(&r->warnings, r->file, q->at[FIELD_TRUSTED],
            "warning: trustedPeers: %zu: the queue stops while %s away; with three or more one may "
            "be",
            count, count == 1 ? "it is" : "one of the two is");
    }
}

static void review_queue(struct review *r, const struct queue_file *all, size_t index)
{
    const struct queue_file *q = &all[index];
    for (size_t i = 0; i < index; i++) {
        if (q->name[0] != '\0' && strcmp(all[i].name, q->name) == 0) {
            yaml_mistake(&r->mistakes, r->file, q->at[FIELD_NAME],
                "name: \"%s\": is the name of the queue in line %d too", q->name,
                all[i].at[FIELD_NAME].line);
            break;
        }
    }
    for (size_t i = 0; i < index; i++) {
        if (q->rendezvous[0] != '\0' && strcmp(all[i].rendezvous, q->rendezvous) == 0) {
            yaml_mistake(&r->mistakes, r->file, q->at[FIELD_RENDEZVOUS],
                "rendezvous: \"%s\": is that of the queue in line %d too; each has its own",
                q->rendezvous, all[i].at[FIELD_RENDEZVOUS].line);
            break;
        }
    }
    review_trusted(r, q);
}

static void review_file(struct review *r, const struct registry_file *f)
{
    for (size_t i = 0; i < f->queues.count; i++) {
        review_queue(r, f->queues.items, i);
    }
}

/* ---- the registry --------------------------------------------------------------------------- */

static char *take(char **text)
{
    char *taken = *text != NULL ? *text : mem_strdup("");
    *text = NULL;
    return taken;
}

static void take_queue(struct registry_queue *out, struct queue_file *q)
{
    out->name = mem_strdup(q->name);
    out->desc = take(&q->desc);
    out->url = take(&q->url);
    out->rendezvous = mem_strdup(q->rendezvous);
    out->trusted_only = q->access == ACCESS_TRUSTED;
    out->trusted = mem_array(COUNT(q->trusted), sizeof *out->trusted);
    out->bootstrap = mem_array(COUNT(q->bootstrap), sizeof *out->bootstrap);
    for (size_t i = 0; i < COUNT(q->trusted) && q->trusted[i] != NULL; i++) {
        int rc = peer_parse(q->trusted[i], &out->trusted[out->trusted_count++], NULL);
        assert(rc == 0);
        (void)rc;
    }
    for (size_t i = 0; i < COUNT(q->bootstrap) && q->bootstrap[i] != NULL; i++) {
        out->bootstrap[out->bootstrap_count++] = take(&q->bootstrap[i]);
    }
}

static struct registry *take_registry(struct registry_file *f)
{
    struct registry *r = mem_alloc(sizeof *r);
    if (f->created[0] != '\0') {
        str_to_int(f->created, 0, CREATED_MAX, &r->created_s);
    }
    r->url = take(&f->url);
    r->queues = mem_array(f->queues.count, sizeof *r->queues);
    r->queues_count = f->queues.count;
    for (size_t i = 0; i < r->queues_count; i++) {
        take_queue(&r->queues[i], (struct queue_file *)f->queues.items + i);
    }
    return r;
}

struct registry *registry_parse(
    const char *text, size_t len, const char *file, struct registry_notes *notes)
{
    struct registry_notes ignored = {0};
    struct registry_file f = {0};
    struct review review = {.file = file};
    struct registry *r = NULL;
    notes = notes != NULL ? notes : &ignored;
    yaml_read(file, text, len, &file_table, &f, &review.mistakes);
    review_file(&review, &f);
    add_notes(notes, false, &review.mistakes);
    add_notes(notes, true, &review.warnings);
    if (review.mistakes.count == 0) {
        r = take_registry(&f);
    }
    yaml_mistakes_fini(&review.mistakes);
    yaml_mistakes_fini(&review.warnings);
    file_fini(&f);
    registry_notes_fini(&ignored);
    return r;
}

void registry_free(struct registry *r)
{
    for (size_t i = 0; r != NULL && i < r->queues_count; i++) {
        struct registry_queue *q = &r->queues[i];
        for (size_t k = 0; k < q->bootstrap_count; k++) {
            free(q->bootstrap[k]);
        }
        free(q->bootstrap);
        free(q->trusted);
        free(q->name);
        free(q->desc);
        free(q->url);
        free(q->rendezvous);
    }
    if (r != NULL) {
        free(r->queues);
        free(r->url);
        free(r);
    }
}

const struct registry_queue *registry_find(const struct registry *r, const char *name)
{
    for (size_t i = 0; i < r->queues_count; i++) {
        if (strcmp(r->queues[i].name, name) == 0) {
            return &r->queues[i];
        }
    }
    return NULL;
}
