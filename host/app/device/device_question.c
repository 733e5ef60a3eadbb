/* Questions to a person: a short list, one of each kind, oldest first.
 *
 * A new question of a kind takes the place of the old one, which then has another id: a late answer
 * answers nothing. Questions of different kinds never hide each other.
 *
 * Failures: an answer to a question that is not open (any more), one that it does not offer, no
 * word about which of several is meant.
 */
#include "host/app/device/device_priv.h"

#include "host/base/clock.h"
#include "host/base/id.h"
#include "host/base/log.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* What an answer does, by the question's kind. */
static const struct {
    const char *kind;
    void (*answered)(struct device *d, size_t answer);
    bool aloud; /* no answer is no yes: who meant to say that the bed is clear would start it */
} kinds[] = {
    {"bed", device_bed_answered, false}, {"identity", device_identity_answered, false},
    {"recover", device_recover_answered, true}, {"unchecked", device_unchecked_answered, false},
    {"prompt", device_prompt_answered, false}, {"wait", device_wait_answered, false},
    {"material", NULL, true}, /* of the queue: device_ask_person() */
    {"file", NULL, true}, {"script", NULL, false}, {"managing", NULL, true},
    {"peer", NULL, true}, /* whose jobs are printed */
};

static_assert(sizeof kinds / sizeof *kinds <= DEVICE_QUESTIONS, "room for one of each kind");

static struct device_question *find(struct device *d, const char *kind)
{
    for (size_t i = 0; i < d->questions; i++) {
        if (strcmp(d->question[i].kind, kind) == 0) {
            return &d->question[i];
        }
    }
    return NULL;
}

bool device_asks(const struct device *d, const char *kind)
{
    return find((struct device *)(uintptr_t)d, kind) != NULL;
}

static void take_out(struct device *d, struct device_question *q)
{
    size_t at = (size_t)(q - d->question);
    memmove(q, q + 1, (d->questions - at - 1) * sizeof *q);
    d->question[--d->questions] = (struct device_question){0};
}

void device_unask(struct device *d, const char *kind)
{
    struct device_question *q = find(d, kind);
    if (q != NULL) {
        take_out(d, q);
        hub_emit(d->hub, HUB_QUESTION, NULL);
    }
}

void device_ask_choice(
    struct device *d, const char *kind, const char *const *answers, size_t count, const char *text)
{
    struct device_question *q = find(d, kind);
    if (q != NULL) {
        take_out(d, q);
    }
    q = &d->question[d->questions++];
    *q = (struct device_question){.asked_ms = clock_wall_ms()};
    id_new(q->id, q->asked_ms);
    snprintf(q->kind, sizeof q->kind, "%s", kind);
    snprintf(q->text, sizeof q->text, "%s", text);
    for (size_t i = 0; i < count && i < DEVICE_ANSWERS; i++) {
        snprintf(q->answers[i], sizeof q->answers[i], "%s", answers[i]);
    }
    log_info("%s (answer with: ppctl confirm)", q->text);
    hub_emit(d->hub, HUB_QUESTION, NULL);
}

void device_ask(struct device *d, const char *kind, const char *fmt, ...)
{
    static const char *const yes_no[] = {"yes", "no"};
    char text[sizeof d->question->text];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    device_ask_choice(d, kind, yes_no, 2, text);
}

/* ---- answers
 * ------------------------------------------------------------------------------------ */

static size_t count_answers(const struct device_question *q)
{
    size_t n = 0;
    while (n < DEVICE_ANSWERS && q->answers[n][0] != '\0') {
        n++;
    }
    return n;
}

static size_t kind_of(const char *kind)
{
    size_t i = 0;
    while (strcmp(kinds[i].kind, kind) != 0) {
        i++;
        assert(i < sizeof kinds / sizeof *kinds);
    }
    return i;
}

void device_person_answered(struct device *d, const char *kind, int answer)
{
    struct device_person *person = &d->person[kind_of(kind)];
    struct device_person told = *person;
    *person = (struct device_person){0};
    if (told.answered != NULL) {
        told.answered(told.context, answer);
    }
}

void device_ask_person(struct device *d, const char *kind, const char *const *answers,
    const char *text, void (*answered)(void *context, int answer), void *context)
{
    static const char *const yes_no[] = {"yes", "no", NULL};
    const char *const *offered = answers != NULL ? answers : yes_no;
    size_t count = 0;
    while (offered[count] != NULL) {
        count++;
    }
    device_person_answered(d, kind, -1);
    d->person[kind_of(kind)] = (struct device_person){.answered = answered, .context = context};
    device_ask_choice(d, kind, offered, count, text);
}

/* Which of the answers is meant, -1 none. Without a word: yes, or the only one there is. */
static int find_answer(const struct device_question *q, const char *answer)
{
    size_t n = count_answers(q);
    if (answer[0] == '\0' && kinds[kind_of(q->kind)].aloud) {
        return -1;
    }
    if (answer[0] == '\0') {
        return n == 1 || strcmp(q->answers[0], "yes") == 0 ? 0 : -1;
    }
    for (size_t i = 0; i < n; i++) {
        if (strcasecmp(q->answers[i], answer) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static int refuse_answer(const struct device_question *q, const char *answer, struct err *e)
{
    char known[DEVICE_ANSWERS * (sizeof q->answers[0] + 4)];
    size_t len = 0;
    known[0] = '\0';
    for (size_t i = 0; i < count_answers(q); i++) {
        len += (size_t)snprintf(
            known + len, sizeof known - len, "%s\"%s\"", i > 0 ? ", " : "", q->answers[i]);
    }
    return err_field(e, PP_EINVAL, "answer", "answer \"%.40s\": must be one of %s", answer, known);
}

/* The question meant: by its id, or the only one. */
static int choose(struct device *d, const char *id, struct device_question **out, struct err *e)
{
    for (size_t i = 0; i < d->questions; i++) {
        if (strcmp(d->question[i].id, id) == 0 || (id[0] == '\0' && d->questions == 1)) {
            *out = &d->question[i];
            return 0;
        }
    }
    if (id[0] != '\0') {
        return err_field(e, PP_ENOTFOUND, "id", "question \"%s\" is not open (any more)", id);
    }
    return err_field(
        e, PP_ESTATE, "id", "%zu questions are open: name the one that is answered", d->questions);
}

int device_confirm(struct device *d, const char *id, const char *answer, struct err *e)
{
    struct device_question *q = NULL;
    bool gate = device_asks(d, "bed") || device_asks(d, "identity");
    if (id[0] == '\0' && (d->questions == 0 || (!gate && strcmp(answer, "clear") == 0))) {
        return device_declare_clear(d, answer, e);
    }
    int rc = choose(d, id, &q, e);
    if (rc < 0) {
        return rc;
    }
    int chosen = find_answer(q, answer);
    if (chosen < 0) {
        return refuse_answer(q, answer, e);
    }
    char kind[sizeof q->kind];
    memcpy(kind, q->kind, sizeof kind);
    take_out(d, q);
    hub_emit(d->hub, HUB_QUESTION, NULL);
    size_t known = kind_of(kind);
    if (kinds[known].answered != NULL) {
        kinds[known].answered(d, (size_t)chosen);
    } else {
        device_person_answered(d, kind, chosen);
    }
    return 0;
}
