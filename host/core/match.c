#include "host/core/match.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

enum {
    MAX_WORDS = 20, /* a longer name is only met by itself */
    MAX_WORD = 24   /* with its end */
};

enum word_kind {
    WORD_MODEL,
    WORD_MAKER,
    WORD_NOISE
};

static const double weights[] = {[WORD_MODEL] = 1, [WORD_MAKER] = 0.5, [WORD_NOISE] = 0.4};

/* Written together; in names they may be two or three words. Row number + 1 is the maker; an entry
 * that begins with '=' is another spelling of the one before. */
static const char *const makers[] = {"anet", "anker", "=ankermake", "anycubic", "artillery",
    "=evnovo", "atom", "bambu", "=bambulab", "bibo", "biqu", "=bigtreetech", "bq", "cocoapress",
    "creality", "cubicon", "dagoma", "deltamaker", "elegoo", "eryone", "flashforge", "flsun",
    "folgertech", "formbot", "fysetc", "geeetech", "=geeetec", "gridbot", "imade", "jgaurora",
    "kingroon", "kywoo", "leapfrog", "longer", "lulzbot", "=alephobjects", "makerbot", "makergear",
    "malyan", "mingda", "monoprice", "=mp", "prusa", "=prusaresearch", "qidi", "=qiditech", "raise",
    "ratrig", "sainsmart", "snapmaker", "sovol", "sunlu", "tevo", "tronxy", "twotrees", "typea",
    "=typeamachines", "ulio", "ultimaker", "voron", "=vorondesign", "voxelab", "vzbot", "wanhao",
    "weedo", "xyz", "=xyzprinting", "zonestar"};

/* Say nothing of the model: nozzles, materials, how it is to be printed, what people add. */
static const char *const noise[] = {"abs", "asa", "default", "draft", "fdm", "fff", "fine", "for",
    "hips", "mm", "modified", "my", "nozzle", "nzl", "pet", "petg", "pla", "printer", "profile",
    "pva", "quality", "settings", "test", "the", "tpu", "with"};

