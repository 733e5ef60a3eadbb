"""What of the internet a registry needs, by stand-ins: a name server, gateways of IPFS, and the blocks.

Blocks and records are made by IPFS's own libraries (ipfs_blocks.mjs): anew when node and they are there,
else they are those of tests/data/wan, which were made in the same way and fit the keys that lie beside them.

    wan_web.py OUT      makes such a folder; wan_web.py tests/data/wan makes the one that is kept
"""
import http.server
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import urllib.parse

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("PP_BIN", os.path.join(SOURCE, "build", "release"))
KEPT = os.path.join(SOURCE, "tests", "data", "wan")
PACKAGES = ["ipfs-unixfs-importer", "blockstore-core", "multiformats", "ipns", "@libp2p/crypto", "@libp2p/peer-id"]
NEVER_HOURS = "876000"
TXT, IN = 16, 1


class Names:
    """A name server that knows TXT records only. `silent`: it gets questions and answers none."""

    def __init__(self, ip):
        self.records, self.silent, self.asked = {}, False, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((ip, 0))
        self.address = f"{ip}:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                packet, sender = self.socket.recvfrom(1500)
            except OSError:
                return
            labels, at = [], 12
            while at < len(packet) and packet[at]:
                labels.append(packet[at + 1:at + 1 + packet[at]].decode("ascii", "replace"))
                at += 1 + packet[at]
            name, question = ".".join(labels).lower(), packet[12:at + 5]
            self.asked.append(name)
            if not self.silent:
                self.socket.sendto(self._answer(packet, question, self.records.get(name)), sender)

    @staticmethod
    def _answer(packet, question, text):
        head = packet[:2] + struct.pack(">HHHHH", 0x8180 if text else 0x8183, 1, 1 if text else 0, 0, 0)
        if not text:
            return head + question
        data = bytes([len(text)]) + text.encode()
        return head + question + b"\xc0\x0c" + struct.pack(">HHIH", TXT, IN, 5, len(data)) + data

    def link(self, domain, path):
        self.records["_dnslink.registry." + domain] = "dnslink=" + path

    def close(self):
        self.socket.close()


class Gateway:
    """Blocks and records of IPFS, and nothing else. One that `lies` gives other bytes of the same length."""

    def __init__(self, ip, folder, lies=False):
        self.folder, self.lies, self.records, self.served, self.refused = folder, lies, {}, [], []
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: N802
                gateway.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((ip, 0), Handler)
        self.url = f"http://{ip}:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request):
        url = urllib.parse.urlsplit(request.path)
        wanted = urllib.parse.parse_qs(url.query).get("format", [""])[0]
        match = re.fullmatch(r"/(ipfs|ipns)/([A-Za-z0-9]+)", url.path)
        body = None
        if match and (match[1], wanted) == ("ipfs", "raw"):
            path = os.path.join(self.folder, match[2])
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    body = f.read()
        elif match and (match[1], wanted) == ("ipns", "ipns-record"):
            body = self.records.get(match[2])
        if body is None:
            self.refused.append(request.path)
            request.send_error(404)
            return
        if self.lies:
            body = bytes([body[0] ^ 1]) + body[1:]
        self.served.append(match[2])
        kind = "application/vnd.ipld.raw" if match[1] == "ipfs" else "application/vnd.ipfs.ipns-record"
        request.send_response(200)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


# ---- keys, registries, blocks -----------------------------------------------------------------------


def run(*command, cwd=None):
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()[-300:]}")
    return done.stdout.strip()


def modules():
    """The folder with IPFS's libraries, or None: PP_IPFS names one, else it is made (and kept) with npm."""
    folder = os.environ.get("PP_IPFS")
    if folder:
        return folder if os.path.isdir(os.path.join(folder, "node_modules", "ipfs-unixfs-importer")) else None
    folder = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "pphost-tests", "ipfs")
    if os.path.isdir(os.path.join(folder, "node_modules", "ipfs-unixfs-importer")):
        return folder
    if shutil.which("node") is None or shutil.which("npm") is None:
        return None
    os.makedirs(folder, exist_ok=True)
    try:
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix", folder, *PACKAGES], check=True,
                       timeout=60, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        shutil.rmtree(folder, ignore_errors=True)
        return None
    return folder


