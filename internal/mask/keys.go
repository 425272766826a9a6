package mask

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/sealift/sealift/internal/redshift"
	"github.com/sealift/sealift/internal/secret"
)

// MasterKeyBytes is how long a master key is.
const MasterKeyBytes = 32

// Keys are what masks of one environment and epoch are keyed by. They are derived; a master key never reaches a
// warehouse.
type Keys struct {
	// K1 and K2 are 64 hex digits each: one block of SHA-256. They are what the session's key table holds.
	K1, K2 secret.Value
	// ff1 keys AES-256, which only the Go twins can compute. It is not needed in the warehouse, so it does not go there.
	ff1 secret.Value
}

// Derive makes the keys of an environment and an epoch. Another environment, or another epoch, has keys that have nothing
// to do with these: what was masked under them cannot be joined.
func Derive(master secret.Value, environment, epoch string) (Keys, error) {
	if n := len(master.Reveal()); n != MasterKeyBytes {
		return Keys{}, fmt.Errorf("derive keys for masks: the master key has %d bytes, not %d", n, MasterKeyBytes)
	}
	for _, part := range []struct{ what, text string }{{"environment", environment}, {"epoch", epoch}} {
		if part.text == "" {
			return Keys{}, fmt.Errorf("derive keys for masks: the %s is empty; name one, so that keys are its own", part.what)
		}
		// The label ends each part by a slash: with one inside, two environments could share keys.
		if strings.ContainsAny(part.text, "/\x00") {
			return Keys{}, fmt.Errorf("derive keys for masks: the %s %q holds a slash or a NUL", part.what, part.text)
		}
	}
	derive := func(which string) []byte {
		mac := hmac.New(sha256.New, []byte(master.Reveal()))
		mac.Write([]byte("sealift/mask/v1/" + which + "/" + environment + "/" + epoch))
		return mac.Sum(nil)
	}
	return Keys{
		K1:  secret.New(hex.EncodeToString(derive("1"))),
		K2:  secret.New(hex.EncodeToString(derive("2"))),
		ff1: secret.New(string(derive("ff1"))),
	}, nil
}

func (k Keys) check() error {
	if len(k.K1.Reveal()) != sha256.BlockSize || len(k.K2.Reveal()) != sha256.BlockSize {
		return errors.New("mask: the keys are not derived ones")
	}
	return nil
}

// ID tells keys apart, and tells nothing of them.
func (k Keys) ID() string {
	sum := sha256.Sum256([]byte("sealift/mask/id/" + k.K1.Reveal() + k.K2.Reveal()))
	return hex.EncodeToString(sum[:8])
}

// Conceal is a text that is the same for the same text, and tells nothing of it to who has not the keys.
func (k Keys) Conceal(text string) string {
	mac := hmac.New(sha256.New, []byte(k.K1.Reveal()+k.K2.Reveal()))
	mac.Write([]byte("sealift/mask/conceal/" + text))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// ForProbe are keys that everybody may know: a probe runs under them over rows that are made up.
func ForProbe() Keys {
	keys, err := Derive(secret.New("sealift probe: these are no keys"), "probe", "1")
	if err != nil {
		panic("mask: " + err.Error()) // constants
	}
	return keys
}

// FillForProbe puts the keys of a probe into the key table. Statements are kept by the warehouse: that of real keys is never one.
func FillForProbe() redshift.SQL {
	keys := ForProbe()
	return redshift.Build("INSERT INTO ? VALUES (?, ?)", mustIdent(KeyTable), redshift.Lit(keys.K1.Reveal()), redshift.Lit(keys.K2.Reveal()))
}
