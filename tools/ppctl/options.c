/* The command line: global options anywhere, one command, its options and operands by its row. */
#include "tools/ppctl/ppctl.h"

#include <string.h>

struct cursor {
    int argc;
    char **argv;
    int at;
    bool literal; /* past "--" */
};

/* `quoted` foreign text for a message. */
static const char *shown(char out[static 64], const char *text)
{
    return str_escape(out, 64, text, strlen(text));
}

/* True if `word` is `name`, or "NAME=VALUE" for a long option; *value gets what follows the '='. */
static bool is_option(const char *word, const char *name, const char **value)
{
    size_t len = strlen(name);
    *value = NULL;
    if (strncmp(word, name, len) != 0) {
        return false;
    }
    if (word[len] == '=' && name[1] == '-') {
        *value = word + len + 1;
        return true;
    }
    return word[len] == '\0';
}

static int take_value(struct cursor *in, const char *name, const char **value, struct err *e)
{
    if (*value != NULL) {
        return 0;
    }
    if (in->at + 1 >= in->argc) {
        return err_set(e, PP_EINVAL, "%s needs a value", name);
    }
    *value = in->argv[++in->at];
    return 0;
}

/* Is it one of the command's own? */
static bool has_option(const struct ppctl *c, const char *name)
{
    for (size_t i = 0; c->command != NULL && c->command->option[i].name != NULL; i++) {
        if (strcmp(c->command->option[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* 1 if the word was a global option, 0 if not, -PP_EINVAL. */
static int global_option(struct ppctl *c, struct cursor *in, struct err *e)
{
    const char *word = in->argv[in->at];
    const char *value;
    if (is_option(word, "--json", &value) && value == NULL) {
        c->json = true;
        return 1;
    }
    if (is_option(word, "-H", &value) || is_option(word, "--host", &value)) {
        int rc = take_value(in, "-H", &value, e);
        c->target = value;
        return rc == 0 ? 1 : rc;
    }
    if (is_option(word, "--key-file", &value)) {
        int rc = take_value(in, "--key-file", &value, e);
        c->key_file = value;
        return rc == 0 ? 1 : rc;
    }
    if (is_option(word, "--key", &value) && !has_option(c, "--key")) {
        return err_set(e, PP_EINVAL,
            "--key: other users can see keys on a command line: use --key-file FILE or PPCTL_KEY");
    }
    return 0;
}

static int unknown_option(const struct ppctl *c, const char *word, struct err *e)
{
    char quoted[64];
    const char *names[COMMAND_OPTIONS + 3] = {"--json", "--host", "--key-file"};
    size_t count = 3;
    for (size_t i = 0; c->command != NULL && c->command->option[i].name != NULL; i++) {
        names[count++] = c->command->option[i].name;
    }
    const char *near = str_suggest(word, names, count);
    shown(quoted, word);
    if (near != NULL) {
        return err_set(e, PP_EINVAL, "unknown option \"%s\": did you mean %s?", quoted, near);
    }
    return err_set(e, PP_EINVAL, "unknown option \"%s\"; ppctl help%s%s tells more", quoted,
        c->command != NULL ? " " : "", c->command != NULL ? c->command->name : "");
}

static int give(struct ppctl *c, const struct command_option *o, const char *value, struct err *e)
{
    if (c->givens == COMMAND_GIVEN) {
        return err_set(e, PP_EINVAL, "%s: at most %d options", o->name, COMMAND_GIVEN);
    }
    c->given[c->givens++] = (struct given){o, value};
    return 0;
}

static int command_option(struct ppctl *c, struct cursor *in, struct err *e)
{
    const char *word = in->argv[in->at];
    const char *value;
    for (size_t i = 0; c->command != NULL && c->command->option[i].name != NULL; i++) {
        const struct command_option *o = &c->command->option[i];
        if (!is_option(word, o->name, &value)) {
            continue;
        }
        if (o->value == NULL && value != NULL) {
            return err_set(e, PP_EINVAL, "%s takes no value", o->name);
        }
        int rc = o->value != NULL ? take_value(in, o->name, &value, e) : 0;
        return rc == 0 ? give(c, o, o->value != NULL ? value : "", e) : rc;
    }
    return unknown_option(c, word, e);
}

static int take_command(struct ppctl *c, const char *word, struct err *e)
{
    char quoted[64];
    c->command = command_find(word);
    if (c->command != NULL) {
        return 0;
    }
    const char *near = command_suggest(word);
    shown(quoted, word);
    if (near != NULL) {
        return err_set(e, PP_EINVAL, "unknown command \"%s\": did you mean \"%s\"?", quoted, near);
    }
    return err_set(e, PP_EINVAL, "unknown command \"%s\": ppctl help lists them", quoted);
}

static int take_operand(struct ppctl *c, const char *word, struct err *e)
{
    char quoted[64];
    if (c->command == NULL) {
        return take_command(c, word, e);
    }
    if (c->operands >= c->command->most) {
        err_set(e, PP_EINVAL, "\"%s\" is one argument too many", shown(quoted, word));
        usage_hint(c->command, e);
        return -e->code;
    }
    c->operand[c->operands++] = word;
    return 0;
}

static int take_word(struct ppctl *c, struct cursor *in, struct err *e)
{
    const char *word = in->argv[in->at];
    if (!in->literal && strcmp(word, "--") == 0) {
        in->literal = true;
        return 0;
    }
    if (in->literal || word[0] != '-' || word[1] == '\0') {
        return take_operand(c, word, e);
    }
    int rc = global_option(c, in, e);
    if (rc != 0) {
        return rc < 0 ? rc : 0;
    }
    if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
        /* "ppctl print --help" is "ppctl help print" */
        c->operands = 0;
        c->operand[0] = c->command != NULL ? c->command->name : NULL;
        c->operands = c->command != NULL ? 1 : 0;
        c->command = command_find("help");
        in->at = in->argc;
        return 0;
    }
    return command_option(c, in, e);
}

int options_parse(struct ppctl *c, int argc, char **argv, struct err *e)
{
    struct cursor in = {.argc = argc, .argv = argv};
    for (in.at = 1; in.at < argc; in.at++) {
        int rc = take_word(c, &in, e);
        if (rc != 0) {
            return rc;
        }
    }
    if (c->command == NULL) {
        return err_set(e, PP_EINVAL, "no command given: ppctl help lists them");
    }
    if (c->operands < c->command->least) {
        err_set(e, PP_EINVAL, "%s: an argument is missing", c->command->name);
        usage_hint(c->command, e);
        return -e->code;
    }
    return 0;
}

const char *option_value(const struct ppctl *c, const char *name)
{
    const char *value = NULL;
    const char *next;
    for (size_t at = 0; (next = option_next(c, name, &at)) != NULL;) {
        value = next;
    }
    return value;
}

const char *option_next(const struct ppctl *c, const char *name, size_t *at)
{
    while (*at < c->givens) {
        const struct given *g = &c->given[(*at)++];
        if (strcmp(g->option->name, name) == 0) {
            return g->value;
        }
    }
    return NULL;
}
