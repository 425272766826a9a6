package catalog

import (
	"crypto/sha256"
	"fmt"
)

// Key changes whenever what Install installs changes, so that a database it was run on can be kept as a template.
func Key() string {
	h := sha256.New()
	for _, name := range order {
		text, err := files.ReadFile(name)
		if err != nil {
			panic("catalog: " + err.Error()) // embedded
		}
		fmt.Fprintf(h, "%s %d\n%s", name, len(text), text)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
}
