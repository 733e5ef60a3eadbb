/* How often one client may show a wrong key: a small table of addresses, one window each.
 *
 * Keys cannot be guessed (256 bits); this keeps a mistaken or malicious client from filling the log
 * and the processor. The table has a fixed size: the entry quiet for longest makes room.
 */
#ifndef PP_API_LIMIT_H
#define PP_API_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define LIMIT_CLIENTS   64
#define LIMIT_FAILURES  20 /* within a window */
#define LIMIT_WINDOW_MS 60000

struct limit_client {
    char address[46]; /* "" = free */
    unsigned failures;
    uint64_t since_ms;
};

struct limit {
    struct limit_client client[LIMIT_CLIENTS];
};

/* Counts one failure; how many there are now in this client's window. */
unsigned limit_fail(struct limit *l, const char *address, uint64_t now_ms);

/* True if the client has spent its failures. */
bool limit_is_spent(const struct limit *l, const char *address, uint64_t now_ms);

#endif
