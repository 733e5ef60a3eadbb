#include "net/dag.h"

#include "host/base/mem.h"
#include "net/protobuf.h"

#include <stdlib.h>
#include <string.h>

/* Fields of PBNode, PBLink and UnixFS' Data. */
enum {
    NODE_DATA = 1,
    NODE_LINKS = 2,
    LINK_HASH = 1,
    LINK_NAME = 2,
    LINK_SIZE = 3,
    UNIXFS_TYPE = 1,
    UNIXFS_DATA = 2,
    UNIXFS_SIZE = 3,
    UNIXFS_BLOCKS = 4
};

enum unixfs_type {
    UNIXFS_RAW,
    UNIXFS_FOLDER,
    UNIXFS_FILE,
    UNIXFS_METADATA,
    UNIXFS_SYMLINK,
    UNIXFS_SHARD,
    UNIXFS_TYPES
};

const struct dag_form dag_form_v0 = {.version = 0, .chunk_bytes = 262144, .links_max = 174};
const struct dag_form dag_form_v1 = {
    .version = 1, .raw_leaves = true, .chunk_bytes = 262144, .links_max = 174};

/* ---- reading -------------------------------------------------------------------------------- */

static bool read_link(const uint8_t *bytes, size_t len, struct dag_link *out)
{
    struct protobuf_in in = protobuf_read(bytes, len);
    struct protobuf_field f;
    bool named = false;
    *out = (struct dag_link){.name = ""};
    while (protobuf_next(&in, &f)) {
        if (f.number == LINK_HASH && f.is_bytes) {
            named = cid_from_bytes(f.bytes, f.len, &out->cid);
        } else if (f.number == LINK_NAME && f.is_bytes) {
            out->name = (const char *)f.bytes;
            out->name_len = f.len;
        }
    }
    return !in.bad && named;
}

static int read_unixfs(const uint8_t *bytes, size_t len, struct dag_node *out, struct err *e)
{
    static const char *const refused[UNIXFS_TYPES] = {[UNIXFS_METADATA] = "metadata",
        [UNIXFS_SYMLINK] = "a symbolic link",
        [UNIXFS_SHARD] = "a folder in shards (HAMT)"};
    struct protobuf_in in = protobuf_read(bytes, len);
    struct protobuf_field f;
    uint64_t type = UNIXFS_TYPES;
    while (protobuf_next(&in, &f)) {
        if (f.number == UNIXFS_TYPE && !f.is_bytes) {
            type = f.value;
        } else if (f.number == UNIXFS_DATA && f.is_bytes) {
            out->data = f.bytes;
            out->data_len = f.len;
        } else if (f.number == UNIXFS_SIZE && !f.is_bytes) {
            out->file_size = f.value;
        }
    }
    if (in.bad || type >= UNIXFS_TYPES) {
        return err_set(e, PP_ECORRUPT, "holds no file of UnixFS");
    }
    if (refused[type] != NULL) {
        return err_set(e, PP_EINVAL, "is %s, not a file or a plain folder", refused[type]);
    }
    out->kind = type == UNIXFS_FOLDER ? DAG_FOLDER : DAG_FILE;
    return 0;
}

int dag_read(const void *block, size_t len, struct dag_node *out, struct err *e)
{
    struct protobuf_in in = protobuf_read(block, len);
    struct protobuf_field f;
    struct dag_link link;
    const uint8_t *data = NULL;
    size_t data_len = 0;
    *out = (struct dag_node){.data = (const uint8_t *)"", .block = block, .block_len = len};
    while (protobuf_next(&in, &f)) {
        if (f.number == NODE_DATA && f.is_bytes) {
            data = f.bytes;
            data_len = f.len;
        } else if (f.number == NODE_LINKS && f.is_bytes) {
            if (!read_link(f.bytes, f.len, &link)) {
                return err_set(e, PP_ECORRUPT, "has a link that names no block");
            }
            out->links++;
        }
    }
    if (in.bad || data == NULL) {
        return err_set(e, PP_ECORRUPT, "is no node of dag-pb with UnixFS");
    }
    return read_unixfs(data, data_len, out, e);
}

struct dag_links dag_links(const struct dag_node *n)
{
    return (struct dag_links){.at = n->block, .left = n->block_len};
}

