// Foreign reads a ledger's published files, and talks to a witness, with the reference implementation of signed
// notes, tiles and proofs (golang.org/x/mod/sumdb) and with no line of the ledger's own.
//
//	foreign audit FOLDER VKEY            every entry, tile and proof under the checkpoint
//	foreign receipt PROOF ENTRY VKEY     a tlog-proof of one entry
//	foreign growth FOLDER VKEY < LINES   consistency proofs, one a line: old new old-root new-root hash...
//	foreign witness URL SKEY WITNESS     the tlog-witness conversation, with a log of its own
//
// Exit 0: it holds. Exit 1: it does not, and the line on standard error says what.
//
// Formats: C2SP tlog-tiles, tlog-checkpoint, tlog-proof, tlog-witness, tlog-cosignature. A tile is called
// tile/8/L/N in x/mod and tile/L/N in C2SP, and holds the same bytes.
package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height, width = 8, 256

// head is a checkpoint's text: an origin and a tree.
type head struct {
	origin string
	tree   tlog.Tree
}

// openHead verifies a checkpoint's signature and reads its text.
func openHead(raw []byte, verifiers ...note.Verifier) (head, error) {
	opened, err := note.Open(raw, note.VerifierList(verifiers...))
	if err != nil {
		return head{}, err
	}
	return readHead(opened.Text, verifiers[0].Name())
}

func readHead(text, origin string) (head, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] != origin || lines[3] != "" {
		return head{}, errors.New("the checkpoint is not origin, size and root")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return head{}, errors.New("the checkpoint's size is no number")
	}
	root, err := tlog.ParseHash(lines[2])
	return head{origin, tlog.Tree{N: size, Hash: root}}, err
}

// folder is a ledger's files. It is a tlog.TileReader.
type folder struct {
	path string
	size int64
}

func (f folder) Height() int                     { return height }
func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func (f folder) ReadTiles(tiles []tlog.Tile) (data [][]byte, err error) {
	for _, tile := range tiles {
		read, err := f.tile(tile)
		if err != nil {
			return nil, err
		}
		data = append(data, read[:tile.W*tlog.HashSize])
	}
	return data, nil
}

// tile reads the file of a tile as wide as the tree has it.
func (f folder) tile(tile tlog.Tile) ([]byte, error) {
	tile.W = int(f.size>>(height*uint(tile.L)) - tile.N*width)
	if tile.W > width {
		tile.W = width
	}
	data, err := os.ReadFile(filepath.Join(f.path, strings.Replace(tile.Path(), "tile/8/", "tile/", 1)))
	if err == nil && len(data) != tile.W*tlog.HashSize {
		err = fmt.Errorf("%s does not hold %d hashes", tile.Path(), tile.W)
	}
	return data, err
}

// entries reads bundle n.
func (f folder) entries(n int64) (found [][]byte, err error) {
	count := f.size - n*width
	if count > width {
		count = width
	}
	name := tlog.Tile{H: height, L: -1, N: n, W: int(count)}.Path()
	name = strings.Replace(name, "tile/8/data/", "tile/entries/", 1)
	data, err := os.ReadFile(filepath.Join(f.path, name))
	for len(data) > 2 {
		end := 2 + int(data[0])<<8 + int(data[1])
		if end > len(data) {
			break
		}
		found, data = append(found, data[2:end]), data[end:]
	}
	if err == nil && (len(data) > 0 || int64(len(found)) != count) {
		err = fmt.Errorf("%s is not %d entries", name, count)
	}
	return found, err
}

// stored is the tree's hashes in the order of x/mod.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) (hashes []tlog.Hash, err error) {
	for _, index := range indexes {
		hashes = append(hashes, s[index])
	}
	return hashes, nil
}

// hashAll hashes every entry.
func hashAll(f folder) (leaves []tlog.Hash, hashes stored, err error) {
	for n := int64(0); n*width < f.size; n++ {
		bundle, err := f.entries(n)
		if err != nil {
			return nil, nil, err
		}
		for _, entry := range bundle {
			more, err := tlog.StoredHashes(int64(len(leaves)), entry, hashes)
			if err != nil {
				return nil, nil, err
			}
			leaves, hashes = append(leaves, more[0]), append(hashes, more...)
		}
	}
	return leaves, hashes, nil
}

func openFolder(path, vkey string) (f folder, h head, err error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return f, h, err
	}
	raw, err := os.ReadFile(filepath.Join(path, "checkpoint"))
	if err != nil {
		return f, h, err
	}
	h, err = openHead(raw, verifier)
	return folder{path, h.tree.N}, h, err
}

