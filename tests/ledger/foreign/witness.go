package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// cosigner verifies C2SP tlog-cosignature v1: Ed25519 over a time and the note's text, under a key of type 4.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }

func (c cosigner) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(signature)
	if since := time.Since(time.Unix(int64(at), 0)); since < -time.Minute || since > time.Minute {
		return false
	}
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", at, text)
	return ed25519.Verify(c.key, []byte(signed), signature[8:])
}

func newCosigner(vkey string) (note.Verifier, error) {
	words := strings.SplitN(vkey, "+", 3)
	if len(words) != 3 {
		return nil, errors.New("this is no verifier key")
	}
	raw, err := base64.StdEncoding.DecodeString(words[2])
	if err != nil || len(raw) != 1+ed25519.PublicKeySize || raw[0] != 4 {
		return nil, errors.New("this is no key of an Ed25519 cosigner")
	}
	id := sha256.Sum256(append([]byte(words[0]+"\n"), raw...))
	if fmt.Sprintf("%x", id[:4]) != words[1] {
		return nil, errors.New("the key's id is not its own")
	}
	return cosigner{words[0], binary.BigEndian.Uint32(id[:4]), raw[1:]}, nil
}

// client is a log of its own, as a witness sees it.
type client struct {
	url     string
	signer  note.Signer
	witness note.Verifier
	hashes  stored
}

func (c *client) root(size int64) tlog.Hash {
	if size == 0 {
		return sha256.Sum256(nil)
	}
	root, err := tlog.TreeHash(size, c.hashes)
	if err != nil {
		panic(err)
	}
	return root
}

func (c *client) proof(old, size int64) (lines []string) {
	proof, err := tlog.ProveTree(size, old, c.hashes)
	if err != nil {
		panic(err)
	}
	for _, hash := range proof {
		lines = append(lines, hash.String())
	}
	return lines
}

// checkpoint signs a head; the signer and the origin need not belong together.
func checkpoint(signer note.Signer, origin string, size int64, root tlog.Hash) string {
	signed, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", origin, size, root)}, signer)
	if err != nil {
		panic(err)
	}
	return string(signed)
}

func request(old int64, proof []string, checkpoint string) string {
	return strings.Join(append([]string{fmt.Sprintf("old %d", old)}, proof...), "\n") + "\n\n" + checkpoint
}

// post sends a request and gives status, content type and body.
func (c *client) post(body string) (int, string, []byte, error) {
	answer, err := http.Post(c.url+"/add-checkpoint", "text/plain", strings.NewReader(body))
	if err != nil {
		return 0, "", nil, err
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	return answer.StatusCode, answer.Header.Get("Content-Type"), read, err
}

// cosigned wants 200 and the witness's cosignature of exactly this checkpoint.
func (c *client) cosigned(what string, body, checkpoint string) error {
	status, _, lines, err := c.post(body)
	if err != nil || status != 200 {
		return fmt.Errorf("%s: %d, not 200 (%s) %v", what, status, lines, err)
	}
	text := checkpoint[:strings.LastIndex(checkpoint, "\n\n")+2]
	opened, err := note.Open(append([]byte(text), lines...), note.VerifierList(c.witness))
	if err != nil || len(opened.Sigs) != 1 {
		return fmt.Errorf("%s: the answer is no cosignature: %v", what, err)
	}
	fmt.Println(what, status)
	return nil
}

// refusal is a request, what is wrong with it, and the status that tells so.
type refusal struct {
	what, body string
	wanted     int
}

// refused wants each one's status, and no signature with it.
func (c *client) refused(steps ...refusal) error {
	for _, step := range steps {
		if err := c.refuses(step.what, step.body, step.wanted); err != nil {
			return err
		}
	}
	return nil
}

func (c *client) refuses(what string, body string, wanted int) error {
	status, kind, told, err := c.post(body)
	if err != nil || status != wanted || bytes.Contains(told, []byte("— ")) {
		return fmt.Errorf("%s: %d, not %d (%s) %v", what, status, wanted, told, err)
	}
	if wanted == 409 && kind != "text/x.tlog.size" {
		return fmt.Errorf("%s: the size comes as %q", what, kind)
	}
	if wanted == 409 {
		what += " at " + strings.TrimSuffix(string(told), "\n")
	}
	fmt.Println(what, status)
	return nil
}

// converse is the whole of tlog-witness.
func converse(url, skey, vkey string) error {
	signer, err := note.NewSigner(skey)
	if err != nil {
		return err
	}
	witness, err := newCosigner(vkey)
	if err != nil {
		return err
	}
	stranger, _, err := note.GenerateKey(zeros{}, signer.Name())
	if err != nil {
		return err
	}
	other, err := note.NewSigner(stranger)
	if err != nil {
		return err
	}
	c := &client{url: strings.TrimSuffix(url, "/"), signer: signer, witness: witness}
	for n := int64(0); n < 600; n++ {
		more, err := tlog.StoredHashes(n, []byte(fmt.Sprintf("entry %d", n)), c.hashes)
		if err != nil {
			return err
		}
		c.hashes = append(c.hashes, more...)
	}
	for _, step := range []func(*client, note.Signer) error{grow, refuse, know, spell} {
		if err := step(c, other); err != nil {
			return err
		}
	}
	return nil
}

func (c *client) head(size int64) string {
	return checkpoint(c.signer, c.signer.Name(), size, c.root(size))
}

func grow(c *client, _ note.Signer) error {
	sizes := []int64{0, 1, 1, 2, 3, 255, 256, 257, 300, 300}
	for at, size := range sizes {
		old, proof := int64(0), []string(nil)
		if at > 0 {
			old = sizes[at-1]
		}
		if old > 0 {
			proof = c.proof(old, size)
		}
		head := c.head(size)
		if err := c.cosigned(fmt.Sprintf("from %d to %d", old, size), request(old, proof, head), head); err != nil {
			return err
		}
	}
	status, err := c.newest(300)
	fmt.Println("the newest", status)
	return err
}

// newest wants the checkpoint of that size, with log's and witness's signatures, where monitors ask for it.
func (c *client) newest(size int64) (int, error) {
	answer, err := http.Get(fmt.Sprintf("%s/%x/checkpoint", c.url, sha256.Sum256([]byte(c.signer.Name()))))
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err
	}
	opened, err := note.Open(read, note.VerifierList(c.witness))
	if err == nil && !strings.HasPrefix(string(read), c.head(size)) {
		err = fmt.Errorf("the newest is %q", opened.Text)
	}
	return answer.StatusCode, err
}

