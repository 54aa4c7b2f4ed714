// Package encryptedzip writes and reads zip files whose entries are encrypted with AES-256 as WinZip's AE-2 has it,
// which 7-Zip, WinZip, WinRAR, Keka and libarchive open: a person who knows the passphrase needs no program of ours.
// Entries are stored as they are, for what is worth compressing has been compressed, and what is read back from
// anywhere within an entry needs no more than its own stretch.
//
// Names and sizes of entries are not encrypted, and must not say anything that is secret.
package encryptedzip

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha1" // #nosec G505 -- what AE-2 prescribes
	"encoding/binary"
	"fmt"

	"cpd-jobs/internal/run"
)

// What AE-2 prescribes.
const (
	method       = 99 // in place of the real one, which stands in the extra field
	extraID      = 0x9901
	vendorAE2    = 2
	strength256  = 3
	keySize      = 32
	saltSize     = 16
	verifierSize = 2
	codeSize     = 10 // of the HMAC's 20 bytes
	rounds       = 1000

	flagEncrypted  = 0x1
	flagDescriptor = 0x8 // sizes follow the data
	flagUTF8       = 0x800
	versionNeeded  = 51
)

// overhead is how much longer an encrypted entry is.
const overhead = saltSize + verifierSize + codeSize

// MinPassphrase is how short a passphrase may be. AE-2 makes guessing only a thousand times as slow, so that it is the
// passphrase that must be hard to guess.
const MinPassphrase = 20

// NewPassphrase makes one of 130 random bits.
func NewPassphrase() string { return rand.Text() }

// CheckPassphrase refuses what is short, or what programs might encode in different ways. The error does not quote it.
func CheckPassphrase(passphrase string) error {
	if len(passphrase) < MinPassphrase {
		return run.Invalid("make one with cpd-jobs exports passphrase", "it has fewer than %d characters", MinPassphrase)
	}
	for _, c := range []byte(passphrase) {
		if c < ' ' || c > '~' {
			return run.Invalid("make one with cpd-jobs exports passphrase", "it has characters other than those of a plain keyboard")
		}
	}
	return nil
}

// keys are what a passphrase and an entry's salt make together.
type keys struct {
	cipher, mac, verifier []byte
}

func deriveKeys(passphrase string, salt []byte) (keys, error) {
	all, err := pbkdf2.Key(sha1.New, passphrase, salt, rounds, 2*keySize+verifierSize)
	if err != nil {
		return keys{}, fmt.Errorf("derive a key: %w", err)
	}
	return keys{cipher: all[:keySize], mac: all[keySize : 2*keySize], verifier: all[2*keySize:]}, nil
}

// extra is the field of an entry that says how it is encrypted.
func extra() []byte {
	b := binary.LittleEndian.AppendUint16(nil, extraID)
	b = binary.LittleEndian.AppendUint16(b, 7)
	b = binary.LittleEndian.AppendUint16(b, vendorAE2)
	b = append(b, 'A', 'E', strength256)
	return binary.LittleEndian.AppendUint16(b, 0) // stored
}
