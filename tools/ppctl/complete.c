/* Shell completion, from the table of commands; jobs are asked of the host. */
#include "tools/ppctl/ppctl.h"

#include "host/base/mem.h"
#include "tools/ppctl/text.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_SHOWN         6
#define ANSWER_WITHIN_MS 300

static void offer(const char *candidate, const char *typed)
{
    if (strncmp(candidate, typed, strlen(typed)) == 0) {
        puts(candidate);
    }
}

static void offer_list(const char *const *list, size_t count, const char *typed)
{
    for (size_t i = 0; i < count; i++) {
        offer(list[i], typed);
    }
}

static void offer_hosts(const char *typed)
{
    struct hosts h = {0};
    hosts_find(&h);
    for (size_t i = 0; i < h.count; i++) {
        offer(h.host[i].name, typed);
    }
    hosts_fini(&h);
}

static void offer_commands(const char *typed)
{
    for (size_t i = 0; command_at(i) != NULL; i++) {
        offer(command_at(i)->name, typed);
    }
}

/* True if the value of an option of the command, or of all, comes after this word. */
static bool takes_value(const struct command *about, const char *word)
{
    for (const struct command_option *o = about->option; o->name != NULL; o++) {
        if (strcmp(o->name, word) == 0) {
            return o->value != NULL;
        }
    }
    return strcmp(word, "-H") == 0 || strcmp(word, "--host") == 0 ||
           strcmp(word, "--key-file") == 0;
}

/* Operands of the command before the word being typed. */
static size_t operands_before(const struct command *about, char **words, int count)
{
    size_t n = 0;
    bool after = false;
    for (int i = 0; i + 1 < count; i++) {
        if (takes_value(about, words[i])) {
            i++;
        } else if (words[i][0] != '-') {
            n += after;
            after = true;
        }
    }
    return n;
}

/* ---- jobs --------------------------------------------------------------------------------------
 */

/* No character of it means anything to a shell. */
static bool is_plain(const char *name)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+/@-";
    return name[0] != '\0' && name[0] != '-' && strspn(name, plain) == strlen(name);
}

/* As lists show it. */
static const char *shown_name(const json_t *job)
{
    const char *name = field_text(job, "name");
    const json_t *first = json_array_get(field_node(job, "sets"), 0);
    return name[0] != '\0' ? name : field_text(first, "path");
}

static bool is_only_one(const json_t *jobs, const char *name)
{
    size_t i;
    size_t found = 0;
    json_t *job;
    json_array_foreach(jobs, i, job)
    {
        found += strcmp(shown_name(job), name) == 0;
    }
    return found == 1;
}

/* By name where that is enough; ids only where there is no such name, or when one is typed. */
static void offer_each_job(const json_t *jobs, const char *typed)
{
    size_t i;
    json_t *job;
    json_array_foreach(jobs, i, job)
    {
        const char *name = shown_name(job);
        const char *id = field_text(job, "id");
        size_t len = strlen(id);
        bool named = is_plain(name) && is_only_one(jobs, name);
        id += len > ID_SHOWN ? len - ID_SHOWN : 0;
        if (named) {
            offer(name, typed);
        }
        if (is_plain(id) && (!named || typed[0] != '\0')) {
            offer(id, typed);
        }
    }
}

/* The hosts that the words on the command line mean; as `ppctl jobs` takes them. */
static bool choose_host(struct ppctl *c, char **words, int count)
{
    char *args[8] = {"ppctl"};
    int n = 1;
    struct err e;
    for (int i = 0; i + 2 < count && n < 5; i++) {
        if (strcmp(words[i], "-H") == 0 || strcmp(words[i], "--host") == 0 ||
            strcmp(words[i], "--key-file") == 0) {
            args[n++] = words[i];
            args[n++] = words[++i];
        }
    }
    args[n++] = "jobs";
    return options_parse(c, n, args, &e) == 0 && target_choose(c) == PPCTL_DONE && c->count == 1;
}

typedef void offer_from(const json_t *list, const char *typed);

/* Whoever types does not wait: a host that takes longer offers nothing. */
static void offer_of_host(const char *path, const char *member, offer_from *each, char **words,
    int count, const char *typed)
{
    struct ppctl *c = mem_alloc(sizeof *c);
    if (choose_host(c, words, count)) {
        struct answer a;
        struct request r = {.method = "GET", .path = path, .timeout_ms = ANSWER_WITHIN_MS};
        if (client_call(c->chosen[0], &r, &a) == 0) {
            each(field_node(a.doc, member), typed);
        }
        answer_fini(&a);
    }
    hosts_fini(&c->hosts);
    sodium_memzero(c, sizeof *c);
    free(c);
}