/* Many makers have one of these: alone they name no model. */
static const char *const variants[] = {"combo", "delta", "dual", "kit", "lite", "mega", "mini",
    "nano", "neo", "original", "plus", "smart", "turbo", "ultra", "zero"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

struct word {
    char text[MAX_WORD];
    bool digits;
    char gap; /* between it and the word before: 0 nothing, '.' a point, ' ' anything else */
    enum word_kind kind;
    uint8_t maker; /* WORD_MAKER: row + 1 */
};

struct words {
    struct word word[MAX_WORDS];
    size_t count;
    bool whole; /* all of the name is in it */
};

/* The words that tell models apart, as one text: letters that follow each other are one word
 * however they were cut ("Mega S", "MEGAS"), numbers are not ("2.5", "25"). */
struct meaning {
    char model[MAX_WORDS * MAX_WORD];
    uint64_t makers[2]; /* bits */
    double weight;      /* of all words */
    double model_weight;
    bool telling; /* a word that is long enough to belong to one maker */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool listed(const char *text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, list[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- cutting -------------------------------------------------------------------------------- */

/* One word from `at` on; false if it does not fit. */
static bool take_word(struct words *w, const char **at, char gap)
{
    if (w->count == MAX_WORDS) {
        return false;
    }
    struct word *word = &w->word[w->count++];
    *word = (struct word){.digits = is_digit(**at), .gap = gap};
    if (**at == '+') {
        memcpy(word->text, "plus", 5);
        ++*at;
        return true;
    }
    size_t n = 0;
    while (word->digits ? is_digit(**at) : is_letter(**at)) {
        if (n + 1 == sizeof word->text) {
            return false;
        }
        word->text[n++] = lower(*(*at)++);
    }
    return true;
}

static void cut(const char *name, struct words *w)
{
    char gap = ' ';
    w->count = 0;
    w->whole = true;
    while (*name != '\0' && w->whole) {
        if (is_digit(*name) || is_letter(*name) || *name == '+') {
            w->whole = take_word(w, &name, gap);
            gap = '\0';
        } else {
            gap = gap == '\0' && *name == '.' ? '.' : ' ';
            name++;
        }
    }
}

/* ---- kinds of words ------------------------------------------------------------------------- */

static uint8_t maker_of(const char *text)
{
    uint8_t row = 0;
    for (size_t i = 0; i < COUNT(makers); i++) {
        bool other_spelling = makers[i][0] == '=';
        row = other_spelling ? row : (uint8_t)(i + 1);
        const char *maker = makers[i] + other_spelling;
        if (text[0] == maker[0] && strcmp(text, maker) == 0) {
            return row;
        }
    }
    return 0;
}

/* A maker's name in up to three words from `i` on; 0 = none. */
static size_t find_maker(const struct words *w, size_t i, uint8_t *maker)
{
    size_t found = 0;
    size_t used = 0;
    char text[3 * MAX_WORD] = "";
    for (size_t n = 0; n < 3 && i + n < w->count && !w->word[i + n].digits; n++) {
        size_t len = strlen(w->word[i + n].text);
        memcpy(text + used, w->word[i + n].text, len + 1);
        used += len;
        uint8_t row = maker_of(text);
        if (row != 0) {
            *maker = row;
            found = n + 1;
        }
    }
    return found;
}

static void mark_makers(struct words *w)
{
    for (size_t i = 0; i < w->count; i++) {
        uint8_t maker = 0;
        size_t n = find_maker(w, i, &maker);
        for (size_t k = 0; k < n; k++) {
            w->word[i + k].kind = WORD_MAKER;
            w->word[i + k].maker = maker;
        }
        i += n > 0 ? n - 1 : 0;
    }
}

static bool is(const struct words *w, size_t i, const char *text)
{
    return i < w->count && strcmp(w->word[i].text, text) == 0;
}

/* "3D" at the end of what is written together, "0.4", and "Original" before "Prusa". */
static void mark_pairs(struct words *w)
{
    for (size_t i = 0; i + 1 < w->count; i++) {
        struct word *a = &w->word[i];
        struct word *b = &w->word[i + 1];
        bool ends = i + 2 == w->count || w->word[i + 2].gap != '\0';
        bool is_3d = is(w, i, "3") && is(w, i + 1, "d") && b->gap == '\0' && ends;
        bool is_fraction = is(w, i, "0") && a->gap != '.' && b->digits && b->gap == '.';
        if (is_3d || is_fraction) {
            a->kind = b->kind = WORD_NOISE;
        } else if (is(w, i, "original") && is(w, i + 1, "prusa")) {
            a->kind = WORD_NOISE;
        }
    }
}

static void mark(struct words *w)
{
    mark_makers(w);
    mark_pairs(w);
    for (size_t i = 0; i < w->count; i++) {
        if (listed(w->word[i].text, noise, COUNT(noise))) {
            w->word[i].kind = WORD_NOISE;
        }
    }
}

/* ---- comparing ------------------------------------------------------------------------------ */

static void add_model_word(struct meaning *m, const struct word *word, bool after_digits)
{
    size_t used = strlen(m->model); /* each word and a point fit */
    size_t len = strlen(word->text);
    if (after_digits && word->digits) {
        m->model[used++] = '.';
    }
    memcpy(m->model + used, word->text, len + 1);
    m->model_weight += weights[WORD_MODEL];
    m->telling =
        m->telling || (!word->digits && len >= 4 && !listed(word->text, variants, COUNT(variants)));
}

/* False if the name has more words than are looked at, or none that tells a model. */
static bool understand(const char *name, struct meaning *m)
{
    struct words w;
    bool after_digits = false;
    *m = (struct meaning){.weight = 0};
    cut(name, &w);
    mark(&w);
    for (size_t i = 0; i < w.count; i++) {
        const struct word *word = &w.word[i];
        m->weight += weights[word->kind];
        if (word->kind == WORD_MODEL) {
            add_model_word(m, word, after_digits);
            after_digits = word->digits;
        } else if (word->kind == WORD_MAKER) {
            m->makers[word->maker / 64] |= UINT64_C(1) << word->maker % 64;
        }
    }
    return w.whole && m->model[0] != '\0';
}

/* Names of a candidate: 0 is its name, then its models; NULL past the last. */
static const char *name_of(const struct match_candidate *c, size_t index)
{
    if (index == 0) {
        return c->name;
    }
    return c->models != NULL ? c->models[index - 1] : NULL;
}

static void add_makers(const struct match_candidate *c, uint64_t out[2])
{
    struct meaning m;
    const char *name = NULL;
    for (size_t i = 0; (name = name_of(c, i)) != NULL; i++) {
        understand(name, &m);
        out[0] |= m.makers[0];
        out[1] |= m.makers[1];
    }
}

/* Every maker that is named must be one of the candidate's; without any, a word must tell. */
static bool makers_fit(const struct meaning *wanted, const struct match_candidate *c)
{
    uint64_t of_candidate[2] = {0, 0};
    if ((wanted->makers[0] | wanted->makers[1]) == 0) {
        return wanted->telling;
    }
    add_makers(c, of_candidate);
    return (wanted->makers[0] & ~of_candidate[0]) == 0 &&
           (wanted->makers[1] & ~of_candidate[1]) == 0;
}

/* The share of words that agree, by weight, of the candidate's name that agrees best; 0 if a word
 * that tells models apart does not. */
static double score_of(const struct meaning *wanted, const struct match_candidate *c)
{
    double best = 0;
    const char *name = NULL;
    for (size_t i = 0; (name = name_of(c, i)) != NULL; i++) {
        struct meaning m;
        if (!understand(name, &m) || strcmp(m.model, wanted->model) != 0) {
            continue;
        }
        bool same_maker =
            (m.makers[0] & wanted->makers[0]) != 0 || (m.makers[1] & wanted->makers[1]) != 0;
        double common = m.model_weight + wanted->model_weight;
        common += same_maker ? 2 * weights[WORD_MAKER] : 0;
        double score = common / (m.weight + wanted->weight);
        best = score > best ? score : best;
    }
    best = best < 1 ? best : 1;
    return best > 0 && makers_fit(wanted, c) ? best : 0;
}

static bool is_exact(const char *model, const struct match_candidate *c)
{
    const char *name = NULL;
    if (strcasecmp(model, c->id) == 0) {
        return true;
    }
    for (size_t i = 0; (name = name_of(c, i)) != NULL; i++) {
        if (strcasecmp(model, name) == 0) {
            return true;
        }
    }
    return false;
}

/* *several: more than one has exactly this name. */
static int find_exact(
    const char *model, const struct match_candidate *candidates, size_t count, bool *several)
{
    int found = -1;
    *several = false;
    for (size_t i = 0; i < count; i++) {
        if (is_exact(model, &candidates[i])) {
            *several = found >= 0;
            found = (int)i;
        }
        if (*several) {
            return -1;
        }
    }
    return found;
}

int match_words(
    const char *model, const struct match_candidate *candidates, size_t count, double *score)
{
    struct meaning wanted;
    double best = 0;
    double second = 0;
    int found = -1;
    bool understood = understand(model, &wanted);
    for (size_t i = 0; understood && i < count; i++) {
        double s = score_of(&wanted, &candidates[i]);
        if (s > best) {
            second = best;
            best = s;
            found = (int)i;
        } else if (s > second) {
            second = s;
        }
    }
    if (score != NULL) {
        *score = best;
    }
    return best >= MATCH_THRESHOLD && best - second >= MATCH_MARGIN ? found : -1;
}

int match_model(
    const char *model, const struct match_candidate *candidates, size_t count, double *score)
{
    bool several = false;
    int found = find_exact(model, candidates, count, &several);
    if (found < 0 && !several) {
        return match_words(model, candidates, count, score);
    }
    if (score != NULL) {
        *score = 1;
    }
    return found;
}