bool dag_next(struct dag_links *it, struct dag_link *out)
{
    struct protobuf_in in = {.at = it->at, .left = it->left};
    struct protobuf_field f;
    while (protobuf_next(&in, &f)) {
        if (f.number == NODE_LINKS && f.is_bytes && read_link(f.bytes, f.len, out)) {
            *it = (struct dag_links){.at = in.at, .left = in.left};
            return true;
        }
    }
    return false;
}

bool dag_find(const struct dag_node *n, const char *name, size_t name_len, struct dag_link *out)
{
    struct dag_links it = dag_links(n);
    while (dag_next(&it, out)) {
        if (out->name_len == name_len && memcmp(out->name, name, name_len) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- building ------------------------------------------------------------------------------- */

/* What a level of the tree is made of. */
struct part {
    struct cid cid;
    uint64_t file_bytes;
    uint64_t tree_bytes; /* with all blocks below */
};

struct builder {
    const struct dag_form *form;
    dag_block block;
    void *context;
};

static void put(struct builder *b, uint64_t codec, const void *bytes, size_t len, struct part *out)
{
    cid_of(&out->cid, b->form->version, codec, bytes, len);
    out->tree_bytes += len;
    if (b->block != NULL) {
        b->block(b->context, &out->cid, bytes, len);
    }
}

static void put_leaf(struct builder *b, const uint8_t *bytes, size_t len, struct part *out)
{
    struct strbuf data = {0};
    struct strbuf node = {0};
    *out = (struct part){.file_bytes = len};
    if (b->form->raw_leaves) {
        put(b, CID_RAW, bytes, len, out);
        return;
    }
    protobuf_put_number(&data, UNIXFS_TYPE, UNIXFS_FILE);
    if (len > 0) {
        protobuf_put_bytes(&data, UNIXFS_DATA, bytes, len);
    }
    protobuf_put_number(&data, UNIXFS_SIZE, len);
    protobuf_put_bytes(&node, NODE_DATA, data.data, data.len);
    put(b, CID_DAG_PB, node.data, node.len, out);
    strbuf_fini(&data);
    strbuf_fini(&node);
}

static void put_link(struct strbuf *node, const struct part *part)
{
    struct strbuf link = {0};
    uint8_t cid[CID_BYTES_MAX];
    size_t len = cid_to_bytes(&part->cid, cid);
    protobuf_put_bytes(&link, LINK_HASH, cid, len);
    protobuf_put_bytes(&link, LINK_NAME, "", 0);
    protobuf_put_number(&link, LINK_SIZE, part->tree_bytes);
    protobuf_put_bytes(node, NODE_LINKS, link.data, link.len);
    strbuf_fini(&link);
}

static void put_node(struct builder *b, const struct part *parts, size_t count, struct part *out)
{
    struct strbuf data = {0};
    struct strbuf node = {0};
    struct part sum = {0};
    for (size_t i = 0; i < count; i++) {
        sum.file_bytes += parts[i].file_bytes;
        sum.tree_bytes += parts[i].tree_bytes;
        put_link(&node, &parts[i]);
    }
    protobuf_put_number(&data, UNIXFS_TYPE, UNIXFS_FILE);
    protobuf_put_number(&data, UNIXFS_SIZE, sum.file_bytes);
    for (size_t i = 0; i < count; i++) {
        protobuf_put_number(&data, UNIXFS_BLOCKS, parts[i].file_bytes);
    }
    protobuf_put_bytes(&node, NODE_DATA, data.data, data.len);
    *out = sum;
    put(b, CID_DAG_PB, node.data, node.len, out);
    strbuf_fini(&data);
    strbuf_fini(&node);
}

void dag_build(const struct dag_form *form, const void *bytes, size_t len, dag_block block,
    void *context, struct cid *root)
{
    struct builder b = {.form = form, .block = block, .context = context};
    size_t count = len > 0 ? (len - 1) / form->chunk_bytes + 1 : 1;
    struct part *parts = mem_array(count, sizeof *parts);
    for (size_t i = 0; i < count; i++) {
        size_t at = i * form->chunk_bytes;
        size_t left = len - at;
        put_leaf(&b, (const uint8_t *)bytes + at,
            left < form->chunk_bytes ? left : form->chunk_bytes, &parts[i]);
    }
    while (count > 1) {
        size_t made = 0;
        for (size_t i = 0; i < count; i += form->links_max) {
            size_t n = count - i < form->links_max ? count - i : form->links_max;
            struct part node;
            put_node(&b, &parts[i], n, &node);
            parts[made++] = node;
        }
        count = made;
    }
    *root = parts[0].cid;
    free(parts);
}
