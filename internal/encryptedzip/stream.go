package encryptedzip

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
)

// stream is AES in counter mode as AE-2 has it: the counter begins at 1 and its first byte is the lowest, where
// everybody else's has the last.
type stream struct{ block cipher.Block }

func newStream(key []byte) (stream, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return stream{}, fmt.Errorf("make a cipher: %w", err)
	}
	return stream{block: block}, nil
}

// xor encrypts or decrypts in place what stands at a place of the entry.
func (s stream) xor(p []byte, at int64) {
	var counter, pad [aes.BlockSize]byte
	for len(p) > 0 {
		block, within := at/aes.BlockSize, at%aes.BlockSize
		binary.LittleEndian.PutUint64(counter[:], uint64(block)+1)
		s.block.Encrypt(pad[:], counter[:])
		n := subtle.XORBytes(p, p, pad[within:])
		p, at = p[n:], at+int64(n)
	}
}
