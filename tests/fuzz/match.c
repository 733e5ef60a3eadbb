/* A foreign name against names: first line the model asked for, the others one candidate each. */
#include "host/core/match.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    MAX_NAMES = 16
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t cut(char *text, char **names)
{
    size_t n = 0;
    for (char *rest = text; n < MAX_NAMES && rest != NULL;) {
        names[n++] = strsep(&rest, "\n");
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *names[MAX_NAMES];
    struct match_candidate list[MAX_NAMES];
    char *text = malloc(size + 1);
    assert(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    size_t n = cut(text, names) - 1;
    size_t same = 0;
    for (size_t i = 0; i < n; i++) {
        list[i] = (struct match_candidate){"", names[i + 1], NULL};
        same += strcasecmp(names[0], names[i + 1]) == 0;
    }
    double score = -1;
    int found = match_model(names[0], list, n, &score);
    assert(found >= -1 && found < (int)n && score >= 0 && score <= 1);
    assert(found < 0 || score >= MATCH_THRESHOLD);
    if (names[0][0] != '\0' && same == 1) {
        assert(found >= 0 && strcasecmp(names[0], names[found + 1]) == 0);
    }
    int words = match_words(names[0], list, n, &score);
    assert(words >= -1 && words < (int)n && (words < 0 || score >= MATCH_THRESHOLD));
    free(text);
    return 0;
}
