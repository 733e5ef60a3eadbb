// Files as blocks of IPFS, and signed IPNS records, by the libraries of IPFS itself: what our own
// reader is judged by.
//
//   node ipfs_blocks.mjs [options] OUT FILE...        OUT/CID for each block; prints the root's CID
//   node ipfs_blocks.mjs [options] --ipns OUT KEY.priv /ipfs/CID   OUT/NAME.ipns-record; prints NAME
//
//   --v0           as plain `ipfs add`; else as `ipfs add --cid-version=1 --raw-leaves`
//   --directory    wrap the files in a directory (several files always are)
//   --shard        a directory in shards (HAMT)
//   --chunk BYTES  size of a leaf (262144)
//   --links N      links of a node at most (174)
//   --sequence N, --hours N, --v2-only   of the IPNS record (0, 48, with signature V1 too)
//
// It needs these packages beside it: run it from a folder of its own, once
//   npm install ipfs-unixfs-importer blockstore-core multiformats ipns @libp2p/crypto @libp2p/peer-id
//   cp .../tests/lib/ipfs_blocks.mjs .
import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    v0: { type: 'boolean' },
    directory: { type: 'boolean' },
    shard: { type: 'boolean' },
    chunk: { type: 'string', default: '262144' },
    links: { type: 'string', default: '174' },
    ipns: { type: 'boolean' },
    sequence: { type: 'string', default: '0' },
    hours: { type: 'string', default: '48' },
    'v2-only': { type: 'boolean' }
  }
})

async function addFiles(out, files) {
  const { importer } = await import('ipfs-unixfs-importer')
  const { fixedSize } = await import('ipfs-unixfs-importer/chunker')
  const { balanced } = await import('ipfs-unixfs-importer/layout')
  const wrap = options.directory || options.shard || files.length > 1
  fs.mkdirSync(out, { recursive: true })
  const store = {
    async put(cid, bytes) {
      fs.writeFileSync(path.join(out, cid.toString()), bytes)
      return cid
    }
  }
  const source = files.map((file) => ({
    path: path.basename(file),
    content: [fs.readFileSync(file)]
  }))
  let root
  for await (const entry of importer(source, store, {
    cidVersion: options.v0 ? 0 : 1,
    rawLeaves: !options.v0,
    leafType: 'file',
    reduceSingleLeafToSelf: true,
    chunker: fixedSize({ chunkSize: Number(options.chunk) }),
    layout: balanced({ maxChildrenPerNode: Number(options.links) }),
    wrapWithDirectory: wrap,
    shardSplitThresholdBytes: options.shard ? 0 : 262144
  })) {
    root = entry.cid
  }
  console.log(root.toString())
}

async function addRecord(out, keyFile, value) {
  const { createIPNSRecord, marshalIPNSRecord } = await import('ipns')
  const { privateKeyFromProtobuf } = await import('@libp2p/crypto/keys')
  const { peerIdFromPrivateKey } = await import('@libp2p/peer-id')
  const { base36 } = await import('multiformats/bases/base36')
  const key = privateKeyFromProtobuf(fs.readFileSync(keyFile))
  const name = peerIdFromPrivateKey(key).toCID().toString(base36)
  const record = await createIPNSRecord(
    key, value, BigInt(options.sequence), Number(options.hours) * 3600e3,
    { v1Compatible: !options['v2-only'] })
  fs.mkdirSync(out, { recursive: true })
  fs.writeFileSync(path.join(out, name + '.ipns-record'), marshalIPNSRecord(record))
  console.log(name)
}

const [out, ...rest] = positionals
if (out === undefined || rest.length === 0 || (options.ipns && rest.length !== 2)) {
  console.error('usage: ipfs_blocks.mjs [options] OUT FILE... | --ipns OUT KEY.priv /ipfs/CID')
  process.exit(2)
}
await (options.ipns ? addRecord(out, rest[0], rest[1]) : addFiles(out, rest))
