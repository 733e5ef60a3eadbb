// link: ppnet
/* Registries from memory: what is accepted is within the limits the rest relies on. */
#include "net/registry.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition) {
        abort();
    }
}

static void look_at(const struct registry_queue *q)
{
    require(q->name[0] != '\0' && strlen(q->name) <= 63);
    require(q->rendezvous[0] != '\0' && strlen(q->rendezvous) < 128);
    require(q->trusted_count >= 1 && q->trusted_count <= REGISTRY_TRUSTED_MAX);
    require(strstr(q->name, "TODO") == NULL && strstr(q->desc, "TODO") == NULL);
    for (size_t i = 1; i < q->trusted_count; i++) {
        for (size_t k = 0; k < i; k++) {
            require(peer_compare(&q->trusted[i], &q->trusted[k]) != 0);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct registry_notes notes = {0};
    if (identity_init() != 0) {
        return 0;
    }
    struct registry *r = registry_parse((const char *)data, size, "fuzz.yaml", &notes);
    require((r != NULL) == (notes.mistakes == 0));
    require(notes.count <= 100);
    for (size_t i = 0; i < notes.count; i++) {
        require(strchr(notes.at[i].text, '\n') == NULL);
    }
    if (r != NULL) {
        require(r->queues_count >= 1 && r->queues_count <= REGISTRY_QUEUES_MAX);
        for (size_t i = 0; i < r->queues_count; i++) {
            look_at(&r->queues[i]);
        }
    }
    registry_free(r);
    registry_notes_fini(&notes);
    return 0;
}