static void offer_each_queue(const json_t *queues, const char *typed)
{
    size_t i;
    json_t *queue;
    json_array_foreach(queues, i, queue)
    {
        if (is_plain(field_text(queue, "name"))) {
            offer(field_text(queue, "name"), typed);
        }
    }
}

static void offer_queues(char **words, int count, const char *typed)
{
    offer_of_host("/api/v1/queues", "queues", offer_each_queue, words, count, typed);
}

/* Commands whose operand of this number is a queue's name. */
static bool wants_queue(const struct command *about, size_t operands)
{
    static const struct {
        const char *command;
        size_t operand;
    } rows[] = {{"peers", 0}, {"queue", 1}, {"move", 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].command, about->name) == 0 && rows[i].operand == operands) {
            return true;
        }
    }
    return false;
}

static void offer_jobs(const char *queue, char **words, int count, const char *typed)
{
    char path[80];
    snprintf(path, sizeof path, "/api/v1/jobs?queue=%s&limit=200", queue);
    offer_of_host(path, "jobs", offer_each_job, words, count, typed);
}

/* ":jobs" and ":archive" are jobs of the host, for the first operand, or all where nothing follows
 * them. True if that is all there is to offer. */
static bool offered_jobs(const struct command *about, char **words, int count, const char *typed)
{
    const char *offers = about->offers != NULL ? about->offers : "";
    size_t len = strcspn(offers, " ");
    bool archive = strncmp(offers, ":archive", len) == 0 && len == 8;
    bool queue = strncmp(offers, ":jobs", len) == 0 && len == 5;
    bool many = about->most == COMMAND_OPERANDS;
    if (!archive && !queue) {
        return false;
    }
    if (!many && operands_before(about, words, count) > 0) {
        return false;
    }
    offer_jobs(archive ? "archive" : "local", words, count, typed);
    return true;
}

/* What the operands of a command may be; ":files" lets the shell offer files. */
static void offer_operand(const struct command *about, char **words, int count, const char *typed)
{
    const char *offers = about->offers != NULL ? about->offers : "";
    if (strcmp(about->name, "help") == 0) {
        offer_commands(typed);
    }
    if (wants_queue(about, operands_before(about, words, count))) {
        offer_queues(words, count, typed);
        return;
    }
    if (offered_jobs(about, words, count, typed)) {
        return;
    }
    while (*offers != '\0') {
        char word[48];
        size_t len = strcspn(offers, " ");
        str_copy(word, sizeof word, offers, len);
        if (word[0] != ':') {
            offer(word, typed);
        } else if (strcmp(word, ":files") == 0) {
            puts(word);
        }
        offers += len + (offers[len] == ' ');
    }
}

static void offer_options(const struct command *about, const char *typed)
{
    static const char *const global[] = {"-H", "--json", "--key-file", "--help"};
    offer_list(global, sizeof global / sizeof *global, typed);
    for (size_t i = 0; about != NULL && about->option[i].name != NULL; i++) {
        offer(about->option[i].name, typed);
    }
    if (about == NULL) {
        offer("--version", typed);
    }
}

/* The command among the words before the one being typed; NULL if there is none yet. */
static const struct command *command_in(char **words, int count)
{
    for (int i = 0; i + 1 < count; i++) {
        if (strcmp(words[i], "-H") == 0 || strcmp(words[i], "--host") == 0 ||
            strcmp(words[i], "--key-file") == 0) {
            i++;
        } else if (words[i][0] != '-') {
            return command_find(words[i]);
        }
    }
    return NULL;
}

int complete(char **words, int count)
{
    static const char *const scopes[] = {"read", "print", "admin"};
    const char *typed = count > 0 ? words[count - 1] : "";
    const char *before = count > 1 ? words[count - 2] : "";
    const struct command *about = command_in(words, count);
    if (strcmp(before, "-H") == 0 || strcmp(before, "--host") == 0) {
        offer_hosts(typed);
    } else if (strcmp(before, "--key-file") == 0) {
        puts(":files");
    } else if (strcmp(before, "--scope") == 0) {
        offer_list(scopes, sizeof scopes / sizeof *scopes, typed);
    } else if (strcmp(before, "--queue") == 0) {
        offer_queues(words, count, typed);
    } else if (typed[0] == '-') {
        offer_options(about, typed);
    } else if (about == NULL) {
        offer_commands(typed);
    } else {
        offer_operand(about, words, count, typed);
    }
    return PPCTL_DONE;
}
