/* Names across programs: profiles there and back, folders. */
#include "host/app/queue/package_priv.h"

#include "host/base/file.h"
#include "host/base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER_NAME_BYTES 80

/* ---- profiles
 * ------------------------------------------------------------------------------------ */

static const struct profile *meant(const struct profiles *profiles, const char *word)
{
    const struct profile *one = profiles_find(profiles, word);
    if (one != NULL) {
        return one;
    }
    for (size_t i = 0; (one = profiles_at(profiles, i)) != NULL; i++) {
        if (strcmp(one->name, word) == 0) {
            return one;
        }
    }
    return profiles_match(profiles, word);
}

static bool is_before(char *const *list, size_t end, const char *word)
{
    for (size_t i = 0; i < end; i++) {
        if (strcmp(list[i], word) == 0) {
            return true;
        }
    }
    return false;
}

static void tell_unknown(struct strbuf *notice, const char *word)
{
    char quoted[QUEUE_WORD_MAX + 3];
    snprintf(quoted, sizeof quoted, "\"%s\"", word);
    if (strstr(strbuf_text(notice), quoted) != NULL) {
        return;
    }
    strbuf_puts(notice, notice->len == 0 ? "profiles that are not known here: " : ", ");
    strbuf_puts(notice, quoted);
}

static void take_profiles(const struct profiles *profiles, char **list, struct strbuf *notice)
{
    size_t count = 0;
    for (size_t i = 0; list[i] != NULL; i++) {
        const struct profile *one = meant(profiles, list[i]);
        char *word = mem_strdup(one != NULL ? one->id : list[i]);
        free(list[i]);
        list[i] = NULL;
        if (is_before(list, count, word)) {
            free(word);
            continue;
        }
        if (one == NULL) {
            tell_unknown(notice, word);
        }
        list[count++] = word;
    }
}

void package_take_profiles(
    const struct profiles *profiles, struct queue_job *job, struct strbuf *notice)
{
    for (size_t i = 0; profiles != NULL && i < job->sets_count; i++) {
        if (job->sets[i].profiles != NULL) {
            take_profiles(profiles, job->sets[i].profiles, notice);
        }
    }
}

void package_give_profiles(const struct profiles *profiles, struct queue_job *job)
{
    for (size_t i = 0; profiles != NULL && i < job->sets_count; i++) {
        char **list = job->sets[i].profiles;
        for (size_t k = 0; list != NULL && list[k] != NULL; k++) {
            const struct profile *one = profiles_find(profiles, list[k]);
            if (one != NULL) {
                free(list[k]);
                list[k] = mem_strdup(one->name);
            }
        }
    }
}

/* ---- folders
 * ------------------------------------------------------------------------------------- */

static bool is_unfit(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f || strchr("/\\\"", c) != NULL;
}

void package_folder(const char *name, char *out, size_t out_size)
{
    char part[FOLDER_NAME_BYTES + 1];
    name += strspn(name, ". ");
    size_t len = strlen(name);
    if (len > FOLDER_NAME_BYTES) {
        len = FOLDER_NAME_BYTES;
        while (len > 0 && ((unsigned char)name[len] & 0xc0) == 0x80) {
            len--; /* not in the middle of a character */
        }
    }
    str_copy(part, sizeof part, name, len);
    for (char *p = part; *p != '\0'; p++) {
        *p = is_unfit(*p) ? '_' : *p;
    }
    while (len > 0 && part[len - 1] == ' ') {
        part[--len] = '\0';
    }
    snprintf(out, out_size, "imports/%s", file_name_ok(part) ? part : "job");
}