class Registry:
    """A folder of keys, registries, blocks and records, and what is called how."""

    def __init__(self, folder, origin):
        self.folder, self.origin = folder, origin
        self.blocks = os.path.join(folder, "blocks")
        with open(os.path.join(folder, "names.json"), encoding="ascii") as f:
            self.names = json.load(f)

    def key(self, number):
        return os.path.join(self.folder, f"trusted_peer_{number}.priv")

    def file(self, version):
        return os.path.join(self.folder, f"registry_{version}.yaml")

    def record(self, version):
        with open(os.path.join(self.folder, f"record_{version}"), "rb") as f:
            return f.read()


def fill_in(text):
    """What a person does with `sed`: the TODOs of a registry that was generated."""
    for todo, said in (("say what this queue is for and whom it wants", "Parts that anybody may print"),
                       ("name the queue, 63 bytes at most", "farm"),
                       ("a web address with more about this queue", "https://example.test/farm"),
                       ("a web address that tells who keeps this registry", "https://example.test")):
        text = text.replace(f"'TODO: {todo}'", said)
    return text


def other_queue(block, name, rendezvous, extra):
    """The first queue's block once more, as another queue."""
    block = block.replace("name: farm", "name: " + name)
    return re.sub(r"rendezvous: \S+", "rendezvous: " + rendezvous, block) + extra


def write_registries(folder):
    """registry_1.yaml: three queues, three trusted peers each. registry_2.yaml: one peer less in the first."""
    run(os.path.join(BIN, "pphost"), "generate_registry", "3", folder)
    with open(os.path.join(folder, "registry.yaml"), encoding="ascii") as f:
        text = fill_in(f.read())
    os.rename(os.path.join(folder, "registry.yaml"), os.path.join(folder, "registry_todo.yaml"))
    head, rest = text.split("- desc", 1)
    block, tail = rest.rsplit("\nurl:", 1)
    block = "- desc" + block + "\n"
    peers = re.findall(r"12D3KooW\w+", block)
    dials = "".join(f"  - /dns4/print{i + 1}.example.test/tcp/6789/p2p/{p}\n" for i, p in enumerate(peers))
    landing = other_queue(block, "landing", "pphost-landing-of-the-tests", "  bootstrap:\n" + dials)
    closed = other_queue(block, "closed", "pphost-closed-of-the-tests",
                         "  access: trusted\n  bootstrap:\n" + dials)
    for version, first in ((1, block), (2, block.replace(f"  - {peers[2]}\n", ""))):
        with open(os.path.join(folder, f"registry_{version}.yaml"), "w", encoding="ascii") as f:
            f.write(head + first + landing + closed + "url:" + tail)
        run(os.path.join(BIN, "pphost"), "registry", "check", f.name)


def make(folder, libraries):
    """All of it, with the blocks and records made by `libraries`."""
    script = os.path.join(libraries, "ipfs_blocks.mjs")
    shutil.copy(os.path.join(SOURCE, "tests", "lib", "ipfs_blocks.mjs"), script)
    os.makedirs(folder, exist_ok=True)
    write_registries(folder)
    blocks, node = os.path.join(folder, "blocks"), ["node", script]
    first, second = (os.path.join(folder, f"registry_{v}.yaml") for v in (1, 2))
    names = {"v1": run(*node, "--v0", blocks, first), "v2": run(*node, "--chunk", "300", blocks, second)}
    for version in (1, 2):
        name = run(*node, "--ipns", "--hours", NEVER_HOURS, "--sequence", str(version), folder,
                   os.path.join(folder, "trusted_peer_1.priv"), "/ipfs/" + names[f"v{version}"])
        os.replace(os.path.join(folder, name + ".ipns-record"), os.path.join(folder, f"record_{version}"))
        names["name"] = name
    with open(os.path.join(folder, "names.json"), "w", encoding="ascii") as f:
        json.dump(names, f, indent=1)
        f.write("\n")


def registry(folder):
    """A Registry in `folder`: made anew where that is possible."""
    libraries = modules()
    if libraries is not None:
        make(folder, libraries)
        return Registry(folder, "made anew by IPFS's libraries")
    shutil.copytree(KEPT, folder, dirs_exist_ok=True)
    for name in os.listdir(folder):
        if name.endswith(".priv"):
            os.chmod(os.path.join(folder, name), 0o600)
    return Registry(folder, "the kept ones (no node, npm or network to make others with)")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: wan_web.py OUT")
    if modules() is None:
        sys.exit("it needs node, and npm with a network or PP_IPFS=FOLDER with " + " ".join(PACKAGES))
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    make(sys.argv[1], modules())
