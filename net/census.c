#include "net/census.h"

#include <math.h>
#include <string.h>

#define Z95     1.96 /* 95 % of a normal distribution lie within so many deviations */
#define CHANGED 4.0  /* a poll so many deviations off: there are others now */

void census_init(struct census *c)
{
    *c = (struct census){.probability = 1, .result = {.exact = true, .peers = 1, 1, 1}};
}

double census_probability(uint64_t expected)
{
    return expected > CENSUS_TARGET ? (double)CENSUS_TARGET / (double)expected : 1;
}

bool census_answers(double probability, double draw)
{
    return draw < probability;
}

static uint64_t rounded(double value)
{
    return value > 0 ? (uint64_t)llround(value) : 0;
}

static struct census_result make_result(double estimate, double deviation, uint64_t least)
{
    struct census_result r = {.peers = rounded(estimate) + 1,
        .low = rounded(floor(estimate - Z95 * deviation)) + 1,
        .high = rounded(ceil(estimate + Z95 * deviation)) + 1};
    r.low = r.low > least + 1 ? r.low : least + 1;
    r.exact = deviation <= 0;
    return r;
}

/* Of the last `count` polls together. */
static struct census_result combine(const struct census_poll *polls, size_t count)
{
    double answers = 0;
    double asked = 0;
    double spread = 0;
    uint64_t least = 0;
    for (size_t i = 0; i < count; i++) {
        double p = polls[i].probability;
        answers += (double)polls[i].answers;
        asked += p;
        spread += p * (1 - p);
        least = polls[i].answers > least ? polls[i].answers : least;
    }
    double estimate = answers / asked;
    return make_result(estimate, sqrt(estimate * spread) / asked, least);
}

struct census_result census_estimate(uint64_t answers, double probability)
{
    struct census_poll poll = {answers, probability};
    return combine(&poll, 1);
}

/* Is the latest poll far from what those before say? */
static bool has_changed(const struct census *c)
{
    const struct census_poll *last = &c->polls[0];
    if (c->polls_count < 2) {
        return false;
    }
    struct census_result before = combine(c->polls + 1, c->polls_count - 1);
    double expected = (double)(before.peers - 1) * last->probability;
    double variance = expected * (1 - last->probability) + 1;
    return fabs((double)last->answers - expected) > CHANGED * sqrt(variance);
}

static void close_poll(struct census *c)
{
    size_t keep = c->polls_count < CENSUS_POLLS ? c->polls_count : CENSUS_POLLS - 1;
    memmove(c->polls + 1, c->polls, keep * sizeof *c->polls);
    c->polls[0] = (struct census_poll){c->answers, c->probability};
    c->polls_count = keep + 1;
    if (has_changed(c)) {
        c->polls_count = 1;
    }
    c->result = combine(c->polls, c->polls_count);
    c->open_until_ms = 0;
}

/* What was asked before says nothing for the next time. */
static void forget(struct census *c)
{
    c->open_until_ms = 0;
    c->next_ms = 0;
    c->polls_count = 0;
}

static void open_poll(struct census *c, uint64_t now_ms, size_t linked)
{
    uint64_t known = c->polls_count > 0 ? c->result.peers - 1 : 0;
    c->probability = census_probability(linked > known ? linked : known);
    c->answers = 0;
    c->poll++;
    c->open_until_ms = now_ms + CENSUS_WINDOW_MS;
    c->next_ms = now_ms + CENSUS_EVERY_MS;
}

bool census_step(struct census *c, uint64_t now_ms, size_t linked, bool leader)
{
    bool countable = linked < CENSUS_EXACT_MAX;
    if (countable) {
        c->result = (struct census_result){true, linked + 1, linked + 1, linked + 1};
    }
    if (!leader || countable) {
        forget(c);
        return false;
    }
    if (c->open_until_ms > now_ms) {
        return false;
    }
    if (c->open_until_ms != 0) {
        close_poll(c);
    }
    if (now_ms < c->next_ms) {
        return false;
    }
    open_poll(c, now_ms, linked);
    return true;
}

void census_answer(struct census *c, uint64_t poll)
{
    c->answers += c->open_until_ms != 0 && poll == c->poll;
}