// audit holds every entry and every tile against the checkpoint, and proves each entry from the tiles.
func audit(path, vkey string) error {
	f, h, err := openFolder(path, vkey)
	if err != nil {
		return err
	}
	leaves, hashes, err := hashAll(f)
	if err != nil {
		return err
	}
	root := tlog.Hash(sha256.Sum256(nil))
	if f.size > 0 {
		if root, err = tlog.TreeHash(f.size, hashes); err != nil {
			return err
		}
	}
	if root != h.tree.Hash {
		return errors.New("the entries do not give the root that was signed")
	}
	for index := range hashes {
		tile := tlog.TileForIndex(height, int64(index))
		data, err := f.tile(tile)
		if err != nil {
			return err
		}
		found, err := tlog.HashFromTile(tile, data, int64(index))
		if err != nil || found != hashes[index] {
			return fmt.Errorf("%s does not follow from the entries: %v", tile.Path(), err)
		}
	}
	reader := tlog.TileHashReader(h.tree, f)
	for index, leaf := range leaves {
		proof, err := tlog.ProveRecord(f.size, int64(index), reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, f.size, h.tree.Hash, int64(index), leaf); err != nil {
			return fmt.Errorf("entry %d: %v", index, err)
		}
	}
	fmt.Println(h.origin, f.size, h.tree.Hash)
	return nil
}

// receipt verifies a tlog-proof.
func receipt(proofPath, entryPath, vkey string) error {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	proof, err := os.ReadFile(proofPath)
	if err != nil {
		return err
	}
	entry, err := os.ReadFile(entryPath)
	if err != nil {
		return err
	}
	top, checkpoint, _ := bytes.Cut(proof, []byte("\n\n"))
	lines := strings.Split(string(top), "\n")
	if len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("this is no tlog-proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	path, err := readHashes(lines[2:])
	if err != nil {
		return err
	}
	h, err := openHead(checkpoint, verifier)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(path, h.tree.N, h.tree.Hash, index, tlog.RecordHash(entry))
}

// growth holds each proof given against the one made here from the tiles, and against one with a bit changed.
func growth(path, vkey string) error {
	f, h, err := openFolder(path, vkey)
	if err != nil {
		return err
	}
	reader := tlog.TileHashReader(h.tree, f)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	count := 0
	for ; lines.Scan(); count++ {
		if err := grows(strings.Fields(lines.Text()), reader); err != nil {
			return fmt.Errorf("%.30s: %v", lines.Text(), err)
		}
	}
	fmt.Println(count)
	return lines.Err()
}

func grows(words []string, reader tlog.HashReader) error {
	old, _ := strconv.ParseInt(words[0], 10, 64)
	size, _ := strconv.ParseInt(words[1], 10, 64)
	given, err := readHashes(words[2:])
	if err != nil {
		return err
	}
	oldRoot, root, proof := given[0], given[1], tlog.TreeProof(given[2:])
	for n, expected := range map[int64]tlog.Hash{old: oldRoot, size: root} {
		if made, err := tlog.TreeHash(n, reader); err != nil || made != expected {
			return fmt.Errorf("the root of %d is another: %v", n, err)
		}
	}
	made, err := tlog.ProveTree(size, old, reader)
	if err != nil {
		return err
	}
	if fmt.Sprint(made) != fmt.Sprint(proof) {
		return errors.New("the proof is another")
	}
	if err := tlog.CheckTree(proof, size, root, old, oldRoot); err != nil {
		return err
	}
	for at := range proof {
		proof[at][at%tlog.HashSize] ^= 1
		if tlog.CheckTree(proof, size, root, old, oldRoot) == nil {
			return errors.New("a changed proof holds")
		}
		proof[at][at%tlog.HashSize] ^= 1
	}
	return nil
}

func readHashes(lines []string) (hashes []tlog.Hash, err error) {
	for _, line := range lines {
		raw, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(raw) != tlog.HashSize {
			return nil, fmt.Errorf("%q is no hash", line)
		}
		var hash tlog.Hash
		copy(hash[:], raw)
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

func main() {
	words := append(os.Args[1:], "", "", "", "")
	err := errors.New("audit, receipt, growth or witness")
	switch words[0] {
	case "audit":
		err = audit(words[1], words[2])
	case "receipt":
		err = receipt(words[1], words[2], words[3])
	case "growth":
		err = growth(words[1], words[2])
	case "witness":
		err = converse(words[1], words[2], words[3])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
