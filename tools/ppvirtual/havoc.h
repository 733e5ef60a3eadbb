/* The faults that fire, brought about in the model: the hooks at its seams.
 *
 * fault.c says what happens now; this says what that means for the wire, the reader, a command, an
 * answer, a heater. Faults of the port are left as an order for the program around the model
 * (havoc_take_order()). Without faults each hook costs one test of a bit.
 */
#ifndef PPV_HAVOC_H
#define PPV_HAVOC_H

#include "tools/ppvirtual/fault.h"
#include "tools/ppvirtual/line.h"
#include "tools/ppvirtual/wire.h"

#define HAVOC_HELD   16 /* answers kept back */
#define HAVOC_ORDERS 8

struct model;
struct task;
struct command;

/* A state and when it ends; NEVER_NS: it stays. 0: not in it. */
struct havoc_state {
    uint64_t until_ns;
};

struct havoc_held {
    uint64_t due_ns;
    size_t len;
    char text[FAULT_TEXT_MAX];
};

enum havoc_order_kind {
    ORDER_UNPLUG,
    ORDER_BUSY,
    ORDER_DENY,
    ORDER_STALL,
    ORDER_OPEN_RESET
};

/* What the program is to do with the port. */
struct havoc_order {
    enum havoc_order_kind kind;
    uint64_t for_ns; /* NEVER_NS: for good */
    bool power;
    const char *link; /* borrowed from the fault; "" = the same as before */
};

/* The line now passing in one direction. */
struct havoc_passing {
    char text[LINE_TEXT_MAX];
    size_t len;
    bool damaged;   /* it has had its share */
    uint64_t lines; /* complete ones */
    uint64_t bytes;
    size_t drop; /* bytes still to be lost */
};

struct havoc {
    struct havoc_state stopped;
    struct havoc_state numbered_only;
    struct havoc_state rx_timeout;
    struct havoc_state unknown;
    struct havoc_state locked;
    struct havoc_state no_emergency;
    struct havoc_state temp[16]; /* by heater */
    uint64_t busy_ns;            /* next "busy" while stopped */
    bool stopped_busy;
    uint64_t timeout_ns; /* of a line half read */
    bool timeout_resend;
    uint64_t read_ns; /* the last byte of it */
    enum fault_form form;
    int code;

    bool resend_set; /* the Resend under way is a fault's */
    int64_t resend_n;
    enum fault_ok resend_ok;
    uint64_t resend_ok_ns;

    struct havoc_held held[HAVOC_HELD];
    size_t held_len;
    unsigned joined; /* oks kept back to come at once */
    uint64_t joined_ns;

    uint64_t power_ns;    /* when it comes back; 0: it is there */
    const char *greeting; /* said after the next banner */
    int banner_byte;      /* -1: none */
    unsigned banner_pieces;
    bool banner_lost;
    bool revivable; /* M999 ends the halt */
    size_t revive_at;
    bool overflowing;
    bool had_faults; /* ever */
    int64_t number_mask;
    bool in_resend; /* the ok now written is a Resend's */

    uint64_t foreign; /* commands of another master executed */
    struct havoc_passing in;
    struct havoc_passing out;
    struct havoc_order orders[HAVOC_ORDERS];
    size_t orders_len;
};

void havoc_init(struct havoc *h);

/* What the host has written goes onto the wire, damaged as it must be. */
void havoc_send(struct model *m, uint64_t now_ns, const char *bytes, size_t len);

/* A right line has been read. True if it goes no further. */
bool havoc_line(struct model *m, uint64_t nth);

/* Any line has been read, right or wrong: the moment for what happens by lines. */
void havoc_after_line(struct model *m, const char *text, int64_t number, uint64_t nth);

/* A byte has come; `lost`: it did not fit into the receive ring. */
void havoc_byte(struct model *m, bool lost);

/* A command begins: how much longer it takes, an early ok. */
void havoc_command(struct model *m, struct task *t);

/* A command is to be executed. True if a fault has done that in its way. */
bool havoc_execute(struct model *m, struct task *t);

/* An answer goes out; true if it was taken care of. */
bool havoc_reply(struct model *m, const char *text, size_t len);

/* The number of the Resend now due, and its ok. */
int64_t havoc_resend_number(struct model *m, int64_t number);
void havoc_resend_ok(struct model *m);

/* The banner, as a fault wants it; true if it was taken care of. */
bool havoc_banner(struct model *m, const char *banner);

/* True if urgent commands are found as they arrive. */
bool havoc_parses_early(const struct model *m);

/* After a reset: what outlasts it. */
void havoc_boot(struct model *m);

/* Bytes for a printer that is halted. */
void havoc_dead_byte(struct model *m, char c);

/* All that is due by time. */
void havoc_due(struct model *m);
uint64_t havoc_next_ns(struct model *m);

/* Power goes (for `ns`, NEVER_NS: until havoc_power_on()) and comes; what runs is lost. */
void havoc_power_off(struct model *m, const char *why, uint64_t ns);
void havoc_power_on(struct model *m);

/* The oldest order for the port; false if there is none. */
bool havoc_take_order(struct model *m, struct havoc_order *out);

#endif
