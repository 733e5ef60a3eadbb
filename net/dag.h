/* Files and folders of IPFS as blocks: dag-pb nodes with UnixFS in them, read and built.
 *
 * Happy path of reading: dag_read() of a block, its data first, then its links in order. Building
 * gives the tree that `ipfs add` makes: leaves of equal size, nodes of up to so many links, all
 * leaves equally deep. Sources: the specifications of dag-pb and UnixFS.
 *
 * Failure modes: no dag-pb, no UnixFS, a kind that is no file and no plain folder (sharded folders,
 * symbolic links), links that are no CID; told with what was found.
 */
#ifndef PP_NET_DAG_H
#define PP_NET_DAG_H

#include "net/cid.h"

enum dag_kind {
    DAG_FILE,
    DAG_FOLDER
};

struct dag_node {
    enum dag_kind kind;
    const uint8_t *data; /* within the block; of a file */
    size_t data_len;
    uint64_t file_size; /* of all below, as the node says; 0 = it does not say */
    size_t links;
    const uint8_t *block;
    size_t block_len;
};

struct dag_link {
    struct cid cid;
    const char *name; /* within the block, not ended by a NUL */
    size_t name_len;
};

/* All links are right when it returns 0. Borrows the block. */
int dag_read(const void *block, size_t len, struct dag_node *out, struct err *e);
/* Its links in order: while (dag_next(&it, &link)). */
struct dag_links {
    const uint8_t *at;
    size_t left;
};
struct dag_links dag_links(const struct dag_node *n);
bool dag_next(struct dag_links *it, struct dag_link *out);
/* False when a folder has none of that name. */
bool dag_find(const struct dag_node *n, const char *name, size_t name_len, struct dag_link *out);

struct dag_form {
    unsigned version; /* of the CIDs */
    bool raw_leaves;
    size_t chunk_bytes;
    size_t links_max;
};

extern const struct dag_form dag_form_v0; /* `ipfs add` */
extern const struct dag_form dag_form_v1; /* `ipfs add --cid-version=1 --raw-leaves` */

/* Each block, leaves before the nodes that name them, the root last. */
typedef void (*dag_block)(void *context, const struct cid *cid, const void *block, size_t len);
/* `block` may be NULL: only the root's CID is wanted. */
void dag_build(const struct dag_form *form, const void *bytes, size_t len, dag_block block,
    void *context, struct cid *root);

#endif