func refuse(c *client, _ note.Signer) error {
	sound, head := c.proof(300, 500), c.head(500)
	bad := append([]string{c.root(9).String()}, sound[1:]...)
	name := c.signer.Name()
	return c.refused([]refusal{
		{"an old size that is too small", request(257, c.proof(257, 500), head), 409},
		{"an old size that is too large", request(400, c.proof(400, 500), head), 409},
		{"an old size of nothing", request(0, nil, head), 409},
		{"a proof of something else", request(300, bad, head), 422},
		{"a proof that is cut off", request(300, sound[:len(sound)-1], head), 422},
		{"a proof that is missing", request(300, nil, head), 422},
		{"another root", request(300, sound, checkpoint(c.signer, name, 500, c.root(499))), 422},
		{"another root of the same size", request(300, nil, checkpoint(c.signer, name, 300, c.root(299))), 422},
		{"an old size beyond the new", request(300, nil, c.head(299)), 400},
	}...)
}

func know(c *client, other note.Signer) error {
	sound, name := c.proof(300, 500), c.signer.Name()
	altered := strings.Replace(c.head(500), "\n500\n", "\n501\n", 1)
	return c.refused([]refusal{
		{"an unknown signature", request(300, sound, checkpoint(other, name, 500, c.root(500))), 403},
		{"a false signature", request(300, sound, altered), 403},
		{"an unknown log", request(300, sound, checkpoint(c.signer, name+"/other", 500, c.root(500))), 404},
	}...)
}

func spell(c *client, _ note.Signer) error {
	sound, head := c.proof(300, 500), c.head(500)
	whole := request(300, sound, head)
	err := c.refused([]refusal{
		{"nothing", "", 400},
		{"an old size in two spellings", strings.Replace(whole, "old 300", "old 0300", 1), 400},
		{"a proof that is no base64", request(300, append([]string{"?"}, sound...), head), 400},
		{"a proof of 64 lines", request(300, strings.Fields(strings.Repeat(sound[0]+" ", 64)), head), 400},
		{"a checkpoint without a note", request(300, sound, "nothing\n"), 400},
		{"no blank line", strings.Replace(whole, "\n\n", "\n", 1), 400},
	}...)
	if err != nil {
		return err
	}
	return c.cosigned("after all that, from 300 to 500", whole, head)
}

// zeros makes the stranger's key the same in each run.
type zeros struct{}

func (zeros) Read(out []byte) (int, error) {
	for at := range out {
		out[at] = 0
	}
	return len(out), nil
}
