#include "host/app/queue/script_file.h"

#include "host/app/queue/condition.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define AT(member)   offsetof(struct script_file, member)

enum {
    KEY_DESCRIPTION,
    KEY_CLEARS_BED,
    KEY_GCODE,
    KEY_LUA
};

static int check_size(const char *body, struct err *e)
{
    size_t len = strlen(body);
    return len <= SCRIPTS_BODY_MAX
               ? 0
               : err_set(e, PP_EINVAL, "%zu bytes are more than %d", len, SCRIPTS_BODY_MAX);
}

int script_body_check(const char *body, struct err *e)
{
    struct script_step *steps = NULL;
    size_t count = 0;
    int rc = check_size(body, e);
    if (rc == 0) {
        rc = script_expand(body, NULL, NULL, &steps, &count, e);
        script_steps_free(steps, count);
    }
    return rc;
}

int condition_body_check(const char *body, struct err *e)
{
    int rc = check_size(body, e);
    return rc == 0 ? condition_check(body, e) : rc;
}

static const struct yaml_field fields[] = {
    [KEY_DESCRIPTION] = {.key = "description",
        .kind = YAML_TEXT,
        .offset = AT(entry.description),
        .size = SCRIPTS_DESCRIPTION_MAX,
        .required = true},
    [KEY_CLEARS_BED] = {.key = "clears_bed", .kind = YAML_BOOL, .offset = AT(entry.clears_bed)},
    [KEY_GCODE] = {.key = "gcode",
        .kind = YAML_TEXT,
        .offset = AT(gcode),
        .size = SCRIPTS_BODY_MAX,
        .check = script_body_check},
    [KEY_LUA] = {.key = "lua",
        .kind = YAML_TEXT,
        .offset = AT(lua),
        .size = SCRIPTS_BODY_MAX,
        .check = condition_body_check},
};

static const struct yaml_table table = {
    .fields = fields, .count = COUNT(fields), .marks = AT(marks)};

static void init(void *item, const char *id, const char *source)
{
    struct script_file *f = item;
    str_copy(f->entry.name, sizeof f->entry.name, id, strlen(id));
    str_copy(f->entry.source, sizeof f->entry.source, source, strlen(source));
    f->entry.shipped = true;
}

static void finish(void *item, const char *source, struct yaml_mistakes *m)
{
    struct script_file *f = item;
    f->condition = f->lua != NULL;
    f->entry.body = f->condition ? f->lua : f->gcode;
    if (f->entry.body == NULL) {
        yaml_mistake(
            m, source, (struct yaml_mark){0}, "needs gcode (a script) or lua (a condition)");
    } else if (f->gcode != NULL && f->condition) {
        yaml_mistake(m, source, f->marks[KEY_LUA],
            "lua: there is gcode too; a script and a condition are two files");
    } else if (f->condition && f->marks[KEY_CLEARS_BED].line > 0) {
        yaml_mistake(m, source, f->marks[KEY_CLEARS_BED],
            "clears_bed: only a script can clear the bed, not a condition");
    }
}

static void fini(void *item)
{
    struct script_file *f = item;
    free(f->entry.description);
    free(f->gcode);
    free(f->lua);
}

const struct shelf_kind script_file_kind = {
    .folder = "scripts",
    .size = sizeof(struct script_file),
    .table = &table,
    .init = init,
    .finish = finish,
    .fini = fini,
};
